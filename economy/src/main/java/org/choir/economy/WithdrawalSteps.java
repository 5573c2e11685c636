package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.database.Database;
import org.choir.economy.PaymentService.Ask;
import org.choir.economy.PaymentService.Payout;
import org.choir.economy.PaymentService.Sent;
import org.choir.economy.Withdrawal.State;

/**
 * The steps of a withdrawal, one for each state. A step that was interrupted is taken again: what
 * it asks of the ledger and of the service carries ids that follow from the row, and the row
 * changes only from the state that the step was taken in.
 */
final class WithdrawalSteps {
  private static final Duration POLL = Duration.ofHours(1);

  /** A payout may come back for five working days after it arrived. */
  private static final Duration MAY_RETURN = Duration.ofDays(8);

  private final Database database;
  private final Ledger ledger;
  private final PaymentService service;
  private final Debts debts;
  private final InstantSource clock;
  private final AccountId bank;

  WithdrawalSteps(Database database, Ledger ledger, PaymentService service, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.service = service;
    this.debts = new Debts(ledger);
    this.clock = clock;
    this.bank = Chart.bank(service.name());
  }

  /** Does what the state asks for: changes it, or waits. */
  void step(Withdrawal now) {
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

  /** Reserves the sum in the wallet. */
  void reserve(Withdrawal now) {
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
              Rows.update(
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
            Rows.update(
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
              Rows.update(
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
                  Rows.update(
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
            Rows.number(
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
              Rows.update(
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
  boolean become(Withdrawal now, Set<State> from, State to, String problem) {
    return database.transaction(
        c -> {
          State there =
              Rows.first(
                      c,
                      "select * from economy.withdrawal where id = ? for update",
                      Withdrawal::read,
                      now.id())
                  .orElseThrow()
                  .state();
          if (!from.contains(there)) {
            return false;
          }
          Rows.update(
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
            Rows.update(
                c, "update economy.withdrawal set " + column + " = true where id = ?", now.id()));
  }

  private void due(Withdrawal now, Optional<Instant> at, String problem) {
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.withdrawal set due_at = ?, problem = ?, attempts = 0"
                    + " where id = ? and state = ?",
                at.orElse(null),
                problem,
                now.id(),
                now.state().word()));
  }
}
