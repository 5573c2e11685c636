package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.choir.core.Json;

/**
 * The cited sources of a report for reference managers: CSL-JSON (schema of the Citation Style
 * Language 1.0.2) and RIS. One entry a source, in the order in which the report first cites them.
 */
final class ReportReferences {
  /**
   * One source.
   *
   * @param number under which the report cites it first
   * @param link opens it at the passage that is cited first
   * @param sha256 of the stored copy that was checked
   */
  private record Reference(int number, String title, String link, String sha256) {
    boolean isPage() {
      return link.startsWith("http://") || link.startsWith("https://");
    }

    String note() {
      return "cited as [" + number + "]; checked against the stored copy with SHA-256 " + sha256;
    }
  }

  private ReportReferences() {}

  /** An array of CSL items. */
  static String csl(SubmittedReport report) {
    ArrayNode items = Json.array();
    for (Reference reference : of(report)) {
      ObjectNode item =
          items
              .addObject()
              .put("id", reference.sha256().substring(0, Math.min(12, reference.sha256().length())))
              .put("type", reference.isPage() ? "webpage" : "document")
              .put("title", reference.title());
      if (!reference.link().isEmpty()) {
        item.put("URL", reference.link());
      }
      item.put("citation-number", reference.number()).put("note", reference.note());
    }
    return Json.pretty(items) + "\n";
  }

  /** RIS records, each line ended by CR and LF as the format says. */
  static String ris(SubmittedReport report) {
    StringBuilder out = new StringBuilder();
    for (Reference reference : of(report)) {
      line(out, "TY", reference.isPage() ? "ELEC" : "GEN");
      line(out, "TI", reference.title());
      if (!reference.link().isEmpty()) {
        line(out, "UR", reference.link());
      }
      line(out, "N1", reference.note());
      line(out, "ER", "");
      out.append("\r\n");
    }
    return out.toString();
  }

  private static void line(StringBuilder out, String tag, String value) {
    // A title is a source's word: it must not begin a record of its own.
    out.append(tag)
        .append("  - ")
        .append(value.replaceAll("[\\p{Cntrl}\\u2028\\u2029]+", " ").strip())
        .append("\r\n");
  }

  private static List<Reference> of(SubmittedReport report) {
    Map<String, JsonNode> sources = new HashMap<>();
    report.record().path("sources").forEach(s -> sources.put(s.path("id").asText(), s));
    Map<String, String> sourceOfKey = new HashMap<>();
    for (JsonNode claim : report.record().path("claims")) {
      for (JsonNode evidence : claim.path("evidence")) {
        sourceOfKey.put(evidence.path("key").asText(), evidence.path("source").asText());
      }
    }
    Map<String, Reference> found = new HashMap<>();
    List<Reference> inOrder = new ArrayList<>();
    for (ReportCitation citation : report.citations()) {
      String id = sourceOfKey.getOrDefault(citation.key(), "");
      if (!found.containsKey(id)) {
        Reference reference =
            new Reference(
                citation.number(),
                citation.title(),
                ReportPage.address(citation.link()),
                sources.getOrDefault(id, Json.object()).path("sha256").asText());
        found.put(id, reference);
        inOrder.add(reference);
      }
    }
    return inOrder;
  }
}
