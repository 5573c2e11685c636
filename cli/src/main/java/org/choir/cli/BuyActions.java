package org.choir.cli;

import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir buy}. */
@Command(
    name = "buy",
    description = "Buy credits or CHIP.",
    synopsisSubcommandLabel = "[COMMAND]",
    subcommands = {
      BuyActions.Credits.class,
      BuyActions.Chip.class,
      BuyActions.Debt.class,
      BuyActions.Autopurchase.class,
      BuyActions.Bought.class
    },
    footer = {
      "",
      "Examples:",
      "  choir buy credits 500 --as ada",
      "  choir buy chip 100 --as ada",
      "  choir buy autopurchase on --as ada"
    })
final class BuyActions extends Asking {
  BuyActions(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    return answer("buy.list", Json.object());
  }

  /** {@code choir buy credits}. */
  @Command(
      name = "credits",
      description = "Buy credits by card, or with the dollars of your wallet.",
      footer = {"", "Example:", "  choir buy credits 500 --as ada"})
  static final class Credits extends Asking {
    @Parameters(index = "0", paramLabel = "N", description = "How many.")
    String amount = "";

    @Option(names = "--usdc", description = "Pay from the wallet.")
    boolean usdc;

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Credits(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "buy.credits",
          Json.object().put("amount", amount).put("usdc", usdc).put("key", key(key)));
    }
  }

  /** {@code choir buy chip}. */
  @Command(
      name = "chip",
      description = "Buy CHIP from the treasury at its price, by card.",
      footer = {"", "Example:", "  choir buy chip 100 --as ada"})
  static final class Chip extends Asking {
    @Parameters(index = "0", paramLabel = "N", description = "How many.")
    String amount = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Chip(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("buy.chip", Json.object().put("amount", amount).put("key", key(key)));
    }
  }

  /** {@code choir buy debt}. */
  @Command(
      name = "debt",
      description = "Pay what you owe because a payment was taken back.",
      footer = {"", "Example:", "  choir buy debt --as ada"})
  static final class Debt extends Asking {
    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Debt(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("buy.debt", Json.object().put("key", key(key)));
    }
  }

  /** {@code choir buy autopurchase}. */
  @Command(
      name = "autopurchase",
      description = "Let your card buy credits when few are left; on, off, or how it stands.",
      footer = {"", "Example:", "  choir buy autopurchase on --as ada"})
  static final class Autopurchase extends Asking {
    @Parameters(
        arity = "0..1",
        paramLabel = "on|off",
        defaultValue = "",
        description = "Which; see above.")
    String onOff = "";

    Autopurchase(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("buy.autopurchase", Json.object().put("switch", onOff));
    }
  }

  /** {@code choir buy list}. */
  @Command(
      name = "list",
      description = "What was bought, and how far it is.",
      footer = {"", "Example:", "  choir buy list --as ada"})
  static final class Bought extends Asking {
    Bought(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("buy.list", Json.object());
    }
  }
}
