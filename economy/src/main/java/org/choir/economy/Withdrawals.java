package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.choir.economy.PaymentService.Ask;
import org.choir.economy.PaymentService.Payout;
import org.choir.economy.PaymentService.Sent;
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
  private static final Duration POLL = Duration.ofHours(1);

  /** A payout may come back for five working days after it arrived. */
  private static final Duration MAY_RETURN = Duration.ofDays(8);

  private final Database database;
  private final Ledger ledger;
  private final PaymentService service;
  private final Payers payers;
  private final Debts debts;
  private final InstantSource clock;
  private final AccountId bank;

  public Withdrawals(
      Database database,
      Ledger ledger,
      PaymentService service,
      Payers payers,
      InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.service = service;
    this.payers = payers;
    this.debts = new Debts(ledger);
    this.clock = clock;
    this.bank = Chart.bank(service.name());
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
      reserve(withdrawal);
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
    PaymentSql.list(
        c, row -> 1, "select 1 from economy.payer where tenant = ? for update", user.value());
    long lately =
        PaymentSql.number(
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
        PaymentSql.number(
                c,
                "select count(*) from economy.withdrawal where tenant = ? and state = 'paid'",
                user.value())
            > 0;
    return PaymentSql.update(
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
        c ->
            PaymentSql.one(
                c, Withdrawal::read, "select * from economy.withdrawal where id = ?", id));
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
            PaymentSql.list(
                c,
                Withdrawal::read,
                "select * from economy.withdrawal where tenant = ?"
                    + " order by requested_at desc, id limit ?",
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
    if (!become(withdrawal, Set.of(State.REQUESTED, State.HELD), State.CANCELLED, "called off")
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
      step(now);
      if (require(id).state() == now.state()) {
        break;
      }
    }
    return require(id);
  }

  private void step(Withdrawal now) {
    switch (now.state()) {
      case REQUESTED -> reserve(now);
      case HELD -> release(now);
      case TRANSFER -> send(now);
      case PAYOUT -> payOut(now);
      case PAID -> watch(now);
      case RETURNING -> bringBack(now);
      case FAILED, CANCELLED, REFUSED -> giveBack(now);
      case RETURNED -> due(now, Optional.empty(), "");
    }
  }

  private Explanation why(Withdrawal now) {
    return Explanation.of(
        "whole cents to the bank; what is less than a cent stays in the wallet",
        "withdrawn",
        PaymentRules.dollars(now.cents()),
        "withdrawal",
        now.id());
  }

  private void reserve(Withdrawal now) {
    Transfer order =
        Transfer.reserve(
            now.step("reserve"),
            Chart.available(now.user(), Currency.USDC),
            bank,
            now.micro(),
            Duration.ZERO,
            "withdrawal",
            why(now));
    Outcome outcome = ledger.submit(List.of(order)).getFirst();
    if (outcome == Outcome.EXCEEDS_CREDITS) {
      become(now, Set.of(State.REQUESTED), State.REFUSED, "not enough in the wallet");
    } else if (!outcome.done()) {
      throw LedgerException.refused(order, outcome);
    } else {
      database.transaction(
          c ->
              PaymentSql.update(
                  c,
                  "update economy.withdrawal set state = 'held', due_at = held_until"
                      + " where id = ? and state = 'requested'",
                  now.id()));
    }
  }

  private void release(Withdrawal now) {
    if (clock.instant().isBefore(now.heldUntil())) {
      due(now, Optional.of(now.heldUntil()), "");
      return;
    }
    if (debts.owed(now.user()) > 0) {
      become(now, Set.of(State.HELD), State.CANCELLED, "debt_open");
      return;
    }
    PaymentService.Payee payee = service.payee(now.payee());
    if (!payee.payoutsEnabled()) {
      due(now, Optional.of(clock.instant().plus(POLL)), "onboarding_needed");
      return;
    }
    become(now, Set.of(State.HELD), State.TRANSFER, "");
  }

  private void send(Withdrawal now) {
    mark(now, "send_asked");
    Sent sent;
    try {
      sent = service.send(new Ask(now.step("send"), now.sendAsked()), now.payee(), now.cents());
    } catch (ChoirException e) {
      if (!e.code().equals("payments_refused")) {
        throw e;
      }
      become(now, Set.of(State.TRANSFER), State.FAILED, e.failure().message());
      return;
    }
    database.transaction(
        c ->
            PaymentSql.update(
                c,
                "update economy.withdrawal set state = 'payout', sent = ?, due_at = ?,"
                    + " attempts = 0, problem = '' where id = ? and state = 'transfer'",
                sent.id(),
                clock.instant(),
                now.id()));
  }

  private void payOut(Withdrawal now) {
    Payout payout;
    if (now.payout().isPresent()) {
      payout = service.payout(now.payee(), now.payout().get());
    } else {
      mark(now, "payout_asked");
      try {
        payout =
            service.payOut(
                new Ask(now.step("payout"), now.payoutAsked()), now.payee(), now.cents());
      } catch (ChoirException e) {
        if (!e.code().equals("payments_refused")) {
          throw e;
        }
        become(now, Set.of(State.PAYOUT), State.RETURNING, e.failure().message());
        return;
      }
      String id = payout.id();
      database.transaction(
          c ->
              PaymentSql.update(
                  c, "update economy.withdrawal set payout = ? where id = ?", id, now.id()));
    }
    switch (payout.state()) {
      case ON_ITS_WAY -> due(now, Optional.of(clock.instant().plus(POLL)), "");
      case FAILED -> become(now, Set.of(State.PAYOUT), State.RETURNING, payout.failure());
      case PAID -> {
        Transfer order =
            Transfer.post(
                now.step("post"), now.step("reserve"), now.micro(), "withdrawal", why(now));
        ledger.require(order);
        database.transaction(
            c -> {
              int changed =
                  PaymentSql.update(
                      c,
                      "update economy.withdrawal set state = 'paid', due_at = ?, attempts = 0,"
                          + " problem = '' where id = ? and state = 'payout'",
                      clock.instant().plus(MAY_RETURN),
                      now.id());
              if (changed == 1) {
                tell(
                    c,
                    now,
                    "withdrawal_paid",
                    PaymentRules.dollars(now.cents()) + " were paid out");
              }
              return changed;
            });
      }
    }
  }

  /** Looks whether the bank sent back what it had taken. */
  private void watch(Withdrawal now) {
    Payout payout = service.payout(now.payee(), now.payout().orElseThrow());
    if (payout.state() == Payout.State.FAILED) {
      become(now, Set.of(State.PAID), State.RETURNING, payout.failure());
    } else if (overdue(now)) {
      due(now, Optional.empty(), "");
    }
  }

  private boolean overdue(Withdrawal now) {
    return database.transaction(
        c ->
            PaymentSql.number(
                    c,
                    "select count(*) from economy.withdrawal where id = ? and due_at <= ?",
                    now.id(),
                    clock.instant())
                > 0);
  }

  private void bringBack(Withdrawal now) {
    mark(now, "back_asked");
    Sent sent =
        service.takeBack(new Ask(now.step("back"), now.backAsked()), now.sent().orElseThrow());
    if (sent.reversedCents() < sent.cents()) {
      due(now, Optional.of(clock.instant().plus(POLL)), "not back yet");
      return;
    }
    if (!released(now)) {
      // It was posted before: the bank had it, and sent it back.
      ledger.require(
          Transfer.move(
              now.step("return"),
              bank,
              Chart.available(now.user(), Currency.USDC),
              now.micro(),
              "withdrawal_returned",
              why(now)));
    }
    database.transaction(
        c -> {
          int changed =
              PaymentSql.update(
                  c,
                  "update economy.withdrawal set state = 'returned', due_at = null, attempts = 0"
                      + " where id = ? and state = 'returning'",
                  now.id());
          if (changed == 1) {
            tell(
                c,
                now,
                "withdrawal_returned",
                "the bank refused "
                    + PaymentRules.dollars(now.cents())
                    + "; they are in your wallet again");
          }
          return changed;
        });
    debts.collect(now.user());
  }

  /** Gives the reservation back; false if it was posted before. */
  private boolean released(Withdrawal now) {
    Transfer order =
        Transfer.release(now.step("release"), now.step("reserve"), "withdrawal_ended", why(now));
    Outcome outcome = ledger.submit(List.of(order)).getFirst();
    if (outcome == Outcome.PENDING_TRANSFER_ALREADY_POSTED) {
      return false;
    }
    if (!outcome.done()
        && outcome != Outcome.PENDING_TRANSFER_NOT_FOUND
        && outcome != Outcome.PENDING_TRANSFER_ALREADY_RELEASED) {
      throw LedgerException.refused(order, outcome);
    }
    return true;
  }

  private void giveBack(Withdrawal now) {
    if (!released(now)) {
      throw new IllegalStateException("the withdrawal " + now.id() + " ended and is posted");
    }
    due(now, Optional.empty(), now.problem());
    debts.collect(now.user());
  }

  /** Changes the state if it is still one of these; what follows from it is then due at once. */
  private boolean become(Withdrawal now, Set<State> from, State to, String problem) {
    return database.transaction(
        c -> {
          State there =
              PaymentSql.one(
                      c,
                      Withdrawal::read,
                      "select * from economy.withdrawal where id = ? for update",
                      now.id())
                  .orElseThrow()
                  .state();
          if (!from.contains(there)) {
            return false;
          }
          PaymentSql.update(
              c,
              "update economy.withdrawal set state = ?, problem = ?, due_at = ?, attempts = 0"
                  + " where id = ?",
              to.word(),
              problem,
              clock.instant(),
              now.id());
          if (to == State.FAILED || to == State.CANCELLED) {
            tell(
                c,
                now,
                "withdrawal_" + to.word(),
                PaymentRules.dollars(now.cents()) + " stay in your wallet: " + problem);
          }
          return true;
        });
  }

  private void tell(Connection c, Withdrawal now, String code, String words) throws SQLException {
    PaymentSql.tell(c, now.user(), code, words, "", clock.instant());
  }

  private void mark(Withdrawal now, String column) {
    database.transaction(
        c ->
            PaymentSql.update(
                c, "update economy.withdrawal set " + column + " = true where id = ?", now.id()));
  }

  private void due(Withdrawal now, Optional<Instant> at, String problem) {
    database.transaction(
        c ->
            PaymentSql.update(
                c,
                "update economy.withdrawal set due_at = ?, problem = ?, attempts = 0"
                    + " where id = ? and state = ?",
                at.orElse(null),
                problem,
                now.id(),
                now.state().word()));
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
                PaymentSql.list(
                    c,
                    Withdrawal::read,
                    "select * from economy.withdrawal where " + condition + " limit 100",
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
                PaymentSql.list(
                    c,
                    Withdrawal::read,
                    "select * from economy.withdrawal where due_at <= ? order by due_at limit ?",
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
            PaymentSql.update(
                c,
                "update economy.withdrawal set due_at = ?, attempts = attempts + 1, problem = ?"
                    + " where id = ?",
                PaymentSql.later(clock.instant(), withdrawal.attempts()),
                PaymentSql.problem(e),
                withdrawal.id()));
  }
}
