package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.server.ControlClient;
import org.choir.server.Launcher;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A person's word on an action that waits for one. */
final class DecisionActions {
  private DecisionActions() {}

  /** One word on one action; the run goes on with it and is shown until it stops again. */
  abstract static class OnAction extends Action {
    @Parameters(
        paramLabel = "ID",
        description = "The action's id, RUN:STEP:POSITION, see: choir show RUN")
    String action = "";

    @Option(names = "--stay", description = "Only record it; continue with: choir resume RUN")
    boolean stay;

    @Option(names = "--yes", description = "Agree that passages are sent to the model's service.")
    boolean yes;

    OnAction(Context context) {
      super(context);
    }

    final int decide(String command, String reason) {
      ObjectNode request = Json.object().put("action", action).put("stay", stay).put("yes", yes);
      if (!reason.isEmpty()) {
        request.put("reason", reason);
      }
      Launcher launcher = launcher();
      try (ControlClient client = launcher.connect(true)) {
        String run = action.replaceFirst("[-:].*", "");
        ObjectNode result =
            new RunWatcher(context, launcher, user()).watch(client, command, request, run);
        ObjectNode document = Outcome.json(result);
        document.put("decision", result.path("decision").asText());
        print(document, Outcome.text(result, new Style(false)));
        return stay ? 0 : Outcome.exit(result.path("state").asText()).code();
      }
    }
  }

  /** {@code choir approve}. */
  @Command(
      name = "approve",
      description = "Let an agent do what it waits for; its run goes on.",
      footer = {"", "Examples:", "  choir show RUN", "  choir approve r1h2k3m4n5p6q:7:1"})
  static final class Approve extends OnAction {
    Approve(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return decide("approve", "");
    }
  }

  /** {@code choir deny}. */
  @Command(
      name = "deny",
      description = "Do not let an agent do what it waits for; its run goes on without it.",
      footer = {"", "Example:", "  choir deny r1h2k3m4n5p6q:7:1 --reason \"Too much\""})
  static final class Deny extends OnAction {
    @Option(
        names = "--reason",
        required = true,
        paramLabel = "TEXT",
        description = "Why; the agent reads it.")
    String reason = "";

    Deny(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      if (reason.isBlank()) {
        throw ChoirException.usage(
            "empty_reason", "the reason is empty", "say why in quotes; the agent reads it");
      }
      return decide("deny", reason);
    }
  }
}
