package org.choir.economy;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.choir.core.Currency;

/**
 * What the treasury holds of a currency, added up again from its named inflows and outflows alone.
 *
 * @param inflows what came in, by name
 * @param outflows what left, by name
 * @param unnamed how many transfers have no name; must be 0
 * @param balance what the ledger says
 */
public record TreasuryBooks(
    Currency currency,
    Map<TreasuryFlow, Long> inflows,
    Map<TreasuryFlow, Long> outflows,
    long unnamed,
    long balance) {
  private static final int PAGE = 1_000;

  /** Reads every entry of the account, as it stood after an entry of the ledger. */
  public static TreasuryBooks of(Ledger ledger, Currency currency, long seq) {
    AccountId treasury = Chart.treasury(currency);
    Map<TreasuryFlow, Long> in = new EnumMap<>(TreasuryFlow.class);
    Map<TreasuryFlow, Long> out = new EnumMap<>(TreasuryFlow.class);
    long unnamed = 0;
    long before = Math.addExact(seq, 1);
    List<LedgerEntry> page;
    do {
      page = ledger.statement(treasury, before, PAGE);
      for (LedgerEntry entry : page) {
        before = entry.seq();
        Transfer.Kind kind = entry.transfer().kind();
        if (kind != Transfer.Kind.MOVE && kind != Transfer.Kind.POST) {
          continue;
        }
        var flow = TreasuryFlow.of(entry.transfer().reason());
        if (flow.isEmpty()) {
          unnamed++;
          continue;
        }
        (entry.credit().equals(treasury) ? in : out)
            .merge(flow.get(), entry.moved(), Math::addExact);
      }
    } while (page.size() == PAGE);
    return new TreasuryBooks(currency, in, out, unnamed, ledger.balanceAt(treasury, seq).posted());
  }

  /** What the named flows come to. */
  public long sum() {
    return Math.subtractExact(total(inflows), total(outflows));
  }

  /** Whether every flow has a name and together they are the balance. */
  public boolean agree() {
    return unnamed == 0 && sum() == balance;
  }

  private static long total(Map<TreasuryFlow, Long> flows) {
    return flows.values().stream().reduce(0L, Math::addExact);
  }
}
