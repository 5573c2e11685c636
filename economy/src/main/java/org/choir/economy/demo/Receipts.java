package org.choir.economy.demo;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.choir.economy.AccountId;
import org.choir.economy.Explanation;
import org.choir.economy.Ledger;
import org.choir.economy.LedgerEntry;

/** Amounts and their receipts in words. */
final class Receipts {
  private static final int LOOKED_AT = 1_000;

  /** Inputs that say which thing it was, not how much. */
  private static final Set<String> NAMES =
      Set.of("citation", "article", "month", "purchase", "withdrawal", "run", "reason");

  private Receipts() {}

  /** The newest entry of an account that was made for this reason. */
  static Optional<LedgerEntry> newest(Ledger ledger, AccountId account, String reason) {
    return ledger.statement(account, Long.MAX_VALUE, LOOKED_AT).stream()
        .filter(entry -> entry.transfer().reason().equals(reason))
        .findFirst();
  }

  /** Formula and inputs of the newest entry for a reason, as it is kept in the ledger. */
  static String why(Ledger ledger, AccountId account, String reason) {
    return newest(ledger, account, reason)
        .map(entry -> words(entry.transfer().explanation()))
        .orElse("");
  }

  /** A formula and its inputs on one line, without what only names things. */
  static String words(Explanation why) {
    String inputs =
        why.inputs().entrySet().stream()
            .filter(input -> !input.getValue().isEmpty() && !NAMES.contains(input.getKey()))
            .map(Receipts::words)
            .collect(Collectors.joining(", "));
    return inputs.isEmpty() ? why.formula() : why.formula() + " (" + inputs + ")";
  }

  private static String words(Map.Entry<String, String> input) {
    return input.getKey() + " " + input.getValue();
  }

  /** Millionths of a dollar as people write them, at least two decimals. */
  static String dollars(long micro) {
    return "$" + grouped(micro, 2);
  }

  /** Millionths of a CHIP. */
  static String chip(long micro) {
    return grouped(micro, 0) + " CHIP";
  }

  private static String grouped(long micro, int decimalsMin) {
    BigDecimal amount = BigDecimal.valueOf(micro, 6).stripTrailingZeros();
    int decimals = Math.max(decimalsMin, amount.scale());
    return String.format(Locale.ENGLISH, "%,." + decimals + "f", amount);
  }

  /** Millionths of a CHIP, two decimals, for tables; what is less is left out. */
  static String chipShort(long micro) {
    return BigDecimal.valueOf(micro, 6).setScale(2, RoundingMode.DOWN).toPlainString();
  }
}
