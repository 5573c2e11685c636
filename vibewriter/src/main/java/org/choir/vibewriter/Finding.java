package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.Json;

/**
 * A sentence that a researcher took from a source because it answers a sub-question.
 *
 * @param key of the passage it stands in
 * @param source the title of its source
 * @param section the heading it stands under, may be empty
 * @param position of the sentence in its passage, from 0
 * @param score how well it answers, 0 to 1
 */
record Finding(String key, String source, String section, int position, String text, double score) {

  ObjectNode toJson() {
    // Thousandths: an integer reads the same on every machine, a fraction's digits may not.
    return Json.object()
        .put("key", key)
        .put("source", source)
        .put("section", section)
        .put("position", position)
        .put("text", text)
        .put("score", Math.round(score * 1000));
  }

  static Finding of(JsonNode node) {
    return new Finding(
        node.path("key").asText(),
        node.path("source").asText(),
        node.path("section").asText(),
        node.path("position").asInt(),
        node.path("text").asText(),
        node.path("score").asInt() / 1000.0);
  }
}
