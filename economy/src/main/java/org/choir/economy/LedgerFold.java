package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;

/** Balances added up from the transfers, which are the truth. */
final class LedgerFold {
  /** Every side of every transfer as four sums; kinds are {@link Transfer.Kind}'s. */
  private static final String SIDES =
      "(select debit as account, seq, case when kind in (0, 2) then moved else 0 end as dp,"
          + " 0::int8 as cp, case kind when 1 then moved when 0 then 0 else -reserved end as dr,"
          + " 0::int8 as cr from economy.transfer union all"
          + " select credit, seq, 0, case when kind in (0, 2) then moved else 0 end, 0,"
          + " case kind when 1 then moved when 0 then 0 else -reserved end"
          + " from economy.transfer) t";

  private LedgerFold() {}

  /** From the snapshot before it, or from the beginning. */
  static Balance balanceAt(Connection c, long account, long seq) throws SQLException {
    return LedgerRows.list(
            c,
            "with s as (select * from economy.balance_snapshot where account = ? and seq <= ?"
                + " order by seq desc limit 1), f as (select coalesce((select seq from s), 0)"
                + " as seq) select"
                + " (coalesce((select debits_posted from s), 0) + coalesce(sum(t.dp), 0))::int8"
                + " as debits_posted,"
                + " (coalesce((select credits_posted from s), 0) + coalesce(sum(t.cp), 0))::int8"
                + " as credits_posted,"
                + " (coalesce((select debits_pending from s), 0) + coalesce(sum(t.dr), 0))::int8"
                + " as debits_pending,"
                + " (coalesce((select credits_pending from s), 0) + coalesce(sum(t.cr), 0))::int8"
                + " as credits_pending from "
                + SIDES
                + " where t.account = ? and t.seq > (select seq from f) and t.seq <= ?",
            s -> {
              s.setLong(1, account);
              s.setLong(2, seq);
              s.setLong(3, account);
              s.setLong(4, seq);
            },
            LedgerRows::balance)
        .getFirst();
  }

  /** How many accounts do not stand as their transfers say. */
  static String differences() {
    return "select count(*) from economy.account a full join (select account,"
        + " sum(dp) as dp, sum(cp) as cp, sum(dr) as dr, sum(cr) as cr from "
        + SIDES
        + " group by account) f on f.account = a.number where a.number is null"
        + " or coalesce(f.dp, 0) <> a.debits_posted or coalesce(f.cp, 0) <> a.credits_posted"
        + " or coalesce(f.dr, 0) <> a.debits_pending or coalesce(f.cr, 0) <> a.credits_pending";
  }
}
