package org.choir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.audit.LogVerifier;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import org.choir.core.Text;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir audit}: what happened, provably. */
@Command(
    name = "audit",
    description = "What happened, in plain words and with proofs.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      AuditActions.Log.class,
      AuditActions.Show.class,
      AuditActions.Prove.class,
      AuditActions.Verify.class,
      AuditActions.Replays.class,
      AuditActions.Export.class,
      AuditActions.Erase.class
    },
    footer = {
      "",
      "Examples:",
      "  choir audit show",
      "  choir audit log --since 2h",
      "  choir audit verify",
      "  choir audit export for-the-auditor"
    })
final class AuditActions implements Runnable {
  @Override
  public void run() {
    throw ChoirException.usage(
        "no_command",
        "audit needs a command: log, show, prove, verify, replay, export or erase",
        "see: choir help audit");
  }

  /** What commands that print sentences have in common. */
  abstract static class Told extends Action {
    @Option(
        names = "--locale",
        paramLabel = "LANGUAGE",
        description = "en or de (default: en).",
        defaultValue = "en")
    String locale = "en";

    @Option(
        names = "--zone",
        paramLabel = "ZONE",
        description = "A time zone such as Europe/Berlin (default: the system's).")
    String zone = "";

    Told(Context context) {
      super(context);
    }

    ObjectNode reader() {
      return Json.object()
          .put("locale", locale)
          .put("zone", zone.isEmpty() ? ZoneId.systemDefault().getId() : zone);
    }
  }

  private static void putIf(ObjectNode request, String name, String value) {
    if (!value.isEmpty()) {
      request.put(name, value);
    }
  }

  /** {@code choir audit log}. */
  @Command(
      name = "log",
      description = "List events, one sentence each; with --json one event a line.",
      footer = {
        "",
        "Examples:",
        "  choir audit log",
        "  choir audit log --since 2h",
        "  choir audit log --run RUN --json"
      })
  static final class Log extends Told {
    @Option(names = "--run", paramLabel = "RUN", description = "Of this run only.")
    String run = "";

    @Option(
        names = "--since",
        paramLabel = "TIME",
        description = "From then on: 2h, 3d, 2026-11-21 or 2026-11-21T06:40:00Z.")
    String since = "";

    Log(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = reader();
      putIf(request, "run", run);
      putIf(request, "since", since);
      ask(
          "audit.log",
          request,
          event -> {
            String line = event.path("line").asText();
            event.remove("line");
            print(json ? Json.write(event) : line);
          });
      return 0;
    }
  }

  /** {@code choir audit show}. */
  @Command(
      name = "show",
      description = "Tell what happened today, or show one event.",
      footer = {
        "",
        "Examples:",
        "  choir audit show",
        "  choir audit show --run RUN --locale de",
        "  choir audit show --since 3d --zone Europe/Berlin",
        "  choir audit show 17"
      })
  static final class Show extends Told {
    @Parameters(paramLabel = "INDEX", arity = "0..1", description = "The number of one event.")
    Optional<Long> index = Optional.empty();

    @Option(names = "--today", description = "What happened today (the default).")
    boolean today;

    @Option(names = "--run", paramLabel = "RUN", description = "What happened in this run.")
    String run = "";

    @Option(names = "--since", paramLabel = "TIME", description = "What happened since then.")
    String since = "";

    Show(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      if (index.isPresent() && (today || !run.isEmpty() || !since.isEmpty())) {
        throw ChoirException.usage(
            "one_or_many",
            "INDEX shows one event, --today, --run and --since tell of many",
            "choose one: choir audit show 17, or choir audit show --today");
      }
      ObjectNode request = reader();
      index.ifPresent(i -> request.put("index", i));
      putIf(request, "run", run);
      putIf(request, "since", since);
      ObjectNode shown = ask("audit.show", request);
      if (index.isPresent()) {
        String line = shown.path("line").asText();
        shown.remove("line");
        print(shown, line + "\n\n" + details(shown));
      } else {
        String text = shown.path("text").asText();
        shown.remove("text");
        print(shown, text.stripTrailing());
      }
      return 0;
    }

    private static String details(ObjectNode shown) {
      StringBuilder out = new StringBuilder();
      out.append("log       ").append(shown.path("log").asText()).append('\n');
      out.append("leaf hash ").append(shown.path("hash").asText()).append('\n');
      out.append("event     ").append(Json.pretty(shown.path("event")));
      JsonNode personal = shown.path("personal");
      if (!personal.isMissingNode()) {
        out.append("\npersonal  ")
            .append(personal.isTextual() ? personal.asText() : Json.pretty(personal));
      }
      return out.toString();
    }
  }

  /** {@code choir audit prove}. */
  @Command(
      name = "prove",
      description = "Write the proof that the log holds an event (C2SP tlog-proof).",
      footer = {
        "",
        "With --out FILE the event itself is written beside it, as FILE.event.json.",
        "",
        "Examples:",
        "  choir audit prove 17",
        "  choir audit prove 17 --out refund.tlog-proof"
      })
  static final class Prove extends Told {
    @Parameters(paramLabel = "INDEX", description = "The number of the event.")
    long index;

    @Option(names = "--out", paramLabel = "FILE", description = "Where to (default: stdout).")
    String out = "";

    Prove(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode proof = ask("audit.prove", reader().put("index", index));
      if (out.isEmpty()) {
        print(proof, proof.path("proof").asText().stripTrailing());
        return 0;
      }
      Path file = context.absolute(out);
      Path event = file.resolveSibling(file.getFileName() + ".event.json");
      try {
        Files.writeString(file, proof.path("proof").asText());
        Files.writeString(event, proof.path("entry").asText());
      } catch (IOException e) {
        throw ChoirException.usage(
            "cannot_write",
            "cannot write " + file + ": " + Text.visible(String.valueOf(e.getMessage()), 160),
            "choose another file");
      }
      print(
          proof.put("file", file.toString()).put("event", event.toString()),
          proof.path("sentence").asText()
              + "\nproof  "
              + file
              + "\nevent  "
              + event
              + "\nkey    "
              + proof.path("vkey").asText());
      return 0;
    }
  }

  /** {@code choir audit verify}. */
  @Command(
      name = "verify",
      description = "Check the whole chain and its anchors, or any tlog-tiles log.",
      footer = {
        "",
        "Exit 1 if anything is wrong; the first bad event is named.",
        "",
        "Examples:",
        "  choir audit verify",
        "  choir audit verify --log DIR --key 'name+1a2b3c4d+AbC...' --json"
      })
  static final class Verify extends Action {
    @Option(names = "--log", paramLabel = "DIR", description = "A log's folder, of any maker.")
    String log = "";

    @Option(names = "--key", paramLabel = "VKEY", description = "The public key of that log.")
    String key = "";

    Verify(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      if (log.isEmpty() != key.isEmpty()) {
        throw ChoirException.usage(
            "key_and_log",
            "--log and --key belong together",
            "for example: choir audit verify --log DIR --key \"$(cat DIR/log.vkey)\"");
      }
      ObjectNode found = log.isEmpty() ? ask("audit.verify", Json.object()) : other();
      List<String> lines = new ArrayList<>();
      found.path("said").forEach(s -> lines.add(s.asText()));
      for (JsonNode problem : found.path("problems")) {
        lines.add(
            "PROBLEM "
                + problem.path("kind").asText()
                + (problem.path("index").asLong() < 0
                    ? ""
                    : " at event " + problem.path("index").asText())
                + (problem.path("file").asText().isEmpty()
                    ? ""
                    : " in " + Text.visible(problem.path("file").asText(), 200))
                + ": "
                + Text.visible(problem.path("message").asText(), 500));
      }
      boolean ok = found.path("ok").asBoolean();
      long bad = found.path("first_bad_index").asLong();
      lines.add(ok ? "OK" : "NOT OK" + (bad < 0 ? "" : ": the first bad event is " + bad));
      print(found, String.join("\n", lines));
      return ok ? 0 : ExitStatus.FAILED.code();
    }

    private ObjectNode other() {
      Path folder = context.absolute(log);
      if (!Files.isDirectory(folder)) {
        throw ChoirException.usage(
            "no_such_folder", "there is no folder " + folder, "name the folder of a log");
      }
      LogVerifier.Verification found = LogVerifier.verify(folder, key);
      ObjectNode out =
          Json.object()
              .put("ok", found.ok())
              .put("size", found.size())
              .put("root", found.root().hex())
              .put("first_bad_index", found.firstBadIndex());
      out.putArray("said")
          .add("Log in " + folder + " of " + found.size() + " entries, root " + found.root());
      var problems = out.putArray("problems");
      found
          .problems()
          .forEach(
              p ->
                  problems
                      .addObject()
                      .put("kind", p.kind())
                      .put("file", p.file())
                      .put("index", p.index())
                      .put("message", p.message()));
      return out;
    }
  }

  /** {@code choir audit replay}. */
  @Command(
      name = "replay",
      description = "Make the recorded decisions again and compare them byte for byte.",
      footer = {
        "",
        "Exit 1 at a difference; the first one is shown.",
        "",
        "Examples:",
        "  choir audit replay",
        "  choir audit replay --run RUN"
      })
  static final class Replays extends Action {
    @Option(names = "--run", paramLabel = "RUN", description = "Those of this run only.")
    String run = "";

    Replays(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = Json.object();
      putIf(request, "run", run);
      ObjectNode found = ask("audit.replay", request);
      List<String> lines = new ArrayList<>();
      lines.add(
          found.path("decisions").asText()
              + " decisions: "
              + found.path("same").asText()
              + " came out the same");
      count(lines, found, "unasked", "were refused before the gate was asked, or it failed");
      count(lines, found, "unreadable", "have no arguments any more");
      count(lines, found, "unknown_rules", "were made by rules that are not known here");
      JsonNode difference = found.path("difference");
      if (difference.isObject()) {
        lines.add(
            "DIFFERENT "
                + difference.path("what").asText()
                + " at event "
                + difference.path("index").asText()
                + " ("
                + difference.path("action").asText()
                + ")");
        lines.add("  recorded " + Text.visible(Json.write(difference.path("recorded")), 500));
        lines.add("  now      " + Text.visible(Json.write(difference.path("now")), 500));
      }
      print(found, String.join("\n", lines));
      return difference.isObject() ? ExitStatus.FAILED.code() : 0;
    }

    private static void count(List<String> lines, JsonNode found, String field, String words) {
      if (found.path(field).asLong() > 0) {
        lines.add("  " + found.path(field).asText() + " " + words);
      }
    }
  }

  /** {@code choir audit export}. */
  @Command(
      name = "export",
      description = "Write a folder that an auditor checks alone, with one jar and no network.",
      footer = {
        "",
        "The folder holds personal words in clear, except what was erased.",
        "",
        "Examples:",
        "  choir audit export for-the-auditor",
        "  choir audit export for-the-auditor --run RUN",
        "  java -jar for-the-auditor/verify.jar for-the-auditor"
      })
  static final class Export extends Told {
    @Parameters(paramLabel = "DIR", description = "A folder that does not exist yet.")
    String folder = "";

    @Option(names = "--run", paramLabel = "RUN", description = "Only the events of this run.")
    String run = "";

    Export(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = reader().put("folder", context.absolute(folder).toString());
      if (zone.isEmpty()) {
        request.put("zone", "UTC"); // what another machine's zone tables cannot change
      }
      putIf(request, "run", run);
      ObjectNode written = ask("audit.export", request);
      print(
          written,
          written.path("events").asText()
              + " events, "
              + written.path("disclosed").asText()
              + " of them with personal fields, in "
              + written.path("folder").asText()
              + "\nkey    "
              + written.path("vkey").asText()
              + "\ncheck  java -jar "
              + written.path("folder").asText()
              + "/verify.jar "
              + written.path("folder").asText());
      return 0;
    }
  }

  /** {@code choir audit erase}. */
  @Command(
      name = "erase",
      description = "Destroy personal fields; the events and their proofs stay.",
      footer = {
        "",
        "What erasing does not reach: backups, exported folders, and the run's own history",
        "(choir rm RUN removes that).",
        "",
        "Examples:",
        "  choir audit erase --payload 17",
        "  choir audit erase --run RUN"
      })
  static final class Erase extends Action {
    @Option(names = "--payload", paramLabel = "INDEX", description = "Those of this event.")
    Optional<Long> payload = Optional.empty();

    @Option(names = "--run", paramLabel = "RUN", description = "Those of all events of this run.")
    String run = "";

    Erase(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      if (payload.isPresent() == !run.isEmpty()) {
        throw ChoirException.usage(
            "payload_or_run",
            "erase needs either --payload INDEX or --run RUN",
            "for example: choir audit erase --payload 17");
      }
      ObjectNode request = Json.object();
      payload.ifPresent(i -> request.put("payload", i));
      putIf(request, "run", run);
      ObjectNode erased = ask("audit.erase", request);
      print(
          erased,
          run.isEmpty()
              ? "erased the personal fields of event " + erased.path("index").asText()
              : "erased the personal fields of "
                  + erased.path("erased").asText()
                  + " events of run "
                  + run);
      return 0;
    }
  }
}
