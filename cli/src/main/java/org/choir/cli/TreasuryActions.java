package org.choir.cli;

import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir treasury}. */
@Command(
    name = "treasury",
    description = "The treasury: what it has and owes, its price and its books.",
    synopsisSubcommandLabel = "[COMMAND]",
    subcommands = {
      TreasuryActions.Books.class,
      TreasuryActions.Check.class,
      TreasuryActions.Simulate.class,
      TreasuryActions.Offer.class,
      TreasuryActions.PaidIn.class,
      TreasuryActions.Repay.class,
      TreasuryActions.Lend.class,
      TreasuryActions.Resume.class,
      TreasuryActions.Round.class
    },
    footer = {
      "",
      "Examples:",
      "  choir treasury",
      "  choir treasury simulate crash",
      "  choir treasury check"
    })
final class TreasuryActions extends Asking {
  TreasuryActions(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    return answer("treasury", Json.object());
  }

  /** {@code choir treasury books}. */
  @Command(
      name = "books",
      description = "Its named inflows and outflows, added up.",
      footer = {"", "Example:", "  choir treasury books"})
  static final class Books extends Asking {
    Books(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("treasury.books", Json.object());
    }
  }

  /** {@code choir treasury check}. */
  @Command(
      name = "check",
      description = "Check the whole ledger against itself.",
      footer = {"", "Example:", "  choir treasury check"})
  static final class Check extends Asking {
    Check(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("treasury.check", Json.object());
    }
  }

  /** {@code choir treasury simulate}. */
  @Command(
      name = "simulate",
      description = "What would happen: launch, growth, maturity, five-dollars, crash, or all.",
      footer = {"", "Example:", "  choir treasury simulate crash"})
  static final class Simulate extends Asking {
    @Parameters(
        arity = "0..1",
        paramLabel = "NAME",
        defaultValue = "",
        description = "Which; see above.")
    String scenario = "";

    Simulate(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "treasury.simulate",
          scenario.isEmpty() ? Json.object() : Json.object().put("scenario", scenario));
    }
  }

  /** {@code choir treasury offer}. */
  @Command(
      name = "offer",
      description = "Offer CHIP at a price. For operators.",
      footer = {"", "Example:", "  choir treasury offer 2.50"})
  static final class Offer extends Asking {
    @Parameters(index = "0", paramLabel = "DOLLARS", description = "For one CHIP.")
    String price = "";

    Offer(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("treasury.offer", Json.object().put("price", price));
    }
  }

  /** {@code choir treasury paid-in}. */
  @Command(
      name = "paid-in",
      description = "Dollars of the lender have arrived. For operators.",
      footer = {"", "Example:", "  choir treasury paid-in 75000"})
  static final class PaidIn extends Asking {
    @Parameters(index = "0", paramLabel = "DOLLARS", description = "How many.")
    String amount = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    PaidIn(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("treasury.paid-in", Json.object().put("amount", amount).put("key", key(key)));
    }
  }

  /** {@code choir treasury repay}. */
  @Command(
      name = "repay",
      description = "Give dollars back to the lender. For operators.",
      footer = {"", "Example:", "  choir treasury repay 1000"})
  static final class Repay extends Asking {
    @Parameters(index = "0", paramLabel = "DOLLARS", description = "How many.")
    String amount = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Repay(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("treasury.repay", Json.object().put("amount", amount).put("key", key(key)));
    }
  }

  /** {@code choir treasury lend}. */
  @Command(
      name = "lend",
      description = "Set dollars aside to lend to users. For operators.",
      footer = {"", "Example:", "  choir treasury lend 5000"})
  static final class Lend extends Asking {
    @Parameters(index = "0", paramLabel = "DOLLARS", description = "How many.")
    String amount = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Lend(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("treasury.lend", Json.object().put("amount", amount).put("key", key(key)));
    }
  }

  /** {@code choir treasury resume}. */
  @Command(
      name = "resume",
      description = "Let payouts go on after ledger and chain disagreed. For operators.",
      footer = {"", "Example:", "  choir treasury resume --reason \"indexer was behind\""})
  static final class Resume extends Asking {
    @Option(
        names = "--reason",
        paramLabel = "TEXT",
        required = true,
        description = "What was found.")
    String reason = "";

    Resume(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("treasury.resume", Json.object().put("reason", reason));
    }
  }

  /** {@code choir treasury round}. */
  @Command(
      name = "round",
      description = "Do now what is due by itself: prices, citations, vesting, payments.",
      footer = {"", "Example:", "  choir treasury round"})
  static final class Round extends Asking {
    Round(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("treasury.round", Json.object());
    }
  }
}
