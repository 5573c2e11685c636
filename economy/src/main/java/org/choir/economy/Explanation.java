package org.choir.economy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import org.choir.core.Json;

/**
 * How an amount came about: the formula in words and the inputs it was given, in their order. It is
 * stored with the transfer, so that a receipt explains the amount for ever.
 *
 * @param formula one line for people, empty if there is nothing to explain
 * @param inputs values as they were, as text
 */
public record Explanation(String formula, Map<String, String> inputs) {
  /** Nothing to explain. */
  public static final Explanation NONE = new Explanation("", Map.of());

  private static final int CHARS_MAX = 4_000;

  public Explanation {
    inputs = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    int chars = formula.length();
    for (Map.Entry<String, String> input : inputs.entrySet()) {
      chars += input.getKey().length() + input.getValue().length();
    }
    if (chars > CHARS_MAX) {
      throw new IllegalArgumentException("an explanation of " + chars + " characters");
    }
  }

  /** A formula with its inputs: a name and a value in turn. */
  public static Explanation of(String formula, Object... namesAndValues) {
    if (namesAndValues.length % 2 != 0) {
      throw new IllegalArgumentException("a name without a value");
    }
    Map<String, String> inputs = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      inputs.put(namesAndValues[i].toString(), namesAndValues[i + 1].toString());
    }
    return new Explanation(formula, inputs);
  }

  /** {@code {"formula","inputs":{...}}}; an empty object if there is nothing to explain. */
  public ObjectNode json() {
    ObjectNode json = Json.object();
    if (formula.isEmpty() && inputs.isEmpty()) {
      return json;
    }
    json.put("formula", formula);
    ObjectNode values = json.putObject("inputs");
    inputs.forEach(values::put);
    return json;
  }

  /** Reads what {@link #json} wrote. */
  public static Explanation parse(ObjectNode json) {
    Map<String, String> inputs = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> input : json.path("inputs").properties()) {
      inputs.put(input.getKey(), input.getValue().asText());
    }
    return new Explanation(json.path("formula").asText(""), inputs);
  }
}
