package org.choir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.choir.core.ExitStatus;
import org.choir.core.Json;

/** How a run stands when a command ends: as a table, as {@code --json}, as an exit status. */
final class Outcome {
  private static final Set<String> FAILED = Set.of("failed", "cancelled");

  /** What a reader wants to know of the claims, in this order. */
  private static final List<String> VERDICTS = List.of("supported", "partial", "dropped");

  private Outcome() {}

  /** The exit status of a command that leaves a run in this state. */
  static ExitStatus exit(String state) {
    return switch (state) {
      case "completed" -> ExitStatus.DONE;
      case "budget_exhausted" -> ExitStatus.BUDGET;
      default -> FAILED.contains(state) ? ExitStatus.FAILED : ExitStatus.WAITING;
    };
  }

  /** {@code {run,state,report,verification,counts,cost}}, and why if it is not completed. */
  static ObjectNode json(ObjectNode result) {
    ObjectNode out = Json.object();
    for (String field : List.of("run", "state", "report", "verification", "counts")) {
      out.set(field, result.path(field).isMissingNode() ? null : result.get(field));
    }
    out.put("cost", result.path("cost").asText(null));
    if (!result.path("state").asText().equals("completed")) {
      out.put("reason", result.path("reason").asText());
      out.put("message", result.path("message").asText());
      out.put("remedy", result.path("remedy").asText());
    }
    if (result.has("waiting")) {
      out.set("waiting", result.get("waiting"));
    }
    return out;
  }

  /** The lines a person reads at the end. */
  static String text(ObjectNode result, Style style) {
    List<String> lines = new ArrayList<>();
    String state = result.path("state").asText();
    String shown = state.replace('_', ' ');
    row(lines, "Run", result.path("run").asText());
    row(
        lines,
        "State",
        state.equals("completed") ? style.green(shown) : style.bold(shown) + because(result));
    JsonNode counts = result.path("counts");
    JsonNode claims = counts.path("claims");
    if (claims.isObject()) {
      List<String> verdicts = new ArrayList<>();
      for (String verdict : VERDICTS) {
        int count = claims.path(verdict).asInt();
        if (count > 0 || verdict.equals("supported")) {
          verdicts.add(count + " " + verdict);
        }
      }
      row(lines, "Claims", String.join(" · ", verdicts));
    }
    row(
        lines,
        "Sources",
        searched(counts)
            + " · "
            + many(counts.path("evidence").asInt(), "passage")
            + " found in "
            + counts.path("sources").asText("0")
            + (counts.path("skipped").asInt() > 0
                ? " · " + many(counts.path("skipped").asInt(), "file") + " skipped"
                : ""));
    row(lines, "Model", model(result));
    if (!result.path("report").isNull() && result.has("report")) {
      row(lines, "Report", style.bold(result.path("report").asText()));
      row(lines, "Record", result.path("verification").asText());
    }
    for (JsonNode waits : result.path("waiting")) {
      row(lines, "Waits", waits.path("action").asText() + " · " + waits.path("tool").asText());
      if (!waits.path("reason").asText().isEmpty()) {
        row(lines, "", Style.fit(waits.path("reason").asText(), 500));
      }
      row(lines, "", style.bold(waits.path("approve").asText()));
      row(lines, "", waits.path("deny").asText());
    }
    if (!result.path("remedy").asText().isEmpty() && result.path("waiting").isEmpty()) {
      lines.add(result.path("remedy").asText());
    }
    return String.join("\n", lines);
  }

  /** Documents, pages of the web, or both. */
  private static String searched(JsonNode counts) {
    int documents = counts.path("documents").asInt();
    int pages = counts.path("pages").asInt();
    String read = many(pages, "page") + " of the web read";
    String searched = many(documents, "document") + " searched";
    return pages == 0 ? searched : documents == 0 ? read : searched + " · " + read;
  }

  private static String model(ObjectNode result) {
    String model = result.path("model").asText();
    long tokens = result.path("tokens").asLong();
    return model
        + (model.equals("extractive") ? " (no language model)" : "")
        + (tokens > 0 ? " · " + tokens + " tokens" : "")
        + (tokens > 0 && result.has("cost") ? " · " + result.path("cost").asText() : "");
  }

  private static String because(ObjectNode result) {
    String why = result.path("message").asText();
    why = why.isEmpty() ? result.path("reason").asText() : why;
    return why.isEmpty() ? "" : ": " + Style.fit(why, 300);
  }

  private static void row(List<String> lines, String name, String value) {
    lines.add(String.format("%-9s%s", name, value));
  }

  private static String many(int count, String thing) {
    return count + " " + thing + (count == 1 ? "" : "s");
  }
}
