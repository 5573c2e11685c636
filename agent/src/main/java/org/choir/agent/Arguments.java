package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.core.CanonicalJson;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;

/**
 * A model's arguments, checked against the tool's JSON Schema: type, required, properties,
 * additionalProperties, items, enum, minimum, maximum, minLength, maxLength, maxItems. Integers
 * written with a zero fraction become integers; anything without a canonical form is refused,
 * because no verdict could be bound to it.
 *
 * @param object empty where there is a problem
 * @param problem what is wrong and what is expected, for the model
 */
record Arguments(ObjectNode object, Optional<String> problem) {

  static Arguments of(String text, ObjectNode schema) {
    ObjectNode object;
    try {
      object = read(text);
    } catch (ChoirException e) {
      return bad("The arguments are not one JSON object: " + e.getMessage() + ".");
    }
    List<String> problems = new ArrayList<>();
    check("arguments", object, schema, problems);
    if (problems.isEmpty()) {
      try {
        CanonicalJson.bytes(object);
        return new Arguments(object, Optional.empty());
      } catch (IllegalArgumentException e) {
        problems.add(e.getMessage());
      }
    }
    return bad(String.join("; ", problems) + ".");
  }

  /**
   * The object that a text of arguments stands for, before it is checked.
   *
   * @throws ChoirException {@code bad_json}
   */
  static ObjectNode read(String text) {
    return (ObjectNode) whole(Json.parseObject(text.isBlank() ? "{}" : text));
  }

  private static Arguments bad(String what) {
    return new Arguments(Json.object(), Optional.of(what + " Correct the call and try again."));
  }

  private static JsonNode whole(JsonNode node) {
    if (node instanceof ObjectNode object) {
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        field.setValue(whole(field.getValue()));
      }
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        ((ArrayNode) node).set(i, whole(node.get(i)));
      }
    } else if (node.isBigDecimal() && node.decimalValue().abs().compareTo(LARGEST) <= 0) {
      BigDecimal plain = node.decimalValue().stripTrailingZeros();
      return plain.scale() <= 0 ? LongNode.valueOf(plain.longValueExact()) : node;
    }
    return node;
  }

  private static final BigDecimal LARGEST = BigDecimal.valueOf((1L << 53) - 1);

  private static void check(String where, JsonNode value, JsonNode schema, List<String> problems) {
    if (!typeFits(value, schema.path("type"))) {
      problems.add(where + " must be " + describe(schema.path("type")) + ", not " + shown(value));
      return;
    }
    if (schema.has("enum") && !contains(schema.get("enum"), value)) {
      problems.add(where + " must be one of " + schema.get("enum") + ", not " + shown(value));
    }
    if (value.isNumber()) {
      if (schema.has("minimum") && decimal(value).compareTo(decimal(schema.get("minimum"))) < 0) {
        problems.add(where + " must be at least " + schema.get("minimum") + ", not " + value);
      }
      if (schema.has("maximum") && decimal(value).compareTo(decimal(schema.get("maximum"))) > 0) {
        problems.add(where + " must be at most " + schema.get("maximum") + ", not " + value);
      }
    }
    if (value.isTextual()) {
      int length = value.textValue().length();
      if (length < schema.path("minLength").asInt(0)) {
        problems.add(where + " must not be shorter than " + schema.get("minLength"));
      }
      if (length > schema.path("maxLength").asInt(Integer.MAX_VALUE)) {
        problems.add(where + " must not be longer than " + schema.get("maxLength"));
      }
    }
    if (value.isArray()) {
      if (value.size() > schema.path("maxItems").asInt(Integer.MAX_VALUE)) {
        problems.add(where + " must have at most " + schema.get("maxItems") + " items");
      }
      for (int i = 0; schema.has("items") && i < value.size(); i++) {
        check(where + "[" + i + "]", value.get(i), schema.get("items"), problems);
      }
    }
    if (value.isObject()) {
      object(where, value, schema, problems);
    }
  }

  private static void object(String where, JsonNode value, JsonNode schema, List<String> problems) {
    for (JsonNode name : schema.path("required")) {
      if (!value.has(name.asText())) {
        problems.add(where + " must have \"" + name.asText() + "\"");
      }
    }
    JsonNode properties = schema.path("properties");
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      if (properties.has(field.getKey())) {
        check(field.getKey(), field.getValue(), properties.get(field.getKey()), problems);
      } else if (schema.path("additionalProperties").isBoolean()
          && !schema.path("additionalProperties").booleanValue()) {
        problems.add(where + " must not have \"" + Text.visible(field.getKey(), 40) + "\"");
      }
    }
  }

  private static boolean typeFits(JsonNode value, JsonNode type) {
    if (type.isArray()) {
      for (JsonNode one : type) {
        if (typeFits(value, one)) {
          return true;
        }
      }
      return false;
    }
    return switch (type.asText("")) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      case "null" -> value.isNull();
      default -> true;
    };
  }

  private static String describe(JsonNode type) {
    return type.isArray() ? "one of " + type : "of type " + type.asText();
  }

  private static boolean contains(JsonNode allowed, JsonNode value) {
    for (JsonNode one : allowed) {
      if (one.equals(value)
          || (one.isNumber() && value.isNumber() && decimal(one).compareTo(decimal(value)) == 0)) {
        return true;
      }
    }
    return false;
  }

  private static BigDecimal decimal(JsonNode number) {
    return number.decimalValue();
  }

  private static String shown(JsonNode value) {
    return Text.visible(Json.write(value), 60);
  }
}
