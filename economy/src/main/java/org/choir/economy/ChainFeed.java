package org.choir.economy;

import java.util.List;
import java.util.Map;
import org.choir.core.Currency;
import org.choir.database.Database;

/**
 * What of the ledger goes to the chain: rewards as they vest, citations as they are paid. It reads
 * the ledger itself from where it stopped, so that nothing is left out whoever ordered it and
 * wherever a server was killed. Thread-safe.
 */
public final class ChainFeed {
  private static final Map<String, Settlement.Kind> REWARDS =
      Map.of("reward_vested", Settlement.Kind.REWARD);
  private static final Map<String, Settlement.Kind> CITATIONS =
      Map.of("citation_paid", Settlement.Kind.CITATION);
  private static final int PAGE = 1_000;

  private final Database database;
  private final Ledger ledger;
  private final Settlements settlements;

  /** Over the tables of this room, which exist. */
  public ChainFeed(Database database, Ledger ledger, Settlements settlements) {
    this.database = database;
    this.ledger = ledger;
    this.settlements = settlements;
  }

  /**
   * Finds what has become due since the last time; before every {@link Settlements#settle}.
   *
   * @return how many settlements are new
   */
  public int collect() {
    return collect("unvested", Currency.CHIP, REWARDS)
        + collect("citations-%", Currency.USDC, CITATIONS);
  }

  private int collect(String purse, Currency currency, Map<String, Settlement.Kind> kinds) {
    int added = 0;
    List<AccountId> moved;
    do {
      moved = moved(purse, currency);
      for (AccountId account : moved) {
        added += settlements.collect(account, kinds);
      }
    } while (moved.size() == PAGE);
    return added;
  }

  /** Compares ledger and chain; see {@link Settlements#reconcile}. */
  public Settlements.Report reconcile() {
    return settlements.reconcile(this::collect, this::notDue);
  }

  /**
   * CHIP that left what may still be made and is not due on the chain: what open epochs may still
   * make, what has not vested, and what rewards put at stake.
   */
  private long notDue() {
    long vested =
        database.transaction(
            c ->
                Rows.number(
                    c,
                    "select coalesce(sum(amount), 0) from economy.reward_move where kind ="
                        + " 'vested' and done"));
    return Math.subtractExact(Math.subtractExact(Supply.issued(ledger), Genesis.TREASURY), vested);
  }

  /** Such accounts that were debited since their statement was read. */
  private List<AccountId> moved(String purse, Currency currency) {
    return database.transaction(
        c ->
            Rows.list(
                c,
                "select a.owner, a.purse from economy.account a left join"
                    + " economy.settlement_cursor s on s.account = a.owner || '/' || a.purse || '/'"
                    + " || lower(a.currency) where a.purse like ? and a.currency = ? and exists"
                    + " (select 1 from economy.transfer t where t.debit = a.number and t.seq >"
                    + " coalesce(s.seq, 0)) order by a.number limit ?",
                row -> new AccountId(row.getString("owner"), row.getString("purse"), currency),
                purse,
                currency.name(),
                PAGE));
  }
}
