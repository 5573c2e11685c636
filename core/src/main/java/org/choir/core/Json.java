package org.choir.core;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;

/**
 * JSON as every room reads and writes it: duplicate keys and trailing text are refused, depth and
 * size are bounded.
 */
public final class Json {
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS)
          .build();

  static {
    MAPPER
        .getFactory()
        .setStreamReadConstraints(
            StreamReadConstraints.builder()
                .maxNestingDepth(100)
                .maxStringLength(32 << 20)
                .maxNumberLength(100)
                .build());
  }

  private Json() {}

  /** An empty object. */
  public static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** An empty array. */
  public static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  /**
   * Reads one JSON value.
   *
   * @throws ChoirException {@code bad_json} if it is not exactly one well-formed value
   */
  public static JsonNode parse(String text) {
    try {
      JsonNode node = MAPPER.readTree(text);
      if (node == null || node.isMissingNode()) {
        throw ChoirException.usage(
            "bad_json", "there is no JSON value in an empty text", "send one JSON value");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw new ChoirException(
          new Failure(
              "bad_json",
              "not valid JSON: " + Text.visible(e.getOriginalMessage(), 200),
              "",
              ExitStatus.USAGE,
              false),
          e);
    }
  }

  /** As {@link #parse(String)}, from UTF-8 bytes. */
  public static JsonNode parse(byte[] utf8) {
    return parse(new String(utf8, StandardCharsets.UTF_8));
  }

  /** As {@link #parse(String)}, refusing anything but an object. */
  public static ObjectNode parseObject(String text) {
    if (parse(text) instanceof ObjectNode object) {
      return object;
    }
    throw ChoirException.usage("bad_json", "expected a JSON object", "");
  }

  /** One line of JSON, fields in their own order. */
  public static String write(JsonNode node) {
    try {
      return MAPPER.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a JSON tree that cannot be written", e);
    }
  }

  /** JSON to read: indented, fields in their own order. */
  public static String pretty(JsonNode node) {
    try {
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a JSON tree that cannot be written", e);
    }
  }
}
