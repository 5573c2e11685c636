package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.agent.RunStatus;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.Text;
import org.choir.knowledge.WebSource;
import org.choir.vibewriter.FileVerification;
import org.choir.vibewriter.RecordBeside;
import org.choir.vibewriter.ReportCitation;
import org.choir.vibewriter.SubmittedReport;

/** Shows, exports and checks reports. */
final class ReportCommands {
  private static final int CLAIM_SHOWN = 200;

  private final Wiring rooms;

  ReportCommands(Wiring rooms) {
    this.rooms = rooms;
  }

  private Optional<SubmittedReport> report(RunId run) {
    RunStatus status = rooms.agents().state(run);
    return rooms.research().report(rooms.backbone().files(), status.tenant(), run);
  }

  private SubmittedReport required(RunId run) {
    return report(run)
        .orElseThrow(
            () -> {
              RunStatus status = rooms.agents().state(run);
              return ChoirException.usage(
                  "no_report",
                  "run " + run + " has no report yet, it is " + status.state().word(),
                  status.state().isFinal()
                      ? "look at its events: choir events " + run
                      : "continue it with: choir resume " + run);
            });
  }

  /** The claims of a run's report by verdict, as its record sums them up. */
  Optional<ObjectNode> summary(RunId run) {
    return report(run)
        .map(r -> r.record().get("summary"))
        .filter(s -> s instanceof ObjectNode)
        .map(s -> (ObjectNode) s);
  }

  /** The report, or the passages behind one of its citations. */
  ObjectNode show(RunId run, Request request) {
    if (request.number("citation").isEmpty()) {
      return whole(run);
    }
    SubmittedReport report = required(run);
    int number = Math.clamp(request.number("citation").getAsLong(), 0, Integer.MAX_VALUE);
    ObjectNode out = Json.object().put("run", run.value()).put("citation", number);
    ArrayNode list = out.putArray("passages");
    List<String> lines = new ArrayList<>();
    for (ReportCitation citation : report.citation(number)) {
      list.addObject()
          .put("claim", citation.claim())
          .put("verdict", citation.verdict())
          .put("key", citation.key())
          .put("title", citation.title())
          .put("locator", citation.locator())
          .put("link", citation.link())
          .put("quote", citation.quote());
      if (lines.isEmpty()) {
        lines.add("[" + number + "] " + citation.title());
      }
      lines.add("");
      lines.add(citation.claim() + " (" + citation.verdict() + ", @" + citation.key() + ")");
      lines.add("  “" + citation.quote() + "”");
      lines.add("  " + citation.link());
    }
    return out.put("text", String.join("\n", lines));
  }

  /** The report, and what the run waits for; that alone if there is no report yet. */
  private ObjectNode whole(RunId run) {
    RunStatus status = rooms.agents().state(run);
    List<ObjectNode> waiting = status.state().isFinal() ? List.of() : Decisions.waiting(status);
    ObjectNode out = Json.object().put("run", run.value());
    if (!waiting.isEmpty()) {
      waiting.forEach(out.putArray("waiting")::add);
      out.put("waits", Decisions.text(run, waiting));
    }
    Optional<SubmittedReport> there = report(run);
    if (there.isEmpty() && !waiting.isEmpty()) {
      return out.put("text", "");
    }
    SubmittedReport report = required(run);
    return out.put("markdown", report.markdown())
        .put("text", report.markdown())
        .set("record", report.record());
  }

  /** The report in another form. */
  ObjectNode export(RunId run, Request request) {
    SubmittedReport report = required(run);
    String format = request.text("format");
    ObjectNode out = Json.object().put("run", run.value()).put("format", format);
    return switch (format) {
      case "md" -> out.put("text", report.markdown());
      case "html" -> out.put("text", report.html());
      case "pdf" -> out.put("base64", report.pdf());
      case "csl" -> out.put("text", report.csl());
      case "ris" -> out.put("text", report.ris());
      default ->
          throw ChoirException.usage(
              "bad_format",
              "there is no format '" + format + "'",
              "choose md, html, pdf, csl or ris");
    };
  }

  /**
   * Checks every cited sentence of a Markdown file against the files and web pages it cites, by
   * rules and the trained classifier: no file leaves this machine for it. Pages are fetched unless
   * {@code offline} says no.
   */
  ObjectNode verify(Request request) {
    FileVerification found =
        FileVerification.of(
            rooms.library(),
            rooms.verifier(),
            Path.of(request.text("file")),
            request.texts("sources").stream().map(Path::of).toList(),
            request.flag("offline") ? Optional.empty() : Optional.of(rooms.web().pages()));
    List<String> lines = new ArrayList<>();
    for (FileVerification.Row row : found.rows()) {
      if (!row.verdict().equals("supported")) {
        lines.add(
            found.file().getFileName()
                + ":"
                + row.line()
                + ": "
                + row.verdict()
                + ": "
                + Text.visible(row.claim(), CLAIM_SHOWN));
        lines.add("    " + Text.visible(row.reason(), CLAIM_SHOWN));
      }
    }
    for (WebSource page : found.pages()) {
      if (page.state() != WebSource.State.ALIVE) {
        String where = page.last().equals(page.url()) ? page.reason() : "to " + page.last();
        lines.add(
            "source "
                + page.state().word()
                + ": "
                + Text.visible(page.url(), CLAIM_SHOWN)
                + (where.isEmpty() ? "" : ": " + Text.visible(where, CLAIM_SHOWN)));
      }
    }
    RecordBeside record = found.record();
    if (record != null) {
      record.problems().forEach(p -> lines.add("record: " + Text.visible(p, CLAIM_SHOWN)));
      record
          .changed()
          .forEach(
              s ->
                  lines.add(
                      "source "
                          + s.state()
                          + " since the report was written: "
                          + Text.visible(s.title() + ", " + s.location(), CLAIM_SHOWN)));
      if (record.fits()) {
        lines.add("record: fits the report, word for word");
      }
    }
    found.notes().forEach(note -> lines.add("note: " + note));
    ObjectNode out = found.toJson();
    List<String> counted = new ArrayList<>();
    out.path("counts").properties().forEach(e -> counted.add(e.getValue() + " " + e.getKey()));
    lines.add(
        found.rows().size()
            + " claims"
            + (counted.isEmpty() ? "" : ": " + String.join(", ", counted)));
    return out.put("text", String.join("\n", lines));
  }
}
