package org.choir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.knowledge.ClaimVerdict;
import org.choir.knowledge.Sentences;

/** One line of an evaluation file: {@code {"id","claim","evidence":[sentence,...],"label"?}}. */
record EntailmentFile(
    JsonNode id, String claim, List<String> evidence, Optional<ClaimVerdict> label) {

  /** Labels as they are spelled in public collections, without signs and in lower case. */
  private static final Map<String, ClaimVerdict> LABELS =
      Map.ofEntries(
          Map.entry("supported", ClaimVerdict.SUPPORTED),
          Map.entry("supports", ClaimVerdict.SUPPORTED),
          Map.entry("support", ClaimVerdict.SUPPORTED),
          Map.entry("entailment", ClaimVerdict.SUPPORTED),
          Map.entry("entailed", ClaimVerdict.SUPPORTED),
          Map.entry("attributable", ClaimVerdict.SUPPORTED),
          Map.entry("true", ClaimVerdict.SUPPORTED),
          Map.entry("yes", ClaimVerdict.SUPPORTED),
          Map.entry("1", ClaimVerdict.SUPPORTED),
          Map.entry("partial", ClaimVerdict.PARTIAL),
          Map.entry("partiallysupported", ClaimVerdict.PARTIAL),
          Map.entry("partiallysupports", ClaimVerdict.PARTIAL),
          Map.entry("contradicted", ClaimVerdict.CONTRADICTED),
          Map.entry("contradiction", ClaimVerdict.CONTRADICTED),
          Map.entry("contradictory", ClaimVerdict.CONTRADICTED),
          Map.entry("contradict", ClaimVerdict.CONTRADICTED),
          Map.entry("contradicts", ClaimVerdict.CONTRADICTED),
          Map.entry("refuted", ClaimVerdict.CONTRADICTED),
          Map.entry("refutes", ClaimVerdict.CONTRADICTED),
          Map.entry("refute", ClaimVerdict.CONTRADICTED),
          Map.entry("false", ClaimVerdict.CONTRADICTED),
          Map.entry("unsupported", ClaimVerdict.UNSUPPORTED),
          Map.entry("notsupported", ClaimVerdict.UNSUPPORTED),
          Map.entry("notenoughinfo", ClaimVerdict.UNSUPPORTED),
          Map.entry("notenoughinformation", ClaimVerdict.UNSUPPORTED),
          Map.entry("noinfo", ClaimVerdict.UNSUPPORTED),
          Map.entry("nei", ClaimVerdict.UNSUPPORTED),
          Map.entry("neutral", ClaimVerdict.UNSUPPORTED),
          Map.entry("notentailment", ClaimVerdict.UNSUPPORTED),
          Map.entry("notattributable", ClaimVerdict.UNSUPPORTED),
          Map.entry("no", ClaimVerdict.UNSUPPORTED),
          Map.entry("0", ClaimVerdict.UNSUPPORTED));

  /**
   * Reads a line.
   *
   * @throws ChoirException {@code bad_json} or {@code bad_example}, naming the line
   */
  static EntailmentFile read(String line, int number) {
    ObjectNode json;
    try {
      json = Json.parseObject(line);
    } catch (ChoirException e) {
      throw ChoirException.usage(
          "bad_json",
          "line " + number + ": " + e.failure().message(),
          "each line is one JSON object with \"id\", \"claim\" and \"evidence\"");
    }
    if (!json.path("claim").isTextual()) {
      throw ChoirException.usage(
          "bad_example", "line " + number + " has no claim", "give it a \"claim\", a string");
    }
    List<String> evidence = new ArrayList<>();
    JsonNode given = json.path("evidence");
    if (given.isTextual()) {
      Sentences.of(given.asText()).forEach(s -> evidence.add(s.text()));
    }
    // An element that is no string keeps its place, so that sentences stay numbered as given.
    given.elements().forEachRemaining(s -> evidence.add(s.isTextual() ? s.asText() : ""));
    JsonNode label = json.path("label");
    JsonNode id = json.has("id") ? json.get("id") : Json.object().numberNode(number);
    return new EntailmentFile(id, json.path("claim").asText(), evidence, label(label, number));
  }

  private static Optional<ClaimVerdict> label(JsonNode label, int number) {
    if (label.isMissingNode() || label.isNull()) {
      return Optional.empty();
    }
    String word = label.asText().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    ClaimVerdict verdict = LABELS.get(word);
    if (verdict == null) {
      throw ChoirException.usage(
          "bad_label",
          "line " + number + " has the label '" + Text.visible(label.asText(), 60) + "'",
          "use supported, partial, contradicted or unsupported");
    }
    return Optional.of(verdict);
  }
}
