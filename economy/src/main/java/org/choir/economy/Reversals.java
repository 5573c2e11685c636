package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.database.Database;
import org.choir.economy.PaymentService.Ask;
import org.choir.economy.PaymentService.Charge;

/**
 * What comes after a purchase was paid: refunds, chargebacks and disputes that were won, and the
 * end of the time for which what was bought is held.
 */
final class Reversals {
  private static final int ROUNDS_MAX = 10;
  private static final Duration OWES = Duration.ofHours(1);

  private final Database database;
  private final Ledger ledger;
  private final PaymentService service;
  private final Debts debts;
  private final Delivery delivery;
  private final InstantSource clock;
  private final AccountId bank;

  Reversals(
      Database database,
      Ledger ledger,
      PaymentService service,
      Delivery delivery,
      InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.service = service;
    this.debts = new Debts(ledger);
    this.delivery = delivery;
    this.clock = clock;
    this.bank = Chart.bank(service.name());
  }

  /** Does what a payment asks for that may have been delivered, or could not be. */
  void after(Purchase purchase, Charge charge) {
    Purchase now = delivery.locked(purchase.id(), (c, row) -> row);
    refunds(now);
    if (now.state() == Purchase.State.PAID) {
      follow(now, charge);
      if (now.owedMicro() > 0) {
        debts.collect(now.user());
      }
    }
  }

  /** Writes down that cents of a payment are to go back. */
  void wish(Purchase purchase, String key, long cents) {
    database.transaction(
        c -> {
          wish(c, purchase, key, cents, purchase.payment().orElseThrow());
          return Delivery.set(c, purchase.id(), "due_at = ?", clock.instant());
        });
  }

  /** Why the service refused a refund, or empty. */
  String refusal(Purchase purchase, String key) {
    return database
        .transaction(
            c ->
                Rows.first(
                    c,
                    "select problem from economy.refund where id = ?",
                    row -> row.getString(1),
                    purchase.transfer("refund", key)))
        .orElse("");
  }

  static void wish(Connection c, Purchase purchase, String key, long cents, String payment)
      throws SQLException {
    UUID id = purchase.transfer("refund", key);
    Rows.update(
        c,
        "insert into economy.refund (id, purchase, cents, payment) values (?, ?, ?, ?)"
            + " on conflict do nothing",
        id,
        purchase.id(),
        cents,
        payment);
    if (Rows.number(c, "select cents from economy.refund where id = ?", id) != cents) {
      throw PaymentSql.reused(key);
    }
  }

  private record Refund(UUID id, long cents, String payment, boolean asked) {}

  /** Asks the service for the refunds that are not done yet. */
  void refunds(Purchase purchase) {
    List<Refund> open =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select * from economy.refund where purchase = ? and not done order by id",
                    row ->
                        new Refund(
                            PaymentSql.uuid(row, "id"),
                            row.getLong("cents"),
                            row.getString("payment"),
                            row.getBoolean("asked")),
                    purchase.id()));
    for (Refund refund : open) {
      database.transaction(
          c -> Rows.update(c, "update economy.refund set asked = true where id = ?", refund.id()));
      try {
        service.refund(new Ask(refund.id(), refund.asked()), refund.payment(), refund.cents());
      } catch (ChoirException e) {
        // What is delivered is looked at all the same: its payment may have been taken back
        // already.
        if (!e.code().equals("payments_refused") || purchase.state() != Purchase.State.PAID) {
          throw e;
        }
        refused(refund, e);
        continue;
      }
      database.transaction(
          c -> {
            Rows.update(c, "update economy.refund set done = true where id = ?", refund.id());
            return Rows.update(
                c,
                "update economy.purchase set state = 'refunded' where id = ?"
                    + " and state = 'refunding'",
                purchase.id());
          });
    }
  }

  private void refused(Refund refund, ChoirException e) {
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.refund set done = true, problem = ? where id = ?",
                e.failure().message(),
                refund.id()));
  }

  /**
   * Brings the ledger to what went back to the payer, whether more or less than before, and ends
   * the time for which what was bought is held.
   */
  void follow(Purchase purchase, Charge charge) {
    long returned = Math.multiplyExact(charge.returnedCents(), PaymentRules.MICRO_PER_CENT);
    for (int round = 0; round < ROUNDS_MAX; round++) {
      boolean planned =
          delivery.locked(purchase.id(), (c, now) -> ledgerPlan(c, now) || next(c, now, returned));
      if (!planned) {
        return;
      }
      boolean owes = delivery.locked(purchase.id(), this::carryOut);
      if (owes) {
        debts.collect(purchase.user());
      }
    }
    throw ChoirException.retryable(
        "ledger_busy", "the balances change faster than they can be read", "try again", null);
  }

  private static boolean ledgerPlan(Connection c, Purchase now) throws SQLException {
    return Rows.number(
            c, "select count(*) from economy.purchase where id = ? and plan is not null", now.id())
        > 0;
  }

  private boolean next(Connection c, Purchase now, long returned) throws SQLException {
    PurchasePlan plan;
    if (returned != now.returnedMicro()) {
      plan = TakeBackLegs.plan(ledger, now, bank, returned);
    } else if (now.heldUntil().filter(until -> !clock.instant().isBefore(until)).isPresent()) {
      long others =
          Rows.number(
              c,
              "select coalesce(sum(units - taken_units), 0) from economy.purchase"
                  + " where tenant = ? and held_until is not null and id <> ?",
              now.user().value(),
              now.id());
      plan = TakeBackLegs.matured(ledger, now, others);
    } else {
      // Who owes is looked at every hour: whatever they have earned repays it.
      boolean owes = now.owedMicro() > 0 && debts.owed(now.user()) > 0;
      Delivery.set(
          c,
          now.id(),
          "due_at = least(held_until, cast(? as timestamptz)), attempts = 0, problem = ''",
          owes ? clock.instant().plus(OWES) : null);
      return false;
    }
    Delivery.set(c, now.id(), "plan = ?::jsonb", plan.text());
    return true;
  }

  /** Orders what is planned; true if the user came to owe something. */
  private boolean carryOut(Connection c, Purchase now) throws SQLException {
    record Planned(PurchasePlan plan, int number) {}
    Optional<Planned> planned =
        Rows.first(
            c,
            "select plan, plan_number from economy.purchase where id = ? and plan is not null",
            row -> new Planned(PurchasePlan.parse(row.getString(1)), row.getInt(2)),
            now.id());
    if (planned.isEmpty()) {
      return false;
    }
    PurchasePlan plan = planned.get().plan();
    List<Transfer> orders = plan.orders(now, planned.get().number());
    boolean stands =
        orders.isEmpty()
            || delivery.stands(orders, Set.of(Outcome.EXCEEDS_CREDITS, Outcome.EXCEEDS_DEBITS));
    Delivery.set(c, now.id(), "plan = null, plan_number = plan_number + 1");
    if (!stands) {
      return false;
    }
    Delivery.set(
        c,
        now.id(),
        "returned_micro = ?, taken_units = ?, owed_micro = ?",
        plan.after().returned(),
        plan.after().taken(),
        plan.after().owed());
    if (plan.matures()) {
      Delivery.set(c, now.id(), "held_until = null");
    }
    if (plan.after().returned() > now.returnedMicro()) {
      takenBack(c, now, plan.after());
    }
    return plan.after().owed() > now.owedMicro();
  }

  private void takenBack(Connection c, Purchase now, TakeBack.Sale after) throws SQLException {
    long debt = after.owed() - now.owedMicro();
    PaymentSql.tell(
        c,
        now.user(),
        "payment_taken_back",
        new Money(after.returned() - now.returnedMicro(), Currency.USDC)
            + " of the payment for "
            + Purchases.words(now)
            + " went back to the card"
            + (debt == 0 ? "" : "; you owe " + new Money(debt, Currency.USDC)),
        "",
        clock.instant());
    CardCharges.stop(c, now.user(), "payment_taken_back", clock.instant());
  }
}
