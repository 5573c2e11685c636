package org.choir.vibewriter;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Derives sub-questions from a question by its grammar alone: compound questions are taken apart,
 * comparisons are asked of each side, and background is asked for according to the kind of
 * question.
 */
final class SubQuestions {
  private static final String ASKING =
      "how|what|when|why|where|which|who|whose|whether|can|could|does|do|did|is|are|was|were|should|will|would|may|must";

  private static final Pattern PART =
      Pattern.compile(
          "(?:[,;]\\s*|\\s+)(?:and|or|but)\\s+(?:also\\s+)?(?=(?:" + ASKING + ")\\b)|;\\s*|\\?\\s+",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern ASKS =
      Pattern.compile("(?:" + ASKING + ")\\b.*", Pattern.CASE_INSENSITIVE);

  /** Between the questions of a list; "which", "when" and "where" begin clauses as well. */
  private static final Pattern LISTED =
      Pattern.compile(",\\s+(?=(?:why|how|what|who)\\b)", Pattern.CASE_INSENSITIVE);

  private static final Pattern COMPARISON =
      Pattern.compile(
          "(?:differences?|compar\\w+|relation(?:ship)?|choos\\w+|trade-?offs?)\\s+(?:(?:between|of|among)\\s+)?(.+?)\\s+(?:and|with|to|or|from|versus|vs\\.?)\\s+(.+)"
              + "|(.+?)\\s+(?:versus|vs\\.?)\\s+(.+)",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern FRAME =
      Pattern.compile(
          "^(?:please\\s+)?(?:tell me (?:about|how|what|why)|explain|describe|compare|summari[sz]e|"
              + "how (?:many|much|often|long|far)|how to|what happens (?:to|when|if|after|before|during|while)|"
              + "what kinds? of|what (?:is|are|was|were) the (?:differences?|relation(?:ship)?) between|"
              + ASKING
              + ")\\s+(?:(?:"
              + ASKING
              + ")\\s+)?(?:(?:i|you|we|one|the|a|an|there|it)\\s+)*",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern PRONOUN =
      Pattern.compile(
          "\\b(?:it|its|they|them|their|each|this|that|these|those|both|either|one)\\b",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern TRAILING_CLAUSE =
      Pattern.compile(
          "[,;]?\\s+(?:when|if|while|because|so that|in order to|and when|for which)\\s.*$",
          Pattern.CASE_INSENSITIVE);

  private SubQuestions() {}

  /**
   * The kinds of background a question may need, with the words that mark sentences which give it.
   */
  private enum Facet {
    BACKGROUND(
        "Background",
        "Background on %s: what it is and what it is for",
        "what is %s",
        "is are means refer called consist provide defin represent serve purpos allow"),
    MECHANISM(
        "How it works",
        "The working of %s, step by step",
        "how %s works",
        "when then after first next until each caus start begin perform written read stor process step by"),
    SETTINGS(
        "Settings and options",
        "Settings and options that bear on %s",
        "%s setting parameter option",
        "parameter option setting default configur valu specify set enabl disabl flag variabl command"),
    LIMITS(
        "Limits and risks",
        "Limits, risks and failures around %s",
        "%s limitation risk failure",
        "cannot not never limit restrict risk fail failur error warn loss lost unless only however caution danger avoid must"),
    USE(
        "When to use it",
        "When to use %s, and when not",
        "when to use %s",
        "useful recommend advantag should prefer suitabl appropriat usual best better need want"),
    CONSEQUENCES(
        "Consequences",
        "Consequences of %s",
        "%s consequence effect",
        "result effect caus therefor performanc cost impact slow fast increas reduc mean lead");

    final String heading;
    final String question;
    final String query;
    final String cues;

    Facet(String heading, String question, String query, String cues) {
      this.heading = heading;
      this.question = question;
      this.query = query;
      this.cues = cues;
    }

    SubQuestion about(String topic) {
      return new SubQuestion(
          heading,
          question.formatted(String.join(", ", Terms.surface(topic))),
          query.formatted(String.join(" ", Terms.surface(topic))),
          topic,
          Set.copyOf(Terms.words(cues)),
          false);
    }
  }

  /**
   * The sub-questions of a question, the asked ones first.
   *
   * @param most how many there may be, at least 1
   */
  static List<SubQuestion> of(String question, int most) {
    String whole = question.strip().replaceAll("\\s+", " ");
    List<String> parts = parts(whole);
    List<SubQuestion> found = new ArrayList<>();
    String topic = topic(parts.getFirst());
    for (String part : parts) {
      boolean needsTopic =
          !part.equals(parts.getFirst())
              && (PRONOUN.matcher(part).find() || Terms.of(part).size() < 2);
      String query = needsTopic ? part + " " + String.join(" ", Terms.surface(topic)) : part;
      found.add(
          new SubQuestion(
              capitalised(part) + "?", capitalised(part) + "?", query, query, cuesOf(part), true));
    }
    for (String side : sides(parts.getFirst())) {
      found.add(Facet.BACKGROUND.about(side).under(capitalised(side)));
    }
    for (Facet facet : facets(parts.getFirst())) {
      found.add(facet.about(topic));
    }
    return distinct(found).stream().limit(most).toList();
  }

  /** The question without its frame: what it is about. */
  static String topic(String question) {
    String bare = question.replaceAll("[?!.]+$", "").strip();
    Matcher frame = FRAME.matcher(bare);
    String rest = frame.find() ? bare.substring(frame.end()) : bare;
    String cut = TRAILING_CLAUSE.matcher(rest).replaceFirst("");
    String best = Terms.of(cut).size() >= 2 ? cut : rest;
    return Terms.of(best).isEmpty() ? bare : best.strip();
  }

  private static List<String> parts(String whole) {
    List<String> parts = new ArrayList<>();
    List<String> pieces =
        PART.splitAsStream(whole)
            .flatMap(p -> ASKS.matcher(p).matches() ? LISTED.splitAsStream(p) : Stream.of(p))
            .toList();
    for (String piece : pieces) {
      String part = piece.replaceAll("[?!.\\s]+$", "").strip();
      if (!part.isEmpty() && (parts.isEmpty() || Terms.words(part).size() >= 3)) {
        parts.add(part);
      }
    }
    return parts.isEmpty() ? List.of(whole) : parts;
  }

  private static List<String> sides(String part) {
    Matcher matcher = COMPARISON.matcher(part);
    if (!matcher.find()) {
      return List.of();
    }
    String first = matcher.group(1) != null ? matcher.group(1) : topic(matcher.group(3));
    String second = matcher.group(2) != null ? matcher.group(2) : matcher.group(4);
    String right =
        TRAILING_CLAUSE.matcher(second.replaceAll("[?!.,]+$", "")).replaceFirst("").strip();
    List<String> left = Terms.surface(first);
    List<String> tail = Terms.surface(right);
    // "between streaming and logical replication": the shared noun belongs to both sides.
    boolean sharesNoun = left.size() == 1 && tail.size() >= 2;
    return List.of(sharesNoun ? first.strip() + " " + tail.getLast() : first.strip(), right);
  }

  private static List<Facet> facets(String part) {
    String lower = part.toLowerCase(Locale.ROOT);
    if (lower.startsWith("why")) {
      return List.of(
          Facet.BACKGROUND,
          Facet.CONSEQUENCES,
          Facet.MECHANISM,
          Facet.LIMITS,
          Facet.SETTINGS,
          Facet.USE);
    }
    if (lower.matches("what (?:is|are|was|were)\\b.*") || lower.startsWith("who")) {
      return List.of(Facet.MECHANISM, Facet.USE, Facet.LIMITS, Facet.SETTINGS, Facet.CONSEQUENCES);
    }
    if (lower.matches("(?:how (?:do|can|should|to|could) |can |could ).*")) {
      return List.of(
          Facet.SETTINGS,
          Facet.LIMITS,
          Facet.BACKGROUND,
          Facet.MECHANISM,
          Facet.USE,
          Facet.CONSEQUENCES);
    }
    return List.of(
        Facet.BACKGROUND,
        Facet.SETTINGS,
        Facet.LIMITS,
        Facet.MECHANISM,
        Facet.USE,
        Facet.CONSEQUENCES);
  }

  private static Set<String> cuesOf(String part) {
    String lower = part.toLowerCase(Locale.ROOT);
    if (lower.startsWith("why")) {
      return Set.of(
          "becaus",
          "since",
          "therefor",
          "reason",
          "ensur",
          "avoid",
          "prevent",
          "so",
          "order",
          "caus");
    }
    if (lower.startsWith("how many")
        || lower.startsWith("how much")
        || lower.startsWith("how long")) {
      return Set.of("default", "limit", "maximum", "minimum", "number", "up", "most", "least");
    }
    if (lower.startsWith("how")) {
      return Set.of(
          "by", "using", "when", "then", "after", "first", "until", "if", "command", "set", "each",
          "start");
    }
    if (lower.startsWith("when")) {
      return Set.of("when", "if", "after", "before", "until", "once", "whenever", "every");
    }
    return Set.of("is", "are", "mean", "call", "includ", "consist", "provid", "follow");
  }

  private static List<SubQuestion> distinct(List<SubQuestion> all) {
    Set<String> seen = new LinkedHashSet<>();
    return all.stream().filter(s -> seen.add(s.heading().toLowerCase(Locale.ROOT))).toList();
  }

  private static String capitalised(String text) {
    int first = text.codePointAt(0);
    return new StringBuilder()
        .appendCodePoint(Character.toUpperCase(first))
        .append(text.substring(Character.charCount(first)))
        .toString();
  }
}
