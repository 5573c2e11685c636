package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir wallet}. */
@Command(
    name = "wallet",
    description = "What you have in credits, CHIP and dollars, and where it came from.",
    synopsisSubcommandLabel = "[COMMAND]",
    subcommands = {
      WalletActions.Signup.class,
      WalletActions.Statement.class,
      WalletActions.Receipt.class,
      WalletActions.Send.class,
      AllowanceActions.Allow.class,
      AllowanceActions.Allowance.class
    },
    footer = {
      "",
      "Examples:",
      "  choir wallet --as ada",
      "  choir wallet statement --currency usdc --as ada",
      "  choir wallet receipt ID --as ada"
    })
final class WalletActions extends Asking {
  WalletActions(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    return answer("wallet", Json.object());
  }

  /** {@code choir wallet signup}. */
  @Command(
      name = "signup",
      description = "Open an account with its starting credits and CHIP.",
      footer = {"", "Example:", "  choir wallet signup --as ada"})
  static final class Signup extends Asking {
    Signup(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("wallet.signup", Json.object());
    }
  }

  /** {@code choir wallet statement}. */
  @Command(
      name = "statement",
      description = "What came in and what left, newest first.",
      footer = {"", "Example:", "  choir wallet statement --currency credits --as ada"})
  static final class Statement extends Asking {
    @Option(
        names = "--currency",
        paramLabel = "C",
        defaultValue = "chip",
        description = "credits, chip or usdc.")
    String currency = "";

    @Option(
        names = "--purse",
        paramLabel = "P",
        defaultValue = "available",
        description = "Which purse: available, starter, staked, unvested, citations.")
    String purse = "";

    @Option(
        names = "--before",
        paramLabel = "N",
        defaultValue = "0",
        description = "Only before this number of the ledger.")
    long before;

    @Option(names = "--limit", paramLabel = "N", defaultValue = "25", description = "At most.")
    int limit;

    Statement(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode asked =
          Json.object().put("currency", currency).put("purse", purse).put("limit", limit);
      if (before > 0) {
        asked.put("before", before);
      }
      return answer("wallet.statement", asked);
    }
  }

  /** {@code choir wallet receipt}. */
  @Command(
      name = "receipt",
      description = "Why an amount is what it is: formula and inputs.",
      footer = {"", "Example:", "  choir wallet receipt 820d5d8b --as ada"})
  static final class Receipt extends Asking {
    @Parameters(
        index = "0",
        paramLabel = "ID",
        description = "A transfer, or the beginning of its id.")
    String id = "";

    Receipt(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("wallet.receipt", Json.object().put("id", id));
    }
  }

  /** {@code choir wallet send}. */
  @Command(
      name = "send",
      description = "Send dollars to another user.",
      footer = {"", "Example:", "  choir wallet send 5 bob --as ada"})
  static final class Send extends Asking {
    @Parameters(index = "0", paramLabel = "AMOUNT", description = "How much.")
    String amount = "";

    @Parameters(index = "1", paramLabel = "USER", description = "To whom.")
    String to = "";

    @Option(names = "--note", paramLabel = "TEXT", defaultValue = "", description = "Why.")
    String note = "";

    @Option(
        names = "--key",
        paramLabel = "K",
        defaultValue = "",
        description = "The same for each retry; a new one unless given.")
    String key = "";

    Send(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "wallet.send",
          Json.object().put("amount", amount).put("to", to).put("note", note).put("key", key(key)));
    }
  }
}
