package org.choir.economy;

import java.util.List;
import org.choir.core.Currency;

/**
 * The beginning: all CHIP there can ever be are put into one account, of which the treasury gets
 * its first holdings. From then on CHIP only move; the ledger itself refuses to make more, and
 * nothing is ever burned.
 */
public final class Genesis {
  /** 100,000,000 CHIP, in the smallest unit. */
  public static final long SUPPLY_CAP = 100_000_000_000_000L;

  /** 5,000,000 CHIP, in the smallest unit. */
  public static final long TREASURY = 5_000_000_000_000L;

  private Genesis() {}

  /** Makes sure that it has happened; at every start. */
  public static void ensure(Ledger ledger) {
    Purses.open(ledger);
    ledger.require(
        List.of(
            Transfer.move(
                    Transfer.id("genesis", "cap"),
                    Chart.mint(),
                    Chart.unissuedChip(),
                    SUPPLY_CAP,
                    "supply_cap",
                    Explanation.of("all CHIP there can ever be"))
                .chained(),
            Transfer.move(
                Transfer.id("genesis", "treasury"),
                Chart.unissuedChip(),
                Chart.treasury(Currency.CHIP),
                TREASURY,
                "genesis",
                Explanation.of("what the treasury begins with"))));
  }
}
