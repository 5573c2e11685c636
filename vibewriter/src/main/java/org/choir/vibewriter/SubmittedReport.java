package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;

/** A submitted report and its verification record. */
public final class SubmittedReport {
  private static final Pattern DEFINITION = Pattern.compile("(?m)^\\[(\\d{1,5})]: <([^>\n]*)>$");

  private final String markdown;
  private final ObjectNode record;

  /**
   * A report as stored.
   *
   * @throws ChoirException {@code report_mismatch} if the record is not that of this report
   */
  public SubmittedReport(byte[] markdown, byte[] record) {
    this.markdown = new String(markdown, StandardCharsets.UTF_8);
    this.record = Json.parseObject(new String(record, StandardCharsets.UTF_8));
    if (!this.record.path("report").path("sha256").asText().equals(digest().hex())) {
      throw ChoirException.fatal(
          "report_mismatch",
          "the verification record belongs to another text than this report",
          "resume the run, which writes both anew, or take them from a backup");
    }
  }

  /** The report in Markdown. */
  public String markdown() {
    return markdown;
  }

  /** Its verification record, schema {@code choir.verification/1}. */
  public ObjectNode record() {
    return record;
  }

  /** The digest of the report's bytes. */
  public Digest digest() {
    return Digest.of(markdown);
  }

  /** The question it answers. */
  public String question() {
    return record.path("question").asText();
  }

  /** The report as one HTML file that loads nothing and runs nothing. */
  public String html() {
    return ReportPage.of(this);
  }

  /**
   * The report as a PDF file, all evidence included.
   *
   * @throws ChoirException {@code cannot_render}
   */
  public byte[] pdf() {
    return ReportPdf.of(this);
  }

  /** Its cited sources as CSL-JSON. */
  public String csl() {
    return ReportReferences.csl(this);
  }

  /** Its cited sources as RIS. */
  public String ris() {
    return ReportReferences.ris(this);
  }

  /** Its claims in the order of the text. */
  public List<ReportClaim> claims() {
    List<ReportClaim> claims = new ArrayList<>();
    for (JsonNode claim : record.path("claims")) {
      claims.add(
          new ReportClaim(
              claim.path("id").asText(),
              claim.path("text").asText(),
              chars(claim.path("span").path(0).asInt()),
              chars(claim.path("span").path(1).asInt()),
              claim.path("verdict").asText()));
    }
    return List.copyOf(claims);
  }

  /** What the numbers in the text stand for, claim by claim. */
  public List<ReportCitation> citations() {
    Map<String, Integer> numbers = new HashMap<>();
    Map<Integer, String> links = links();
    List<ReportCitation> citations = new ArrayList<>();
    for (JsonNode claim : record.path("claims")) {
      for (JsonNode evidence : claim.path("evidence")) {
        // Sources are numbered in the order of their first use, and the record keeps that order.
        String place = evidence.path("source").asText() + " " + evidence.path("key").asText();
        int number = numbers.computeIfAbsent(place, k -> numbers.size() + 1);
        citations.add(
            new ReportCitation(
                number,
                claim.path("id").asText(),
                claim.path("verdict").asText(),
                evidence.path("key").asText(),
                evidence.path("title").asText(),
                evidence.path("locator").asText(),
                links.getOrDefault(number, ""),
                evidence.path("quote").asText()));
      }
    }
    return List.copyOf(citations);
  }

  /**
   * What {@code [number]} stands for: one entry per claim that cites it.
   *
   * @throws ChoirException {@code no_such_citation}
   */
  public List<ReportCitation> citation(int number) {
    List<ReportCitation> found = citations().stream().filter(c -> c.number() == number).toList();
    if (found.isEmpty()) {
      throw ChoirException.usage(
          "no_such_citation",
          "the report has no citation [" + number + "]",
          "it has 1 to " + citations().stream().mapToInt(ReportCitation::number).max().orElse(0));
    }
    return found;
  }

  /** The addresses that the report itself defines for its numbers, at its end. */
  private Map<Integer, String> links() {
    Map<Integer, String> links = new HashMap<>();
    Matcher definitions = DEFINITION.matcher(markdown);
    while (definitions.find()) {
      links.put(Integer.valueOf(definitions.group(1)), definitions.group(2));
    }
    return links;
  }

  private int chars(int codePoints) {
    return markdown.offsetByCodePoints(
        0, Math.clamp(codePoints, 0, markdown.codePointCount(0, markdown.length())));
  }
}
