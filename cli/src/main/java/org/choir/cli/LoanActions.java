package org.choir.cli;

import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir loan}. */
@Command(
    name = "loan",
    description = "Borrow dollars against your CHIP.",
    synopsisSubcommandLabel = "[COMMAND]",
    subcommands = {LoanActions.Listed.class, LoanActions.Repay.class, LoanActions.Pledge.class},
    footer = {
      "",
      "Examples:",
      "  choir loan 50 --chip 100 --as ada",
      "  choir loan repay ID 10 --as ada"
    })
final class LoanActions extends Asking {
  @Parameters(
      index = "0",
      arity = "0..1",
      defaultValue = "",
      paramLabel = "AMOUNT",
      description = "Dollars.")
  String amount = "";

  @Option(
      names = "--chip",
      paramLabel = "N",
      defaultValue = "",
      description = "CHIP that you pledge.")
  String chip = "";

  @Option(
      names = "--key",
      paramLabel = "K",
      defaultValue = "",
      description = "The same for each retry; a new one unless given.")
  String key = "";

  LoanActions(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    if (amount.isEmpty()) {
      return answer("loan.list", Json.object());
    }
    return answer(
        "loan", Json.object().put("amount", amount).put("chip", chip).put("key", key(key)));
  }

  /** {@code choir loan list}. */
  @Command(
      name = "list",
      description = "Your loans.",
      footer = {"", "Example:", "  choir loan list --as ada"})
  static final class Listed extends Asking {
    Listed(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("loan.list", Json.object());
    }
  }

  /** {@code choir loan repay}. */
  @Command(
      name = "repay",
      description = "Pay interest and principal back.",
      footer = {"", "Example:", "  choir loan repay ID 10 --as ada"})
  static final class Repay extends Asking {
    @Parameters(index = "0", paramLabel = "ID", description = "Which.")
    String id = "";

    @Parameters(index = "1", paramLabel = "AMOUNT", description = "Dollars.")
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
      return answer(
          "loan.repay", Json.object().put("id", id).put("amount", amount).put("key", key(key)));
    }
  }

  /** {@code choir loan pledge}. */
  @Command(
      name = "pledge",
      description = "Add CHIP to what secures a loan.",
      footer = {"", "Example:", "  choir loan pledge ID --chip 20 --as ada"})
  static final class Pledge extends Asking {
    @Parameters(index = "0", paramLabel = "ID", description = "Which.")
    String id = "";

    @Option(names = "--chip", paramLabel = "N", required = true, description = "How many.")
    String chip = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Pledge(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "loan.pledge", Json.object().put("id", id).put("chip", chip).put("key", key(key)));
    }
  }
}
