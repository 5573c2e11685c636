package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.choir.economy.Withdrawal.State;

/**
 * USDC of wallets paid out to banks. The sum is reserved when it is asked for, sent when its hold
 * is over, and leaves the books when the bank has it; if it comes back it is in the wallet again,
 * even days after it was paid. Every step is written down before it is taken, so that whoever finds
 * an unfinished withdrawal goes on with it. Thread-safe.
 */
public final class Withdrawals {
  private static final int LIST_MAX = 1_000;
  private static final int WORK_MAX = 100;
  private final Database database;
  private final Payers payers;
  private final Debts debts;
  private final InstantSource clock;
  private final WithdrawalSteps steps;

  public Withdrawals(
      Database database,
      Ledger ledger,
      PaymentService service,
      Payers payers,
      InstantSource clock) {
    this.database = database;
    this.payers = payers;
    this.debts = new Debts(ledger);
    this.clock = clock;
    this.steps = new WithdrawalSteps(database, ledger, service, clock);
  }

  /**
   * Asks for a sum to be paid out. Whole cents of it are; what is less stays in the wallet. Until
   * the first of a user was paid, each waits 72 hours.
   *
   * @param key the client's: the same again is the same withdrawal
   * @param micro millionths of a dollar, at least $1
   * @throws ChoirException {@code bad_amount}, {@code debt_open}, {@code onboarding_needed}, {@code
   *     withdrawal_limit}, {@code not_enough}, {@code key_reused}, or of the service
   */
  public Withdrawal request(TenantId user, String key, long micro) {
    long cents = PaymentRules.withdrawCents(micro);
    PaymentSql.key(key);
    UUID id = Transfer.id("withdrawal", user.value(), key);
    if (find(id).isEmpty()) {
      payers.open(user);
      debts.requireNone(user);
      String payee = payers.payable(user);
      Instant now = clock.instant();
      database.transaction(c -> insert(c, user, key, id, cents, payee, now));
    }
    Withdrawal withdrawal = require(id);
    if (withdrawal.cents() != cents) {
      throw PaymentSql.reused(key);
    }
    if (withdrawal.state() == State.REQUESTED) {
      steps.reserve(withdrawal);
    }
    Withdrawal now = require(id);
    if (now.state() == State.REFUSED) {
      throw ChoirException.fatal(
          "not_enough",
          "the wallet has less than " + PaymentRules.dollars(cents) + " to withdraw",
          "look: choir wallet");
    }
    return now;
  }

  private static int insert(
      Connection c, TenantId user, String key, UUID id, long cents, String payee, Instant now)
      throws SQLException {
    // Requests of one user come one after the other here, so that each sees the others' sums.
    Rows.list(c, "select 1 from economy.payer where tenant = ? for update", row -> 1, user.value());
    long lately =
        Rows.number(
            c,
            "select coalesce(sum(cents), 0) from economy.withdrawal where tenant = ?"
                + " and requested_at > ? and id <> ?"
                + " and state not in ('failed', 'returned', 'cancelled', 'refused')",
            user.value(),
            now.minus(PaymentRules.WITHDRAW_DAY),
            id);
    if (Math.addExact(lately, cents) > PaymentRules.WITHDRAW_CENTS_PER_DAY) {
      throw ChoirException.fatal(
          "withdrawal_limit",
          "with "
              + PaymentRules.dollars(lately)
              + " in the last 24 hours, "
              + PaymentRules.dollars(cents)
              + " are more than "
              + PaymentRules.dollars(PaymentRules.WITHDRAW_CENTS_PER_DAY)
              + " a day",
          "withdraw less, or later");
    }
    boolean before =
        Rows.number(
                c,
                "select count(*) from economy.withdrawal where tenant = ? and state = 'paid'",
                user.value())
            > 0;
    return Rows.update(
        c,
        "insert into economy.withdrawal (id, tenant, key, cents, payee, state, requested_at,"
            + " held_until, due_at) values (?, ?, ?, ?, ?, 'requested', ?, ?, ?)"
            + " on conflict do nothing",
        id,
        user.value(),
        key,
        cents,
        payee,
        now,
        PaymentRules.heldUntil(now, before),
        now);
  }

  /** A withdrawal as it was when it was last looked at. */
  public Optional<Withdrawal> find(UUID id) {
    return database.transaction(
        c -> Rows.first(c, "select * from economy.withdrawal where id = ?", Withdrawal::read, id));
  }

  private Withdrawal require(UUID id) {
    return find(id)
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_withdrawal", "there is no withdrawal " + id, "look: choir wallet"));
  }

  /** A user's withdrawals, newest first. */
  public List<Withdrawal> list(TenantId user, int limit) {
    return database.transaction(
        c ->
            Rows.list(
                c,
                "select * from economy.withdrawal where tenant = ?"
                    + " order by requested_at desc, id limit ?",
                Withdrawal::read,
                user.value(),
                Math.min(limit, LIST_MAX)));
  }

  /**
   * Calls a withdrawal off that has not been sent.
   *
   * @throws ChoirException {@code too_late}, {@code no_such_withdrawal}
   */
  public Withdrawal cancel(TenantId user, UUID id) {
    Withdrawal withdrawal = require(id);
    if (!withdrawal.user().equals(user)) {
      throw ChoirException.usage(
          "no_such_withdrawal", "the user " + user + " has no withdrawal " + id, "");
    }
    if (!steps.become(
            withdrawal, Set.of(State.REQUESTED, State.HELD), State.CANCELLED, "called off")
        && require(id).state() != State.CANCELLED) {
      throw ChoirException.usage(
          "too_late",
          "the withdrawal " + id + " is " + require(id).state().word() + " already",
          "");
    }
    return look(id);
  }

  /**
   * Asks the service how a withdrawal stands and does what follows. Harmless at any time and as
   * often as one likes.
   */
  public Withdrawal look(UUID id) {
    // At most one step for each state: each either changes the state or waits.
    for (int step = 0; step < State.values().length; step++) {
      Withdrawal now = require(id);
      steps.step(now);
      if (require(id).state() == now.state()) {
        break;
      }
    }
    return require(id);
  }

  /** Looks at the withdrawals that a payout could belong to; false if it is none of ours. */
  boolean lookAtPayout(String account, String payout) {
    return lookAll(
        "payout = ? or (payout is null and payee = ? and state = 'payout')", payout, account);
  }

  /** Looks at the withdrawal that money sent to a payee belongs to; false if it is none of ours. */
  boolean lookAtSent(String account, String sent) {
    return lookAll(
        "sent = ? or (sent is null and payee = ? and state = 'transfer')", sent, account);
  }

  private boolean lookAll(String condition, String first, String second) {
    List<Withdrawal> found =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select * from economy.withdrawal where " + condition + " limit 100",
                    Withdrawal::read,
                    first,
                    second));
    found.forEach(withdrawal -> look(withdrawal.id()));
    return !found.isEmpty();
  }

  /**
   * Goes on with what is due. To be called every few seconds.
   *
   * @return how many were looked at
   */
  public int work() {
    Instant now = clock.instant();
    List<Withdrawal> due =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select * from economy.withdrawal where due_at <= ? order by due_at limit ?",
                    Withdrawal::read,
                    now,
                    WORK_MAX));
    for (Withdrawal withdrawal : due) {
      try {
        look(withdrawal.id());
      } catch (RuntimeException e) {
        // One that cannot be helped must not keep the others waiting.
        failed(withdrawal, e);
      }
    }
    return due.size();
  }

  private void failed(Withdrawal withdrawal, RuntimeException e) {
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.withdrawal set due_at = ?, attempts = attempts + 1, problem = ?"
                    + " where id = ?",
                PaymentSql.later(clock.instant(), withdrawal.attempts()),
                PaymentSql.problem(e),
                withdrawal.id()));
  }
}
