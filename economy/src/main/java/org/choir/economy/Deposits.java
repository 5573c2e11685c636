package org.choir.economy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Dollars that users leave here. The principal lies in a reserve that nothing else touches, one for
 * one with what is owed; yield comes only from a surplus that operations has earned, set aside and
 * shares. Thread-safe in one process.
 */
public final class Deposits {
  private static final int ORDERS_MAX = 500;

  private final Database database;
  private final Ledger ledger;
  private final ParameterHistory parameters;
  private final InstantSource clock;
  private final ReentrantLock lock = new ReentrantLock();

  /**
   * A deposit.
   *
   * @param amount the principal
   * @param freeAt from when on it may leave
   * @param state {@code requested}, {@code kept}, {@code leaving} or {@code withdrawn}
   */
  public record Deposit(
      String id,
      TenantId owner,
      long amount,
      Instant at,
      Instant freeAt,
      Optional<Instant> endedAt,
      String state) {}

  /** Over a database whose room {@code economy} is migrated. */
  public Deposits(
      Database database, Ledger ledger, ParameterHistory parameters, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.parameters = parameters;
    this.clock = clock;
    ledger.open(Chart.depositReserve(), Limit.NO_OVERDRAFT);
    ledger.open(Chart.depositLiability(), Limit.NO_OVERPAYMENT);
    ledger.open(Chart.revenue(), Limit.NO_OVERDRAFT);
    ledger.open(Chart.surplus(), Limit.NO_OVERDRAFT);
  }

  /**
   * Takes dollars of a user into the reserve.
   *
   * @param key the same for each retry
   * @throws ChoirException {@code bad_amount}, {@code bad_key}, {@code key_reused}, {@code
   *     ledger_exceeds_credits}
   */
  public Deposit deposit(TenantId user, long amount, String key) {
    Requests.amount(amount, "dollars");
    String id = "d" + Digest.of(user + " " + Requests.key(key)).prefix(12);
    lock.lock();
    try {
      Instant now = clock.instant();
      long lockup = parameters.at(now).of(Parameter.DEPOSIT_LOCKUP);
      database.transaction(
          c ->
              Rows.update(
                  c,
                  "insert into economy.deposit (id, owner, key, amount, at, free_at, state)"
                      + " values (?, ?, ?, ?, ?, ?, 'requested') on conflict do nothing",
                  id,
                  user.value(),
                  key,
                  amount,
                  now,
                  now.plusSeconds(lockup)));
      Deposit deposit = find(user, id);
      if (deposit.amount() != amount) {
        throw ChoirException.usage(
            "key_reused", "the key " + key + " was used for another amount", "use a new key");
      }
      if (deposit.state().equals("requested")) {
        take(deposit);
      }
      return find(user, id);
    } finally {
      lock.unlock();
    }
  }

  private void take(Deposit deposit) {
    AccountId kept = Chart.deposit(deposit.owner(), deposit.id());
    AccountId available = Chart.available(deposit.owner(), Currency.USDC);
    ledger.open(available, Limit.NO_OVERDRAFT);
    ledger.open(kept, Limit.NO_OVERDRAFT);
    Explanation why =
        Explanation.of("principal, one for one", "deposit", deposit.id(), "free", deposit.freeAt());
    try {
      // The reserve first: so the liability is covered after every single entry.
      ledger.require(
          Transfer.together(
              Transfer.move(
                  Transfer.id("deposit", deposit.id(), "cash"),
                  available,
                  Chart.depositReserve(),
                  deposit.amount(),
                  "deposit_kept",
                  why),
              Transfer.move(
                  Transfer.id("deposit", deposit.id(), "claim"),
                  Chart.depositLiability(),
                  kept,
                  deposit.amount(),
                  "deposit_owed",
                  why)));
    } catch (LedgerException e) {
      database.transaction(
          c -> Rows.update(c, "delete from economy.deposit where id = ?", deposit.id()));
      throw e;
    }
    state(deposit.id(), "kept");
  }

  /**
   * Gives a deposit back, whole.
   *
   * @throws ChoirException {@code no_such_deposit}, {@code deposit_locked} with the date
   */
  public Deposit withdraw(TenantId user, String id) {
    lock.lock();
    try {
      Deposit deposit = find(user, id);
      Instant now = clock.instant();
      if (deposit.state().equals("requested")) {
        take(deposit);
      }
      if (now.isBefore(deposit.freeAt())) {
        throw ChoirException.fatal(
            "deposit_locked",
            "the deposit " + id + " is locked until " + deposit.freeAt(),
            "withdraw it from " + deposit.freeAt() + " on");
      }
      database.transaction(
          c ->
              Rows.update(
                  c,
                  "update economy.deposit set state = 'leaving', ended_at = ?"
                      + " where id = ? and state = 'kept'",
                  now,
                  id));
      give(deposit);
      return find(user, id);
    } finally {
      lock.unlock();
    }
  }

  private void give(Deposit deposit) {
    Explanation why = Explanation.of("principal, one for one", "deposit", deposit.id());
    ledger.require(
        Transfer.together(
            Transfer.move(
                Transfer.id("deposit", deposit.id(), "unclaim"),
                Chart.deposit(deposit.owner(), deposit.id()),
                Chart.depositLiability(),
                deposit.amount(),
                "deposit_cleared",
                why),
            Transfer.move(
                Transfer.id("deposit", deposit.id(), "back"),
                Chart.depositReserve(),
                Chart.available(deposit.owner(), Currency.USDC),
                deposit.amount(),
                "deposit_returned",
                why)));
    state(deposit.id(), "withdrawn");
  }

  /** Does what was asked for before a crash and not done; to be called at the start. */
  public void finish() {
    lock.lock();
    try {
      for (Deposit deposit : list("where state in ('requested', 'leaving') order by at, id")) {
        if (deposit.state().equals("leaving")) {
          give(deposit);
        } else {
          finishTaking(deposit);
        }
      }
      List<String> shares =
          database.transaction(
              c ->
                  Rows.list(
                      c,
                      "select key from economy.surplus where state = 'requested' order by at",
                      row -> row.getString("key")));
      shares.forEach(this::pay);
    } finally {
      lock.unlock();
    }
  }

  private void finishTaking(Deposit deposit) {
    try {
      take(deposit);
    } catch (LedgerException e) {
      // Refused for good and its row is gone; whoever asked is told when they ask again.
      System.getLogger(Deposits.class.getName())
          .log(System.Logger.Level.INFO, "a deposit was refused: " + e.code());
    }
  }

  /**
   * Sets a part of what operations has earned aside for depositors.
   *
   * @param key the same for each retry
   * @throws ChoirException {@code bad_amount}, {@code bad_key}, {@code ledger_exceeds_credits}
   */
  public void setAside(long amount, String key) {
    ledger.require(
        Transfer.move(
            Transfer.id("surplus", Requests.key(key)),
            Chart.revenue(),
            Chart.surplus(),
            Requests.amount(amount, "dollars"),
            "surplus_set_aside",
            Explanation.NONE));
  }

  /**
   * Shares a surplus that was set aside among those whose dollars were here in a period, by
   * principal times days.
   *
   * @param until the day after the last
   * @param key the same for each retry
   * @return the parts
   * @throws ChoirException {@code bad_amount}, {@code bad_key}, {@code bad_period}, {@code
   *     surplus_too_small}, {@code no_deposits}
   */
  public List<SurplusRule.Part> share(LocalDate since, LocalDate until, long amount, String key) {
    Requests.amount(amount, "dollars");
    Requests.key(key);
    lock.lock();
    try {
      finish();
      List<SurplusRule.Part> parts =
          SurplusRule.parts(
              amount, list("order by at, id").stream().map(Deposits::kept).toList(), since, until);
      if (!known(key)) {
        judge(since, until, amount, parts);
        database.transaction(c -> insert(c, since, until, amount, key, parts));
      }
      pay(key);
      return parts;
    } finally {
      lock.unlock();
    }
  }

  private static SurplusRule.Kept kept(Deposit deposit) {
    return new SurplusRule.Kept(
        deposit.id(),
        deposit.owner(),
        deposit.amount(),
        LocalDate.ofInstant(deposit.at(), ZoneOffset.UTC),
        deposit.endedAt().map(at -> LocalDate.ofInstant(at, ZoneOffset.UTC)));
  }

  private boolean known(String key) {
    return database.transaction(
        c ->
            Rows.first(c, "select 1 from economy.surplus where key = ?", row -> 1, key)
                .isPresent());
  }

  private void judge(LocalDate since, LocalDate until, long amount, List<SurplusRule.Part> parts) {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    boolean overlaps =
        database.transaction(
            c ->
                Rows.first(
                        c,
                        "select 1 from economy.surplus where since < ? and until > ?",
                        row -> 1,
                        until,
                        since)
                    .isPresent());
    if (!since.isBefore(until) || until.isAfter(today) || overlaps) {
      throw ChoirException.usage(
          "bad_period",
          "from " + since + " to " + until + " is no period that is over and not shared yet",
          "give days that are over and that no share has counted");
    }
    long there = ledger.balance(Chart.surplus()).available();
    if (there < amount) {
      throw ChoirException.fatal(
          "surplus_too_small",
          "operations has set aside " + there + " micro-dollars, not " + amount,
          "set aside what was earned first; principal is never shared");
    }
    if (parts.isEmpty()) {
      throw ChoirException.usage(
          "no_deposits", "no deposit was here from " + since + " to " + until, "");
    }
  }

  private int insert(
      Connection c,
      LocalDate since,
      LocalDate until,
      long amount,
      String key,
      List<SurplusRule.Part> parts)
      throws SQLException {
    Rows.update(
        c,
        "insert into economy.surplus (key, since, until, amount, at, state)"
            + " values (?, ?, ?, ?, ?, 'requested')",
        key,
        since,
        until,
        amount,
        clock.instant());
    for (SurplusRule.Part part : parts) {
      Rows.update(
          c,
          "insert into economy.surplus_part (surplus, deposit, owner, principal, days, amount,"
              + " explanation) values (?, ?, ?, ?, ?, ?, ?::jsonb)",
          key,
          part.kept().deposit(),
          part.kept().owner().value(),
          part.kept().principal(),
          part.days(),
          part.amount(),
          Json.write(part.explanation().json()));
    }
    return parts.size();
  }

  private void pay(String key) {
    List<Transfer> orders =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select * from economy.surplus_part where surplus = ? and amount > 0"
                        + " order by deposit",
                    row -> order(key, row),
                    key));
    for (int i = 0; i < orders.size(); i += ORDERS_MAX) {
      ledger.require(orders.subList(i, Math.min(orders.size(), i + ORDERS_MAX)));
    }
    database.transaction(
        c -> Rows.update(c, "update economy.surplus set state = 'paid' where key = ?", key));
  }

  private static Transfer order(String key, ResultSet row) throws SQLException {
    return Transfer.move(
        Transfer.id("surplus", key, row.getString("deposit")),
        Chart.surplus(),
        Chart.available(new TenantId(row.getString("owner")), Currency.USDC),
        row.getLong("amount"),
        "surplus_shared",
        Explanation.parse(Json.parseObject(row.getString("explanation"))));
  }

  /** A user's deposits, oldest first. */
  public List<Deposit> of(TenantId user) {
    return list("where owner = ? order by at, id", user.value());
  }

  /**
   * Whether what is owed to depositors was covered by the reserve when the ledger had accepted so
   * many orders.
   */
  public boolean covered(long seq) {
    long owed = Math.negateExact(ledger.balanceAt(Chart.depositLiability(), seq).posted());
    return owed <= ledger.balanceAt(Chart.depositReserve(), seq).available();
  }

  private Deposit find(TenantId user, String id) {
    return list("where id = ? and owner = ?", id, user.value()).stream()
        .findFirst()
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_deposit", user + " has no deposit " + id, "see: choir deposit"));
  }

  private List<Deposit> list(String condition, Object... arguments) {
    return database.transaction(
        c ->
            Rows.list(
                c,
                "select * from economy.deposit " + condition,
                row ->
                    new Deposit(
                        row.getString("id"),
                        new TenantId(row.getString("owner")),
                        row.getLong("amount"),
                        Rows.instant(row, "at"),
                        Rows.instant(row, "free_at"),
                        Rows.maybeInstant(row, "ended_at"),
                        row.getString("state")),
                arguments));
  }

  private void state(String id, String state) {
    database.transaction(
        c -> Rows.update(c, "update economy.deposit set state = ? where id = ?", state, id));
  }
}
