package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/**
 * The words of one renderer version in one language: templates, names of months, how numbers are
 * grouped. All of it is shipped; nothing asks the platform's locale data, which changes with the
 * JDK.
 */
final class ProseLanguage {
  /** The languages that are shipped, the default first. */
  static final List<String> SHIPPED = List.of("en", "de");

  private static final Map<String, ProseLanguage> LOADED = new ConcurrentHashMap<>();

  private final JsonNode json;
  private final Map<String, ProseTemplate> templates = new HashMap<>();

  private ProseLanguage(JsonNode json) {
    this.json = json;
    json.path("kinds").properties().forEach(e -> read(e.getKey(), e.getValue()));
    json.path("words").properties().forEach(e -> read("word " + e.getKey(), e.getValue()));
    json.path("story").properties().forEach(e -> read("story " + e.getKey(), e.getValue()));
    for (String name : List.of("unknown", "renderer", "date")) {
      read(name, json.path(name));
    }
  }

  private void read(String name, JsonNode text) {
    templates.put(name, ProseTemplate.parse(text.asText()));
  }

  /**
   * The language of a renderer.
   *
   * @param renderer a shipped version
   * @throws ChoirException {@code unknown_locale}
   */
  static ProseLanguage of(String renderer, String locale) {
    if (!SHIPPED.contains(locale)) {
      throw ChoirException.usage(
          "unknown_locale",
          "there is no prose in '" + Text.visible(locale, 20) + "'",
          "choose one of: " + String.join(", ", SHIPPED));
    }
    return LOADED.computeIfAbsent(
        "prose-" + renderer + "/" + locale + ".json", p -> new ProseLanguage(Kinds.resource(p)));
  }

  /** The template with this name; the general one for what is not there. */
  ProseTemplate template(String name) {
    ProseTemplate template = templates.get(name);
    return template == null ? Objects.requireNonNull(templates.get("unknown")) : template;
  }

  boolean has(String name) {
    return templates.containsKey(name);
  }

  String word(String name) {
    return json.path("words").path(name).asText();
  }

  String open() {
    return json.path("open").asText();
  }

  String close() {
    return json.path("close").asText();
  }

  /** A text from outside, cleaned, cut and in this language's quotation marks. */
  String quoted(String untrusted, int max) {
    return open() + ProseText.clean(untrusted, max) + close();
  }

  /** A name from outside: bare where it looks like one of our words. */
  String name(String untrusted, int max) {
    return EventField.isId(untrusted) && untrusted.length() <= max
        ? untrusted
        : quoted(untrusted, max);
  }

  /** Grouped by thousands. */
  String number(long value) {
    String digits = Long.toString(Math.abs(value));
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < digits.length(); i++) {
      if (i > 0 && (digits.length() - i) % 3 == 0) {
        out.append(json.path("number").path("group").asText());
      }
      out.append(digits.charAt(i));
    }
    return (value < 0 ? "-" : "") + out;
  }

  /** An amount in its whole units: {@code 1,234.50 USD}. */
  String money(long minorUnits, int decimals, String currency) {
    String digits = Long.toString(Math.abs(minorUnits));
    String padded = "0".repeat(Math.max(0, decimals + 1 - digits.length())) + digits;
    String whole = padded.substring(0, padded.length() - decimals);
    String part = padded.substring(padded.length() - decimals).replaceAll("0+$", "");
    if (part.length() == 1) {
      part += "0";
    }
    return (minorUnits < 0 ? "-" : "")
        + number(Long.parseLong(whole))
        + (part.isEmpty() ? "" : json.path("number").path("decimal").asText() + part)
        + " "
        + currency;
  }

  /** A list in words. */
  String list(List<String> shown) {
    if (shown.size() < 2) {
      return String.join("", shown);
    }
    return String.join(json.path("separator").asText(), shown.subList(0, shown.size() - 1))
        + json.path("last").asText()
        + shown.getLast();
  }

  /** A day in words. */
  String date(LocalDate day) {
    Map<String, String> values =
        Map.of(
            "weekday", json.path("weekdays").path(day.getDayOfWeek().getValue() - 1).asText(),
            "day", Integer.toString(day.getDayOfMonth()),
            "month", json.path("months").path(day.getMonthValue() - 1).asText(),
            "year", Integer.toString(day.getYear()));
    return template("date").render(f -> ProseTemplate.Value.of(values.getOrDefault(f, "?")));
  }

  /** The time of day, {@code 06:40:17}; the same in every language. */
  static String time(Instant at, ZoneId zone) {
    ZonedDateTime local = at.atZone(zone);
    return two(local.getHour()) + ":" + two(local.getMinute()) + ":" + two(local.getSecond());
  }

  /** Day and time, {@code 2026-11-21 06:40:17}. */
  static String dateTime(Instant at, ZoneId zone) {
    return at.atZone(zone).toLocalDate() + " " + time(at, zone);
  }

  private static String two(int number) {
    return (number < 10 ? "0" : "") + number;
  }
}
