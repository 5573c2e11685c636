package org.choir.core;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/**
 * The one byte form of a JSON value that is hashed or compared: RFC 8785 over objects, arrays,
 * strings, booleans, null and integers of at most 2^53-1. Fractions are refused, because their
 * number formatting is where implementations of the RFC differ.
 */
public final class CanonicalJson {
  private static final long LARGEST = (1L << 53) - 1;

  private CanonicalJson() {}

  /**
   * The canonical bytes, UTF-8.
   *
   * @throws IllegalArgumentException for a fraction, an integer beyond 2^53-1 or a lone surrogate
   */
  public static byte[] bytes(JsonNode value) {
    return text(value).getBytes(StandardCharsets.UTF_8);
  }

  /** The SHA-256 of the canonical bytes. */
  public static Digest digest(JsonNode value) {
    return Digest.of(bytes(value));
  }

  /** The canonical form as text. */
  public static String text(JsonNode value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private static void write(JsonNode value, StringBuilder out) {
    switch (value.getNodeType()) {
      case OBJECT -> writeObject(value, out);
      case ARRAY -> writeArray(value, out);
      case STRING -> writeString(value.textValue(), out);
      case NUMBER -> writeNumber(value, out);
      case BOOLEAN -> out.append(value.booleanValue());
      case NULL -> out.append("null");
      default ->
          throw new IllegalArgumentException("no canonical form for a " + value.getNodeType());
    }
  }

  private static void writeObject(JsonNode value, StringBuilder out) {
    List<String> names = new ArrayList<>();
    value.fieldNames().forEachRemaining(names::add);
    // RFC 8785, 3.2.3: by UTF-16 code units, which is the order of String.compareTo.
    Collections.sort(names);
    out.append('{');
    String separator = "";
    for (String name : names) {
      out.append(separator);
      writeString(name, out);
      out.append(':');
      write(value.get(name), out);
      separator = ",";
    }
    out.append('}');
  }

  private static void writeArray(JsonNode value, StringBuilder out) {
    out.append('[');
    for (Iterator<JsonNode> items = value.elements(); items.hasNext(); ) {
      write(items.next(), out);
      if (items.hasNext()) {
        out.append(',');
      }
    }
    out.append(']');
  }

  private static void writeNumber(JsonNode value, StringBuilder out) {
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || Math.abs(value.longValue()) > LARGEST) {
      throw new IllegalArgumentException(
          "only integers up to 2^53-1 have a canonical form here, not " + value);
    }
    out.append(value.longValue());
  }

  private static void writeString(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\t' -> out.append("\\t");
        case '\n' -> out.append("\\n");
        case '\f' -> out.append("\\f");
        case '\r' -> out.append("\\r");
        default -> {
          if (c < 0x20) {
            out.append("\\u00")
                .append(Character.forDigit(c >> 4, 16))
                .append(Character.forDigit(c & 15, 16));
          } else if (Character.isSurrogate(c)) {
            if (!Character.isHighSurrogate(c)
                || i + 1 == text.length()
                || !Character.isLowSurrogate(text.charAt(i + 1))) {
              throw new IllegalArgumentException("a lone surrogate has no canonical form");
            }
            out.append(c).append(text.charAt(++i));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
