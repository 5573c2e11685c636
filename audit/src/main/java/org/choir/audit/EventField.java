package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.choir.core.CanonicalJson;

/**
 * One field of a kind of event.
 *
 * @param personal kept in the erasable store; the leaf only commits to it
 * @param optional may be missing
 */
public record EventField(String name, Type type, boolean personal, boolean optional) {
  /** Code points of a text that stands in the leaf itself. */
  static final int TEXT_MAX = 2_000;

  private static final int LIST_MAX = 200;
  private static final int JSON_BYTES_MAX = 16 << 10;
  private static final long LARGEST = (1L << 53) - 1;
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._:/@+=#-]{1,200}");
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  /** What a value is; the registry writes the name in lower case. */
  public enum Type {
    /** A word of the program: letters, digits and {@code ._:/@+=#-}, at most 200. */
    ID,
    /** A name that may come from outside: any text, shown bare where it looks like an id. */
    NAME,
    /** Words from outside, always shown in quotes. */
    TEXT,
    /** An integer from 0. */
    COUNT,
    FLAG,
    /** A SHA-256 in lower-case hexadecimal. */
    DIGEST,
    /** {@code {"minorUnits":..,"currency":".."}}. */
    MONEY,
    /** An instant, RFC 3339 in UTC. */
    TIME,
    /** Texts. */
    LIST,
    /** Any value with a canonical form. */
    JSON
  }

  /** Whether this text is one that {@link Type#ID} allows. */
  static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  /**
   * Reads a field as the registry writes it: {@code name}, then {@code ?} if it is optional, then
   * {@code *} if it is personal.
   */
  static EventField parse(String written, String type) {
    boolean personal = written.endsWith("*");
    String rest = personal ? written.substring(0, written.length() - 1) : written;
    boolean optional = rest.endsWith("?");
    return new EventField(
        optional ? rest.substring(0, rest.length() - 1) : rest,
        Type.valueOf(type.toUpperCase(Locale.ROOT)),
        personal,
        optional);
  }

  /** What is wrong with a value; empty if nothing. */
  Optional<String> problem(JsonNode value) {
    try {
      int bytes = CanonicalJson.bytes(value).length;
      return fits(value, bytes)
          ? Optional.empty()
          : Optional.of("the field '" + name + "' is no " + type.name().toLowerCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      return Optional.of("the field '" + name + "': " + e.getMessage());
    }
  }

  private boolean fits(JsonNode value, int bytes) {
    return switch (type) {
      case ID -> value.isTextual() && isId(value.textValue());
      case NAME, TEXT -> value.isTextual() && (personal || points(value) <= TEXT_MAX);
      case COUNT -> whole(value) && value.longValue() >= 0;
      case FLAG -> value.isBoolean();
      case DIGEST -> value.isTextual() && DIGEST.matcher(value.textValue()).matches();
      case MONEY ->
          value.isObject()
              && value.size() == 2
              && whole(value.path("minorUnits"))
              && value.path("currency").asText().matches("[A-Z]{3,8}");
      case TIME -> value.isTextual() && isInstant(value.textValue());
      case LIST -> value.isArray() && (personal || value.size() <= LIST_MAX) && texts(value);
      case JSON -> personal || bytes <= JSON_BYTES_MAX;
    };
  }

  private static boolean whole(JsonNode value) {
    return value.isIntegralNumber()
        && value.canConvertToLong()
        && Math.abs(value.longValue()) <= LARGEST;
  }

  private static int points(JsonNode value) {
    return value.textValue().codePointCount(0, value.textValue().length());
  }

  private boolean texts(JsonNode value) {
    for (JsonNode item : value) {
      if (!item.isTextual() || (!personal && points(item) > TEXT_MAX)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isInstant(String text) {
    try {
      return text.endsWith("Z") && Instant.parse(text).toString().equals(text);
    } catch (DateTimeParseException e) {
      return false;
    }
  }
}
