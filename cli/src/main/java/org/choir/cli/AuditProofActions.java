package org.choir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.choir.audit.LogVerifier;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import org.choir.core.Text;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code choir audit} proves: one event, the whole chain, the decisions. */
final class AuditProofActions {
  private AuditProofActions() {}

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
  static final class Prove extends AuditActions.Told {
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
      AuditActions.putIf(request, "run", run);
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
}
