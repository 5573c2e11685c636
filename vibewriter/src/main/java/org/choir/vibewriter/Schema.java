package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.Json;

/** Builds the JSON Schemas of this room's tools: one object, no other properties. */
final class Schema {
  private final ObjectNode schema = Json.object().put("type", "object");
  private final ObjectNode properties = schema.putObject("properties");

  Schema() {
    schema.putArray("required");
    schema.put("additionalProperties", false);
  }

  /** A text that must be given. */
  Schema text(String name, String description) {
    properties
        .putObject(name)
        .put("type", "string")
        .put("minLength", 1)
        .put("description", description);
    schema.withArray("required").add(name);
    return this;
  }

  /** A text that may be left out. */
  Schema optionalText(String name, String description) {
    properties.putObject(name).put("type", "string").put("description", description);
    return this;
  }

  /** A whole number that may be left out. */
  Schema optionalInteger(String name, int least, int most, String description) {
    properties
        .putObject(name)
        .put("type", "integer")
        .put("minimum", least)
        .put("maximum", most)
        .put("description", description);
    return this;
  }

  /** A list of texts that may be left out. */
  Schema optionalTexts(String name, int most, String description) {
    properties
        .putObject(name)
        .put("type", "array")
        .put("maxItems", most)
        .put("description", description)
        .putObject("items")
        .put("type", "string");
    return this;
  }

  ObjectNode build() {
    return schema;
  }
}
