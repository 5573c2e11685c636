package org.choir.cli;

import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir withdraw}. */
@Command(
    name = "withdraw",
    description = "Send dollars of your wallet to your bank.",
    synopsisSubcommandLabel = "[COMMAND]",
    subcommands = {
      WithdrawActions.Listed.class,
      WithdrawActions.Cancel.class,
      WithdrawActions.Bank.class
    },
    footer = {
      "",
      "Examples:",
      "  choir withdraw bank --as ada",
      "  choir withdraw 173.45 --as ada",
      "  choir withdraw list --as ada"
    })
final class WithdrawActions extends Asking {
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

  WithdrawActions(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    if (amount.isEmpty()) {
      return answer("withdraw.list", Json.object());
    }
    return answer("withdraw", Json.object().put("amount", amount).put("key", key(key)));
  }

  /** {@code choir withdraw list}. */
  @Command(
      name = "list",
      description = "Withdrawals, and how far they are.",
      footer = {"", "Example:", "  choir withdraw list --as ada"})
  static final class Listed extends Asking {
    Listed(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("withdraw.list", Json.object());
    }
  }

  /** {@code choir withdraw cancel}. */
  @Command(
      name = "cancel",
      description = "Take back a withdrawal that is still held.",
      footer = {"", "Example:", "  choir withdraw cancel ID --as ada"})
  static final class Cancel extends Asking {
    @Parameters(index = "0", paramLabel = "ID", description = "Which.")
    String id = "";

    Cancel(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("withdraw.cancel", Json.object().put("id", id));
    }
  }

  /** {@code choir withdraw bank}. */
  @Command(
      name = "bank",
      description = "Where to give your papers and your bank.",
      footer = {"", "Example:", "  choir withdraw bank --as ada"})
  static final class Bank extends Asking {
    Bank(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("withdraw.bank", Json.object());
    }
  }
}
