package org.choir.cli;

import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir deposit}. */
@Command(
    name = "deposit",
    description = "Leave dollars here; the principal is kept one for one.",
    synopsisSubcommandLabel = "[COMMAND]",
    subcommands = {DepositActions.Listed.class, DepositActions.End.class},
    footer = {"", "Examples:", "  choir deposit 100 --as ada", "  choir deposit list --as ada"})
final class DepositActions extends Asking {
  @Parameters(
      index = "0",
      arity = "0..1",
      defaultValue = "",
      paramLabel = "AMOUNT",
      description = "Dollars.")
  String amount = "";

  @Option(
      names = "--key",
      paramLabel = "K",
      defaultValue = "",
      description = "The same for each retry; a new one unless given.")
  String key = "";

  DepositActions(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    if (amount.isEmpty()) {
      return answer("deposit.list", Json.object());
    }
    return answer("deposit", Json.object().put("amount", amount).put("key", key(key)));
  }

  /** {@code choir deposit list}. */
  @Command(
      name = "list",
      description = "Your deposits.",
      footer = {"", "Example:", "  choir deposit list --as ada"})
  static final class Listed extends Asking {
    Listed(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("deposit.list", Json.object());
    }
  }

  /** {@code choir deposit end}. */
  @Command(
      name = "end",
      description = "Take a deposit back after its lockup.",
      footer = {"", "Example:", "  choir deposit end ID --as ada"})
  static final class End extends Asking {
    @Parameters(index = "0", paramLabel = "ID", description = "Which.")
    String id = "";

    End(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("deposit.end", Json.object().put("id", id));
    }
  }
}
