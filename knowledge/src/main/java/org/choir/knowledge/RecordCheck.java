package org.choir.knowledge;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.choir.core.Digest;
import org.choir.core.Text;

/**
 * Checks a verification record against the report it is about and the stored texts of its sources,
 * trusting neither: digests, places, quotes, marks, counts, and that no sentence of the report
 * stands outside a checked claim.
 */
public final class RecordCheck {
  private static final Set<String> OWN =
      Set.of(ReportAssembler.SOURCES, ReportAssembler.UNANSWERED, ReportAssembler.ABOUT);

  /** What the host writes between claims: numbers of sources and the mark of partial support. */
  private static final Pattern OWN_WORDS =
      Pattern.compile("(?:partly supported|From the source:|\\[\\d+]|[^\\p{L}\\p{N}])*");

  private final String report;
  private final CodePoints points;
  private final JsonNode record;
  private final Function<Digest, Optional<String>> texts;
  private final List<Problem> problems = new ArrayList<>();

  /**
   * Something that does not fit.
   *
   * @param code {@code report_changed}, {@code bad_span}, {@code bad_quote}, {@code
   *     unknown_source}, {@code source_missing}, {@code bad_verdict}, {@code unmarked_partial},
   *     {@code uncovered_sentence} or {@code bad_summary}
   */
  public record Problem(String code, String message) {}

  private RecordCheck(
      String report, VerificationRecord record, Function<Digest, Optional<String>> texts) {
    this.report = report;
    this.points = new CodePoints(report);
    this.record = record.json();
    this.texts = texts;
  }

  /**
   * What does not fit; empty if all does.
   *
   * @param texts the stored extracted text of a source
   */
  public static List<Problem> check(
      String report, VerificationRecord record, Function<Digest, Optional<String>> texts) {
    RecordCheck check = new RecordCheck(report, record, texts);
    check.report();
    check.claims();
    check.dropped();
    check.summary();
    return List.copyOf(check.problems);
  }

  private void report() {
    String actual = Digest.of(report).hex();
    if (!record.path("report").path("sha256").asText().equals(actual)) {
      problem("report_changed", "the report has the SHA-256 " + actual + ", the record another");
    }
  }

  private void claims() {
    Map<String, Digest> sources = new HashMap<>();
    for (JsonNode source : record.path("sources")) {
      String hex = source.path("sha256").asText();
      if (hex.matches("[0-9a-f]{64}")) {
        sources.put(source.path("id").asText(), new Digest(hex));
      }
    }
    boolean[] covered = new boolean[points.length() + 1];
    for (JsonNode claim : record.path("claims")) {
      String id = claim.path("id").asText();
      int start = claim.path("span").path(0).asInt(-1);
      int end = claim.path("span").path(1).asInt(-1);
      if (start < 0 || end <= start || end > points.length()) {
        problem("bad_span", "claim " + id + " stands outside the report");
        continue;
      }
      if (!points.slice(start, end).equals(claim.path("text").asText())) {
        problem("bad_span", "claim " + id + " is not what stands at its place");
      }
      for (int i = start; i < end; i++) {
        covered[i] = true;
      }
      verdict(claim, id, end);
      for (JsonNode evidence : claim.path("evidence")) {
        evidence(id, evidence, sources);
      }
    }
    uncovered(covered);
  }

  private void verdict(JsonNode claim, String id, int end) {
    String verdict = claim.path("verdict").asText();
    boolean known = verdict.equals("supported") || verdict.equals("partial");
    if (!known || claim.path("evidence").isEmpty()) {
      problem(
          "bad_verdict",
          "claim "
              + id
              + " stands as "
              + Text.visible(verdict, 40)
              + " with "
              + claim.path("evidence").size()
              + " quotes");
    }
    String rest = points.slice(end, Math.min(points.length(), end + 40));
    if (verdict.equals("partial")
        && !rest.stripLeading().startsWith(ReportAssembler.PARTLY)
        && !rest.contains("From the source")) {
      problem("unmarked_partial", "claim " + id + " is supported in part and not marked as such");
    }
  }

  private void evidence(String id, JsonNode evidence, Map<String, Digest> sources) {
    Digest source = sources.get(evidence.path("source").asText());
    if (source == null) {
      problem("unknown_source", "claim " + id + " names a source that the record does not list");
      return;
    }
    Optional<String> text = texts.apply(source);
    if (text.isEmpty()) {
      problem("source_missing", "the stored text of source " + source.prefix(12) + " is missing");
      return;
    }
    CodePoints stored = new CodePoints(text.get());
    int start = evidence.path("span").path(0).asInt(-1);
    int end = evidence.path("span").path(1).asInt(-1);
    boolean inside = start >= 0 && end > start && end <= stored.length();
    if (!inside || !stored.slice(start, end).equals(evidence.path("quote").asText())) {
      problem("bad_quote", "a quote of claim " + id + " does not stand in its source");
    }
  }

  /** No sentence of the body may stand outside a claim, but questions and announcements. */
  private void uncovered(boolean[] covered) {
    int[] all = report.codePoints().toArray();
    for (Claim claim : Draft.ofDocument(body(report)).claims()) {
      StringBuilder open = new StringBuilder();
      for (int i = claim.start(); i < Math.min(claim.end(), points.length()); i++) {
        open.appendCodePoint(covered[i] ? ' ' : all[i]);
      }
      boolean nothing = ReportAssembler.NOTHING.contains(claim.text());
      if (!nothing && !OWN_WORDS.matcher(open).matches()) {
        problem(
            "uncovered_sentence", "no verdict covers \"" + Text.visible(claim.text(), 120) + '"');
      }
    }
  }

  /** A report up to the host's sections, which are the last of their names. */
  public static String body(String report) {
    int end = report.length();
    for (String own : OWN) {
      int at = report.lastIndexOf("\n## " + own + "\n");
      end = at >= 0 ? Math.min(end, at) : end;
    }
    return report.substring(0, end);
  }

  private void dropped() {
    for (JsonNode dropped : record.path("dropped")) {
      String verdict = dropped.path("verdict").asText();
      if (verdict.equals("supported") || verdict.equals("partial")) {
        problem("bad_verdict", "a dropped claim is called " + verdict);
      }
    }
  }

  private void summary() {
    Map<String, Integer> counts = new HashMap<>();
    record.path("claims").forEach(c -> counts.merge(c.path("verdict").asText(), 1, Integer::sum));
    record.path("dropped").forEach(c -> counts.merge(c.path("verdict").asText(), 1, Integer::sum));
    counts.put("claims", record.path("claims").size());
    counts.put("dropped", record.path("dropped").size());
    counts.put("sources", record.path("sources").size());
    for (ClaimVerdict verdict : ClaimVerdict.values()) {
      counts.putIfAbsent(verdict.word(), 0);
    }
    counts.forEach(
        (name, count) -> {
          if (record.path("summary").path(name).asInt(-1) != count) {
            problem("bad_summary", "the summary miscounts " + name.toLowerCase(Locale.ROOT));
          }
        });
  }

  private void problem(String code, String message) {
    problems.add(new Problem(code, message));
  }
}
