package org.choir.economy.demo;

import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.economy.AccountId;
import org.choir.economy.Ledger;
import org.choir.economy.LedgerEntry;

/** Amounts and their receipts in words. */
final class Receipts {
  private static final int LOOKED_AT = 1_000;

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

  /** A formula and its inputs on one line. */
  static String words(org.choir.economy.Explanation why) {
    String inputs =
        why.inputs().entrySet().stream()
            .filter(input -> !input.getValue().isEmpty())
            .map(Receipts::words)
            .collect(Collectors.joining(", "));
    return inputs.isEmpty() ? why.formula() : why.formula() + " (" + inputs + ")";
  }

  private static String words(Map.Entry<String, String> input) {
    return input.getKey() + " " + input.getValue();
  }

  /** Millionths of a dollar as people write them, at least two decimals. */
  static String dollars(long micro) {
    BigDecimal amount = BigDecimal.valueOf(micro, 6).stripTrailingZeros();
    return "$" + amount.setScale(Math.max(2, amount.scale())).toPlainString();
  }

  /** Millionths of a CHIP. */
  static String chip(long micro) {
    return new Money(micro, Currency.CHIP).toString();
  }

  /** Millionths of a CHIP, two decimals, for tables; what is less is left out. */
  static String chipShort(long micro) {
    return BigDecimal.valueOf(micro, 6).setScale(2, java.math.RoundingMode.DOWN).toPlainString();
  }
}
