package org.choir.knowledge;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Digest;

/**
 * What an author hands in.
 *
 * @param field its subject in the author's words; compared in lower case
 * @param text Markdown
 * @param record what was checked about exactly this text
 * @param stake in CHIP
 * @param key the same over repetitions of one act, which then publishes once; empty for none
 */
public record Submission(
    String author,
    String field,
    String text,
    Optional<VerificationRecord> record,
    int stake,
    String key) {
  /** What an article stakes unless its author says otherwise. */
  public static final int STAKE = 100;

  static final int STAKE_MIN = 10;
  static final int STAKE_MAX = 1_000;
  static final int BYTES_MAX = 2 << 20;
  private static final Pattern FIELD = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} .+&/-]{0,63}");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *#*$");
  private static final int TITLE_MAX = 200;

  /**
   * Checked.
   *
   * @throws ChoirException {@code bad_field}, {@code bad_stake}, {@code article_too_large}, {@code
   *     empty_article}, {@code record_mismatch}
   */
  public Submission {
    field = field.strip().toLowerCase(Locale.ROOT);
    if (!FIELD.matcher(field).matches()) {
      throw ChoirException.usage(
          "bad_field",
          "'" + field + "' is not the name of a field",
          "use letters, digits and blanks, at most 64, as in: distributed systems");
    }
    if (stake < STAKE_MIN || stake > STAKE_MAX) {
      throw ChoirException.usage(
          "bad_stake",
          "a stake of " + stake + " CHIP is not between " + STAKE_MIN + " and " + STAKE_MAX,
          "choose another");
    }
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > BYTES_MAX) {
      throw ChoirException.usage(
          "article_too_large",
          "the article has " + bytes + " bytes, at most " + BYTES_MAX + " are published",
          "publish it in parts");
    }
    if (VisibleText.of(text).words().isEmpty()) {
      throw ChoirException.usage(
          "empty_article", "the article has no words that a reader would see", "write some");
    }
    Digest digest = Digest.of(text);
    if (record.isPresent()
        && !record.get().json().path("report").path("sha256").asText().equals(digest.hex())) {
      throw ChoirException.usage(
          "record_mismatch",
          "the verification record belongs to another text than this article",
          "verify the text as it is now, or publish it without a record");
    }
  }

  /** An act that is not repeated by a program. */
  public Submission(
      String author, String field, String text, Optional<VerificationRecord> record, int stake) {
    this(author, field, text, record, stake, "");
  }

  /** The same as an act that may be repeated. */
  public Submission withKey(String act) {
    return new Submission(author, field, text, record, stake, act);
  }

  /** The first heading, else the first words. */
  String title() {
    Matcher heading = HEADING.matcher(text);
    String title =
        heading.find()
            ? VisibleText.of(heading.group(1)).text().strip()
            : VisibleText.of(text).text().strip().lines().findFirst().orElse("");
    return title.codePointCount(0, title.length()) <= TITLE_MAX
        ? title
        : title.substring(0, title.offsetByCodePoints(0, TITLE_MAX)) + "…";
  }

  /** What its author says: a report without what every report has around it. */
  String prose() {
    return prose(text, record);
  }

  /**
   * What is its author's own: without the claims that its record ascribes to one of these sources.
   * What is quoted with its source is no copy, and nothing new either.
   *
   * @param sources ids in the record
   */
  String ownWords(Set<String> sources) {
    if (record.isEmpty() || sources.isEmpty()) {
      return prose();
    }
    int[] points = text.codePoints().toArray();
    for (JsonNode claim : record.get().json().path("claims")) {
      boolean quoted = false;
      for (JsonNode evidence : claim.path("evidence")) {
        quoted |= sources.contains(evidence.path("source").asText());
      }
      int start = Math.clamp(claim.path("span").path(0).asLong(), 0, points.length);
      int end = Math.clamp(claim.path("span").path(1).asLong(), start, points.length);
      for (int i = start; quoted && i < end; i++) {
        points[i] = points[i] == '\n' ? '\n' : ' ';
      }
    }
    return prose(new String(points, 0, points.length), record);
  }

  static String prose(String text, Optional<VerificationRecord> record) {
    return record.isPresent() ? ReportAssembler.body(text) : text;
  }

  /** The titles of the sources in the record. */
  List<String> sources() {
    List<String> titles = new ArrayList<>();
    record.ifPresent(
        r -> r.json().path("sources").forEach(s -> titles.add(s.path("title").asText())));
    return titles;
  }
}
