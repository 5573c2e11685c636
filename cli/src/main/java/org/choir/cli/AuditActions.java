package org.choir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.ZoneId;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;
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
      AuditProofActions.Prove.class,
      AuditProofActions.Verify.class,
      AuditProofActions.Replays.class,
      AuditFolderActions.Export.class,
      AuditFolderActions.Erase.class,
      AuditFolderActions.Restart.class
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
        "audit needs a command: log, show, prove, verify, replay, export, erase or restart",
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

  static void putIf(ObjectNode request, String name, String value) {
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
}
