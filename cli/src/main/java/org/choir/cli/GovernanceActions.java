package org.choir.cli;

import org.choir.core.ChoirException;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir governance}. */
@Command(
    name = "governance",
    description = "Proposals and votes about numbers, the treasury and upgrades.",
    synopsisSubcommandLabel = "[COMMAND]",
    subcommands = {
      GovernanceActions.Numbers.class,
      GovernanceActions.Propose.class,
      GovernanceActions.Allocate.class,
      GovernanceActions.Upgrade.class,
      GovernanceActions.Vote.class,
      GovernanceActions.Show.class
    },
    footer = {
      "",
      "Examples:",
      "  choir governance parameters",
      "  choir governance propose publish-stake 110 --as ada",
      "  choir governance vote ID yes --as ada"
    })
final class GovernanceActions extends Asking {
  GovernanceActions(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    return answer("governance", Json.object());
  }

  /** {@code choir governance parameters}. */
  @Command(
      name = "parameters",
      description = "The numbers in force, with their bounds.",
      footer = {"", "Example:", "  choir governance parameters"})
  static final class Numbers extends Asking {
    Numbers(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("governance.parameters", Json.object());
    }
  }

  /** {@code choir governance propose}. */
  @Command(
      name = "propose",
      description = "Propose another value for a number.",
      footer = {"", "Example:", "  choir governance propose publish-stake 110 --as ada"})
  static final class Propose extends Asking {
    @Parameters(index = "0", paramLabel = "NAME", description = "Which.")
    String parameter = "";

    @Parameters(index = "1", paramLabel = "VALUE", description = "The new one.")
    String value = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Propose(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "governance.propose",
          Json.object().put("parameter", parameter).put("value", value).put("key", key(key)));
    }
  }

  /** {@code choir governance allocate}. */
  @Command(
      name = "allocate",
      description = "Propose that the treasury gives something.",
      footer = {
        "",
        "Example:",
        "  choir governance allocate user:ada/available/chip 500 --purpose \"maintenance\" --as ada"
      })
  static final class Allocate extends Asking {
    @Parameters(index = "0", paramLabel = "ACCOUNT", description = "To whom.")
    String to = "";

    @Parameters(index = "1", paramLabel = "AMOUNT", description = "How much.")
    String amount = "";

    @Option(names = "--purpose", paramLabel = "TEXT", required = true, description = "What for.")
    String purpose = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Allocate(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "governance.allocate",
          Json.object()
              .put("to", to)
              .put("amount", amount)
              .put("purpose", purpose)
              .put("key", key(key)));
    }
  }

  /** {@code choir governance upgrade}. */
  @Command(
      name = "upgrade",
      description = "Propose an upgrade; what is decided is its text.",
      footer = {
        "",
        "Example:",
        "  choir governance upgrade \"New reference\" --text \"...\" --as ada"
      })
  static final class Upgrade extends Asking {
    @Parameters(index = "0", paramLabel = "TITLE", description = "In a few words.")
    String title = "";

    @Option(names = "--text", paramLabel = "TEXT", required = true, description = "What exactly.")
    String text = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Upgrade(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "governance.upgrade",
          Json.object().put("title", title).put("text", text).put("key", key(key)));
    }
  }

  /** {@code choir governance vote}. */
  @Command(
      name = "vote",
      description = "Vote with the CHIP you had when it was proposed.",
      footer = {"", "Example:", "  choir governance vote ID yes --as ada"})
  static final class Vote extends Asking {
    @Parameters(index = "0", paramLabel = "ID", description = "The proposal.")
    String id = "";

    @Parameters(index = "1", paramLabel = "yes|no", description = "For or against.")
    String choice = "";

    Vote(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      if (!choice.equals("yes") && !choice.equals("no")) {
        throw ChoirException.usage("bad_vote", "'" + choice + "' is no vote", "write yes or no");
      }
      return answer(
          "governance.vote", Json.object().put("id", id).put("yes", choice.equals("yes")));
    }
  }

  /** {@code choir governance show}. */
  @Command(
      name = "show",
      description = "A proposal and how the vote stands.",
      footer = {"", "Example:", "  choir governance show ID"})
  static final class Show extends Asking {
    @Parameters(index = "0", paramLabel = "ID", description = "Which.")
    String id = "";

    Show(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("governance.show", Json.object().put("id", id));
    }
  }
}
