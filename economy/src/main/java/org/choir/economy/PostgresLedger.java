package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.database.Database;

/** The ledger on PostgreSQL: one writer, everybody reads. Thread-safe. */
public final class PostgresLedger implements Ledger, AutoCloseable {
  private static final int STATEMENT_MAX = 1_000;

  private final Database database;
  private final LedgerWriter writer;

  private PostgresLedger(Database database, LedgerWriter writer) {
    this.database = database;
    this.writer = writer;
  }

  /**
   * Opens the ledger and becomes its writer. The room's schema must be there (migration {@code
   * economy}).
   *
   * @throws ChoirException {@code lease_held} if another writes it, {@code ledger_unavailable}
   */
  public static PostgresLedger open(Database database, LedgerOptions options, InstantSource clock) {
    return open(database, options, clock, UnaryOperator.identity());
  }

  /**
   * @param wire between the writer and its connection
   */
  static PostgresLedger open(
      Database database,
      LedgerOptions options,
      InstantSource clock,
      UnaryOperator<Connection> wire) {
    return new PostgresLedger(database, new LedgerWriter(database, options, clock, wire));
  }

  @Override
  public void open(AccountId account, Limit limit) {
    Limit there =
        database.transaction(
            c -> {
              LedgerRows.change(
                  c,
                  "insert into economy.account (owner, purse, currency, may)"
                      + " values (?, ?, ?, ?) on conflict do nothing",
                  s -> {
                    s.setString(1, account.owner());
                    s.setString(2, account.purse());
                    s.setString(3, account.currency().name());
                    s.setString(4, limit.name().toLowerCase(Locale.ROOT));
                  });
              return standing(c, account).orElseThrow().limit();
            });
    if (there != limit) {
      throw ChoirException.fatal(
          "account_limit", account + " exists with the limit " + there + ", not " + limit, "");
    }
  }

  @Override
  public List<Outcome> submit(List<Transfer> orders) {
    for (Transfer order : orders) {
      if (order.kind() == Transfer.Kind.EXPIRE) {
        throw new IllegalArgumentException("only the ledger itself ends a reservation so");
      }
    }
    return writer.submit(List.copyOf(orders));
  }

  @Override
  public Balance balance(AccountId account) {
    return database.transaction(
        c -> standing(c, account).map(LedgerJudge.Standing::balance).orElse(Balance.ZERO));
  }

  private static Optional<LedgerJudge.Standing> standing(Connection c, AccountId account)
      throws SQLException {
    return Optional.ofNullable(LedgerRows.accounts(c, List.of(account)).get(account));
  }

  @Override
  public Balance balanceAt(AccountId account, long seq) {
    return database.transaction(
        c -> {
          Optional<LedgerJudge.Standing> standing = standing(c, account);
          return standing.isEmpty()
              ? Balance.ZERO
              : LedgerFold.balanceAt(c, standing.get().number(), seq);
        });
  }

  @Override
  public long seq() {
    return database
        .transaction(
            c ->
                LedgerRows.list(c, "select seq from economy.shard", s -> {}, row -> row.getLong(1)))
        .getFirst();
  }

  @Override
  public List<AccountId> accounts(String purse, Currency currency) {
    return database.transaction(
        c ->
            LedgerRows.list(
                c,
                "select * from economy.account where purse = ? and currency = ?"
                    + " order by owner collate \"C\"",
                s -> {
                  s.setString(1, purse);
                  s.setString(2, currency.name());
                },
                LedgerRows::account));
  }

  @Override
  public Optional<LedgerEntry> find(UUID id) {
    return database.transaction(c -> LedgerRows.entries(c, List.of(id))).stream().findFirst();
  }

  @Override
  public List<LedgerEntry> statement(AccountId account, long before, int limit) {
    if (limit < 1 || limit > STATEMENT_MAX) {
      throw new IllegalArgumentException("a page of " + limit);
    }
    return database.transaction(
        c -> {
          Optional<LedgerJudge.Standing> standing = standing(c, account);
          return standing.isEmpty()
              ? List.of()
              : LedgerRows.statement(c, standing.get().number(), before, limit);
        });
  }

  @Override
  public void close() {
    writer.close();
  }
}
