package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code choir audit} does with a whole chain: hand it over, erase from it, begin anew. */
final class AuditFolderActions {
  private AuditFolderActions() {}

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
  static final class Export extends AuditActions.Told {
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
      AuditActions.putIf(request, "run", run);
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
      AuditActions.putIf(request, "run", run);
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

  /** {@code choir audit restart}. */
  @Command(
      name = "restart",
      description = "Set a chain aside that cannot be trusted any more, and begin another.",
      footer = {
        "",
        "Better: restore the chain's folder from a backup that is not older than its last anchor.",
        "Without one this is the way on: the old chain stays in its folder for an auditor, and the",
        "new one begins with who set it aside and why. A chain that is sound is not set aside.",
        "",
        "Example:",
        "  choir audit restart --reason \"the disk came back from last week's backup\""
      })
  static final class Restart extends Action {
    @Option(
        names = "--reason",
        paramLabel = "TEXT",
        description = "Why, for whoever reads the new chain.",
        required = true)
    String reason = "";

    Restart(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode begun = ask("audit.restart", Json.object().put("reason", reason));
      print(
          begun,
          "the old chain lies in "
              + begun.path("aside").asText()
              + "\nthe new one is "
              + begun.path("log").asText()
              + "\nkey    "
              + begun.path("vkey").asText());
      return 0;
    }
  }
}
