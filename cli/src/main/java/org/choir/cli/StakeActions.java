package org.choir.cli;

import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir stake}. */
@Command(
    name = "stake",
    description = "Your stakes and rewards; stake, accuse, appeal, decide.",
    synopsisSubcommandLabel = "[COMMAND]",
    subcommands = {
      StakeActions.Take.class,
      StakeActions.Accuse.class,
      StakeActions.Appeal.class,
      StakeActions.Decide.class
    },
    footer = {
      "",
      "Examples:",
      "  choir stake --as ada",
      "  choir stake accuse ARTICLE --reason \"copied from ARTICLE\" --as editor"
    })
final class StakeActions extends Asking {
  StakeActions(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    return answer("stake.list", Json.object());
  }

  /** {@code choir stake take}. */
  @Command(
      name = "take",
      description = "Take a stake for a publication to come.",
      footer = {"", "Example:", "  choir stake take 100 --key my-article --as ada"})
  static final class Take extends Asking {
    @Parameters(index = "0", paramLabel = "CHIP", description = "How much.")
    String amount = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Take(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("stake.take", Json.object().put("amount", amount).put("key", key(key)));
    }
  }

  /** {@code choir stake accuse}. */
  @Command(
      name = "accuse",
      description =
          "Freeze the stake of an article and stop its reward, with reasons. For reviewers.",
      footer = {
        "",
        "Example:",
        "  choir stake accuse ARTICLE --share 50 --reason \"invented source 3\" --as editor"
      })
  static final class Accuse extends Asking {
    @Parameters(index = "0", paramLabel = "ARTICLE", description = "Which.")
    String article = "";

    @Option(
        names = "--share",
        paramLabel = "PERCENT",
        defaultValue = "100",
        description = "How much of it shall be taken.")
    String share = "";

    @Option(
        names = "--reason",
        paramLabel = "TEXT",
        required = true,
        description = "Why; the author reads it.")
    String reason = "";

    Accuse(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "stake.accuse",
          Json.object().put("article", article).put("share", share).put("reason", reason));
    }
  }

  /** {@code choir stake appeal}. */
  @Command(
      name = "appeal",
      description = "Say why an accusation is wrong.",
      footer = {
        "",
        "Example:",
        "  choir stake appeal ARTICLE --reason \"the source is right, page 7\" --as ada"
      })
  static final class Appeal extends Asking {
    @Parameters(index = "0", paramLabel = "ARTICLE", description = "Which.")
    String article = "";

    @Option(names = "--reason", paramLabel = "TEXT", required = true, description = "Why.")
    String reason = "";

    Appeal(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("stake.appeal", Json.object().put("article", article).put("reason", reason));
    }
  }

  /** {@code choir stake decide}. */
  @Command(
      name = "decide",
      description = "Decide an appeal. For a reviewer who did not accuse.",
      footer = {
        "",
        "Example:",
        "  choir stake decide ARTICLE --uphold --reason \"checked\" --as second"
      })
  static final class Decide extends Asking {
    @Parameters(index = "0", paramLabel = "ARTICLE", description = "Which.")
    String article = "";

    @Option(
        names = "--uphold",
        description = "The accusation stands; without it the stake is free.")
    boolean uphold;

    @Option(names = "--reason", paramLabel = "TEXT", required = true, description = "Why.")
    String reason = "";

    Decide(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "stake.decide",
          Json.object().put("article", article).put("uphold", uphold).put("reason", reason));
    }
  }
}
