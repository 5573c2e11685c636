package org.choir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import org.choir.server.ControlClient;
import org.choir.server.Launcher;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands on runs that exist. */
final class RunActions {
  private RunActions() {}

  /** A command on one run. */
  abstract static class OnRun extends Action {
    @Parameters(paramLabel = "RUN", description = "The run's id, see: choir runs")
    String run = "";

    OnRun(Context context) {
      super(context);
    }

    final ObjectNode request() {
      return Json.object().put("run", run);
    }

    /** The simplest form: one request, one line about the run's state. */
    final int tell(String command, ObjectNode request) {
      ObjectNode result = ask(command, request);
      print(Outcome.json(result), "run " + run + " is " + result.path("state").asText());
      return 0;
    }
  }

  /** {@code choir runs}. */
  @Command(
      name = "runs",
      description = "List runs, newest first.",
      footer = {"", "Examples:", "  choir runs", "  choir runs --state paused --json"})
  static final class Runs extends Action {
    @Option(names = "--state", paramLabel = "STATE", description = "Only those in this state.")
    String state = "";

    Runs(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = Json.object();
      if (!state.isEmpty()) {
        request.put("state", state.toLowerCase(Locale.ROOT));
      }
      JsonNode runs = ask("runs", request).path("runs");
      if (json) {
        print(Json.write(runs));
      } else if (runs.isEmpty()) {
        say(
            state.isEmpty()
                ? "no runs; begin one with: choir research QUESTION --sources DIR"
                : "no runs in state " + Style.fit(state, 40));
      }
      if (!json) {
        int columns = context.terminal().live() ? context.terminal().columns() : 240;
        for (JsonNode r : runs) {
          print(
              String.format(
                  "%-14s %-17s %s  %s",
                  r.path("run").asText(),
                  r.path("state").asText(),
                  r.path("started").asText().substring(0, 16).replace('T', ' '),
                  Style.fit(r.path("question").asText(), Math.max(20, columns - 52))));
          r.path("waiting").forEach(w -> print("  waits for: " + w.path("approve").asText()));
        }
      }
      return 0;
    }
  }

  /** {@code choir show}. */
  @Command(
      name = "show",
      description = "Show a run's report, or the passage behind one of its citations.",
      footer = {"", "Examples:", "  choir show r1h2k3m4n5p6q", "  choir show RUN --citation 3"})
  static final class Show extends OnRun {
    @Option(names = "--citation", paramLabel = "N", description = "The passage behind [N].")
    Integer citation = 0;

    Show(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = request();
      if (citation > 0) {
        request.put("citation", citation);
      }
      ObjectNode result = ask("show", request);
      String text = result.path("text").asText();
      String waits = result.path("waits").asText();
      result.remove(List.of("text", "waits"));
      if (!json && !waits.isEmpty()) {
        // Beside the report, which may go to a file.
        context.err().println(waits);
      }
      if (json || !text.isEmpty()) {
        print(result, text.stripTrailing());
      }
      return 0;
    }
  }

  /** {@code choir events}. */
  @Command(
      name = "events",
      description = "Print a run's recorded events as JSON lines.",
      footer = {"", "Examples:", "  choir events RUN", "  choir events RUN --from 120 --follow"})
  static final class Events extends OnRun {
    @Option(names = "--from", paramLabel = "SEQ", description = "Begin at this sequence.")
    long from;

    @Option(names = "--follow", description = "Go on until the run has ended.")
    boolean follow;

    Events(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ask(
          "events",
          request().put("from", from).put("follow", follow),
          line -> print(Json.write(line)));
      return 0;
    }
  }

  /** {@code choir pause}. */
  @Command(
      name = "pause",
      description = "Pause a run; it can be resumed at the step after its last recorded one.",
      footer = {"", "Example:", "  choir pause RUN"})
  static final class Pause extends OnRun {
    Pause(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return tell("pause", request());
    }
  }

  /** {@code choir resume}. */
  @Command(
      name = "resume",
      description = "Continue a paused, interrupted or exhausted run.",
      footer = {"", "Examples:", "  choir resume RUN", "  choir resume RUN --budget 2usd"})
  static final class Resume extends OnRun {
    @Option(names = "--budget", paramLabel = "2usd|200000tok", description = "A new limit.")
    String budget = "";

    @Option(names = "--yes", description = "Agree that passages are sent to the model's service.")
    boolean yes;

    Resume(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = request().put("yes", yes);
      if (!budget.isEmpty()) {
        request.put("budget", budget);
      }
      Launcher launcher = launcher();
      try (ControlClient client = launcher.connect(true)) {
        ObjectNode result =
            new RunWatcher(context, launcher, user()).watch(client, "resume", request, run);
        print(Outcome.json(result), Outcome.text(result, new Style(false)));
        return Outcome.exit(result.path("state").asText()).code();
      }
    }
  }

  /** {@code choir cancel}. */
  @Command(
      name = "cancel",
      description = "End a run for good; what it has recorded stays.",
      footer = {"", "Example:", "  choir cancel RUN"})
  static final class Cancel extends OnRun {
    Cancel(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return tell("cancel", request());
    }
  }

  /** {@code choir rm}. */
  @Command(
      name = "rm",
      description = "Remove a run that is not going on: its files, its report in the home, its VM.",
      footer = {"", "Example:", "  choir rm RUN"})
  static final class Remove extends OnRun {
    Remove(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      print(ask("rm", request()), "removed run " + run);
      return 0;
    }
  }

  /** {@code choir note}. */
  @Command(
      name = "note",
      description = "Tell a run something; its agent reads it before its next step.",
      footer = {"", "Example:", "  choir note RUN \"Leave out everything before version 12\""})
  static final class Note extends OnRun {
    @Parameters(index = "1", paramLabel = "TEXT", description = "What to tell it.")
    String text = "";

    Note(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      if (text.isBlank()) {
        throw ChoirException.usage("empty_note", "the note is empty", "write it in quotes");
      }
      return tell("note", request().put("text", text));
    }
  }

  /** {@code choir export}. */
  @Command(
      name = "export",
      description = {
        "Write a run's report in another form.",
        "md and html: the report. pdf: the report with all its evidence. csl and ris: its sources"
            + " for a reference manager."
      },
      footer = {
        "",
        "Examples:",
        "  choir export RUN --format html --out report.html",
        "  choir export RUN --format pdf --out report.pdf",
        "  choir export RUN --format ris --out sources.ris"
      })
  static final class Export extends OnRun {
    @Option(
        names = "--format",
        paramLabel = "md|html|pdf|csl|ris",
        description = "The form (default: md).")
    String format = "md";

    @Option(names = "--out", paramLabel = "FILE", description = "Where to (default: stdout).")
    String out = "";

    Export(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      if (format.equals("pdf") && out.isEmpty() && !json) {
        throw ChoirException.usage(
            "no_file", "a PDF is not for a terminal", "name a file with --out FILE");
      }
      ObjectNode result = ask("export", request().put("format", format));
      String text = result.path("text").asText();
      if (out.isEmpty()) {
        print(result, text.stripTrailing());
        return 0;
      }
      Path file = context.absolute(out);
      try {
        Files.write(
            file,
            result.has("base64")
                ? Base64.getDecoder().decode(result.path("base64").asText())
                : text.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new ChoirException(
            new org.choir.core.Failure(
                "cannot_write",
                "cannot write " + file + ": " + e.getMessage(),
                "choose another place",
                ExitStatus.USAGE,
                false),
            e);
      }
      print(
          Json.object().put("run", run).put("format", format).put("file", file.toString()),
          file.toString());
      return 0;
    }
  }
}
