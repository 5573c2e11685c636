package org.choir.economy.demo;

import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.Locale;
import java.util.function.Consumer;
import org.choir.core.ChoirException;
import org.choir.economy.AccountId;

/** Tells a year on a terminal: what happened and when, each amount with its receipt. */
final class Telling {
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("d MMM", Locale.ENGLISH).withZone(ZoneOffset.UTC);

  private final YearParts parts;
  private final Consumer<String> story;

  Telling(YearParts parts, Consumer<String> story) {
    this.parts = parts;
    this.story = story;
  }

  /** What happened now. */
  void tell(String what) {
    story.accept(String.format(Locale.ROOT, "%6s  %s", DAY.format(parts.clock().instant()), what));
  }

  /** How the amount of the line before came about. */
  void receipt(String words) {
    story.accept("          = " + words);
  }

  /** Formula and inputs of the newest entry of an account for a reason. */
  void receipt(AccountId account, String reason) {
    receipt(Receipts.why(parts.services().ledger(), account, reason));
  }

  /** What Ada has. */
  void table(String when) {
    EconomyYear.Standing now = EconomyYear.Standing.of(parts.services().ledger());
    story.accept(
        String.format(
            Locale.ROOT,
            "          %-12s %7s %9s %8s %8s %9s %10s",
            "",
            "credits",
            "CHIP",
            "starter",
            "staked",
            "unvested",
            "dollars"));
    story.accept(
        String.format(
            Locale.ROOT,
            "          %-12s %7d %9s %8s %8s %9s %10s",
            when,
            now.credits(),
            Receipts.chipShort(now.chip() + now.held()),
            Receipts.chipShort(now.starter()),
            Receipts.chipShort(now.staked()),
            Receipts.chipShort(now.unvested()),
            Receipts.dollars(now.usdc())));
  }

  /** Stops a year that does not go as it should. */
  static void require(boolean holds, String what) {
    if (!holds) {
      throw ChoirException.fatal("year_off_course", "the year expected that " + what, "report it");
    }
  }

  /** A month as people say it. */
  static String name(YearMonth month) {
    return month.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
  }
}
