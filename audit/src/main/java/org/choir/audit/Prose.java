package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.audit.ProseTemplate.Value;
import org.choir.core.CanonicalJson;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;

/**
 * One event as one sentence: a pure function of the event, its personal fields as far as they are
 * known, the language and the zone. The event names the renderer it was written for; every version
 * that ever wrote stays here with its words, so that an old event reads as it did.
 *
 * <p>Where a zone has changed its rules, two JDKs may know them differently; in UTC they never do.
 */
public final class Prose {
  /** The renderer that new events name. */
  public static final String RENDERER = "1";

  private static final List<String> SHIPPED = List.of("1");
  private static final int TEXT_MAX = 200;
  private static final int NAME_MAX = 80;
  private static final int LIST_MAX = 5;
  private static final int DIGEST_SHOWN = 12;

  /** What is known of an event's personal fields. */
  public sealed interface Personal {
    /** There are none. */
    record None() implements Personal {}

    /** They are here. */
    record Known(ObjectNode fields) implements Personal {}

    /** They have been erased. */
    record Erased() implements Personal {}

    /** They were not given to this reader. */
    record Withheld() implements Personal {}
  }

  /** How a reader wants it. */
  public record Reader(String locale, ZoneId zone) {
    /** English, UTC. */
    public static final Reader DEFAULT =
        new Reader(ProseLanguage.SHIPPED.getFirst(), ZoneId.of("UTC"));
  }

  private Prose() {}

  /**
   * The event in one sentence on one line.
   *
   * @throws org.choir.core.ChoirException {@code unknown_locale}
   */
  public static String sentence(Leaf leaf, Personal personal, Reader reader) {
    boolean known = SHIPPED.contains(leaf.renderer());
    ProseLanguage words = ProseLanguage.of(known ? leaf.renderer() : RENDERER, reader.locale());
    if (!known) {
      return words.template("renderer").render(f -> general(leaf, words, f));
    }
    Optional<EventKind> kind = Kinds.shipped().find(leaf.kind(), leaf.version());
    String template = leaf.kind() + "@" + leaf.version();
    if (kind.isEmpty() || !words.has(template)) {
      return words.template("unknown").render(f -> general(leaf, words, f));
    }
    return words
        .template(template)
        .render(field -> value(leaf, kind.get(), personal, words, reader.zone(), field));
  }

  /**
   * The line of an event in a listing: its number, its time, its sentence.
   *
   * @throws org.choir.core.ChoirException {@code unknown_locale}
   */
  public static String line(Leaf leaf, Personal personal, Reader reader) {
    return "#"
        + leaf.seq()
        + " "
        + ProseLanguage.dateTime(leaf.time(), reader.zone())
        + "  "
        + sentence(leaf, personal, reader);
  }

  private static @Nullable Value general(Leaf leaf, ProseLanguage words, String field) {
    return switch (field) {
      case "kind" -> Value.of(words.name(leaf.kind(), NAME_MAX));
      case "version" -> Value.of(Integer.toString(leaf.version()));
      case "renderer" -> Value.of(words.name(leaf.renderer(), NAME_MAX));
      default -> null;
    };
  }

  /** A field of an event as sentences show it. */
  static @Nullable Value value(
      Leaf leaf,
      EventKind kind,
      Personal personal,
      ProseLanguage words,
      ZoneId zone,
      String fieldName) {
    if (fieldName.equals("actor")) {
      return new Value(person(leaf.actor(), words), leaf.actor());
    }
    EventField field = kind.fields().get(fieldName);
    if (field == null) {
      return null;
    }
    JsonNode value;
    if (field.personal()) {
      switch (personal) {
        case Personal.Known known -> value = known.fields().get(fieldName);
        case Personal.Erased erased -> {
          return missing(field, words, "erased");
        }
        case Personal.Withheld withheld -> {
          return missing(field, words, "withheld");
        }
        case Personal.None none -> value = null;
      }
    } else {
      value = kind.value(leaf, fieldName);
    }
    return value == null ? null : new Value(shown(field, value, words, zone), value.asText());
  }

  private static @Nullable Value missing(EventField field, ProseLanguage words, String how) {
    return field.optional() ? null : new Value(words.word(how), "");
  }

  private static String shown(EventField field, JsonNode value, ProseLanguage words, ZoneId zone) {
    if (field.personal() && value.has("sha256")) {
      return value.path("sha256").asText().substring(0, DIGEST_SHOWN); // too large to be kept
    }
    return switch (field.type()) {
      case ID -> id(value.asText(), words);
      case NAME -> value.asText().isEmpty() ? "" : words.name(value.asText(), NAME_MAX);
      case TEXT -> value.asText().isEmpty() ? "" : words.quoted(value.asText(), TEXT_MAX);
      case COUNT -> words.number(value.asLong());
      case FLAG -> words.word(value.asBoolean() ? "yes" : "no");
      case DIGEST -> value.asText().substring(0, DIGEST_SHOWN);
      case MONEY -> money(value, words);
      case TIME -> ProseLanguage.dateTime(Instant.parse(value.asText()), zone);
      case LIST -> list(value, words);
      case JSON -> words.quoted(CanonicalJson.text(value), TEXT_MAX);
    };
  }

  private static String id(String text, ProseLanguage words) {
    return text.startsWith("user:")
        ? words.name(text.substring("user:".length()), NAME_MAX)
        : words.name(text, TEXT_MAX);
  }

  static String money(JsonNode value, ProseLanguage words) {
    String currency = value.path("currency").asText();
    int decimals = 0;
    for (Currency known : Currency.values()) {
      decimals = known.name().equals(currency) ? known.decimals() : decimals;
    }
    return words.money(value.path("minorUnits").asLong(), decimals, words.name(currency, NAME_MAX));
  }

  private static String list(JsonNode value, ProseLanguage words) {
    List<String> all = new ArrayList<>();
    for (JsonNode each : value) {
      if (all.size() == LIST_MAX) {
        String more = words.number((long) value.size() - LIST_MAX);
        all.add(words.template("word more").render(f -> Value.of(more)));
        break;
      }
      all.add(words.quoted(each.asText(), NAME_MAX));
    }
    return words.list(all);
  }

  /** Who did it, in words. */
  static String person(String actor, ProseLanguage words) {
    if (actor.startsWith("user:")) {
      return words.name(actor.substring("user:".length()), NAME_MAX);
    }
    if (!actor.matches("r[a-z0-9]{6,24}(-[1-9][0-9]{0,3})?")) {
      return words.name(actor, NAME_MAX);
    }
    if (actor.equals("rbyhand") || actor.equals("rperson")) {
      return words.word("by_hand"); // stands for a person at the command line
    }
    if (actor.equals(AuditChain.SERVER.value())) {
      return words.word("server");
    }
    int dash = actor.indexOf('-');
    Map<String, String> values =
        dash < 0
            ? Map.of("id", actor)
            : Map.of("n", actor.substring(dash + 1), "run", actor.substring(0, dash));
    return words
        .template(dash < 0 ? "word lead" : "word subagent")
        .render(f -> Value.of(values.getOrDefault(f, "?")));
  }

  /** As a program reads it: the leaf, the sentence, and the personal fields as far as known. */
  public static ObjectNode json(Leaf leaf, Personal personal, Reader reader) {
    ObjectNode out = Json.object().put("index", leaf.seq());
    out.put("sentence", sentence(leaf, personal, reader));
    out.set("event", leaf.json());
    switch (personal) {
      case Personal.Known known -> out.set("personal", known.fields());
      case Personal.Erased erased -> out.put("personal", "erased");
      case Personal.Withheld withheld -> out.put("personal", "withheld");
      case Personal.None none -> {}
    }
    return out;
  }
}
