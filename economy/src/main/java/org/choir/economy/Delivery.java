package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.database.Database;
import org.choir.economy.PaymentService.Ask;
import org.choir.economy.PaymentService.Charge;
import org.choir.economy.PaymentService.Checkout;

/**
 * What a purchase does to the ledger: setting aside, delivering, giving up, taking back. Each works
 * on a locked row, and each order's id follows from the row, so that two at once, or one after a
 * crash, have one effect.
 */
final class Delivery {
  private static final Duration POLL = Duration.ofMinutes(10);
  private static final int ROUNDS_MAX = 10;

  /** A reservation that is over, however it ended. */
  private static final Set<Outcome> OVER =
      Set.of(
          Outcome.PENDING_TRANSFER_NOT_FOUND,
          Outcome.PENDING_TRANSFER_ALREADY_POSTED,
          Outcome.PENDING_TRANSFER_ALREADY_RELEASED,
          Outcome.PENDING_TRANSFER_EXPIRED);

  private final Database database;
  private final Ledger ledger;
  private final PaymentService service;
  private final Debts debts;
  private final InstantSource clock;
  private final AccountId bank;
  // Each holds a connection while the ledger, which needs one of its own, works.
  private final Semaphore locks = new Semaphore(4);

  Delivery(
      Database database, Ledger ledger, PaymentService service, Debts debts, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.service = service;
    this.debts = debts;
    this.clock = clock;
    this.bank = Chart.bank(service.name());
  }

  /** Work on a row that nobody else works on. */
  @FunctionalInterface
  interface Locked<T> {
    T run(Connection c, Purchase now) throws SQLException;
  }

  <T> T locked(UUID id, Locked<T> work) {
    locks.acquireUninterruptibly();
    try {
      return database.transaction(
          c ->
              work.run(
                  c,
                  PaymentSql.one(
                          c,
                          Purchase::read,
                          "select * from economy.purchase where id = ? for update",
                          id)
                      .orElseThrow()));
    } finally {
      locks.release();
    }
  }

  private void set(UUID id, String assignments, Object... values) {
    database.transaction(c -> set(c, id, assignments, values));
  }

  static int set(Connection c, UUID id, String assignments, Object... values) throws SQLException {
    Object[] all = java.util.Arrays.copyOf(values, values.length + 1);
    all[values.length] = id;
    return PaymentSql.update(
        c, "update economy.purchase set " + assignments + " where id = ?", all);
  }

  /** Orders these; the answer is why the ledger refused, or nothing. */
  private Optional<Outcome> refusal(List<Transfer> orders) {
    return ledger.submit(orders).stream()
        .filter(outcome -> !outcome.done() && outcome != Outcome.LINKED_EVENT_FAILED)
        .findFirst();
  }

  private static LedgerException unexpected(List<Transfer> orders, Outcome outcome) {
    return LedgerException.refused(orders.getFirst(), outcome);
  }

  void asked(Purchase purchase) {
    set(purchase.id(), "asked = true");
  }

  void opened(Purchase purchase, Checkout page) {
    database.transaction(
        c ->
            PaymentSql.update(
                c,
                "update economy.purchase set state = 'open', checkout = ?, url = ?, due_at = ?,"
                    + " attempts = 0, problem = '' where id = ? and state = 'requested'",
                page.id(),
                page.url().map(Object::toString).orElse(""),
                clock.instant().plus(POLL),
                purchase.id()));
  }

  /** Looks again after a while, should no word come. */
  void later(Purchase purchase) {
    set(purchase.id(), "due_at = ?, attempts = 0, problem = ''", clock.instant().plus(POLL));
  }

  void failed(Purchase purchase, RuntimeException e) {
    // Also what seems final is tried again: somebody may have mended it, and nothing is forgotten.
    set(
        purchase.id(),
        "due_at = ?, attempts = attempts + 1, problem = ?",
        PaymentSql.later(clock.instant(), purchase.attempts()),
        PaymentSql.problem(e));
  }

  /** Sets CHIP aside in the treasury while the page is open; false if there are not enough. */
  boolean reserveChip(Purchase purchase) {
    List<Transfer> order =
        List.of(
            Transfer.reserve(
                purchase.transfer("reserve"),
                Chart.treasury(Currency.CHIP),
                Chart.held(purchase.user(), Currency.CHIP),
                purchase.units(),
                // Ends by itself should everything else fail; usually we end it.
                PaymentRules.CHECKOUT_LIFE.plusHours(1),
                "chip_set_aside",
                purchase.why("CHIP at the treasury's price")));
    return locked(
        purchase.id(),
        (c, now) -> {
          if (now.state() != Purchase.State.REQUESTED) {
            return true;
          }
          Optional<Outcome> refused = refusal(order);
          if (refused.isEmpty()) {
            return true;
          }
          if (refused.get() != Outcome.EXCEEDS_CREDITS) {
            throw unexpected(order, refused.get());
          }
          set(c, now.id(), "state = 'refused', due_at = null");
          return false;
        });
  }

  /** Sets dollars and credits of an autopurchase aside, and is then charging. */
  void reserveAuto(Purchase purchase, String method) {
    Explanation why = purchase.why("a pack of credits, by consent");
    List<Transfer> orders =
        List.of(
            Transfer.reserve(
                    purchase.transfer("reserve"),
                    bank,
                    Chart.revenue(),
                    purchase.micro(),
                    Duration.ZERO,
                    "credits_sold",
                    why)
                .chained(),
            Transfer.reserve(
                purchase.transfer("reserve", "credits"),
                Chart.compute(),
                Chart.available(purchase.user(), Currency.CREDITS),
                purchase.units(),
                Duration.ZERO,
                "credits_bought",
                why));
    locked(
        purchase.id(),
        (c, now) -> {
          if (now.state() == Purchase.State.REQUESTED) {
            Optional<Outcome> refused = refusal(orders);
            if (refused.isPresent()) {
              throw unexpected(orders, refused.get());
            }
            set(c, now.id(), "state = 'charging', method = ?", method);
          }
          return now;
        });
  }

  /** What else changes in the transaction in which a purchase ends. */
  @FunctionalInterface
  interface Also {
    void run(Connection c) throws SQLException;
  }

  void end(Purchase purchase, Purchase.State state, String problem) {
    end(purchase, state, problem, c -> {});
  }

  /** Gives a purchase up; true if this did it. */
  boolean end(Purchase purchase, Purchase.State state, String problem, Also also) {
    boolean ended =
        database.transaction(
            c -> {
              int changed =
                  PaymentSql.update(
                      c,
                      "update economy.purchase set state = ?, problem = ?, url = null, due_at = ?"
                          + " where id = ? and state in ('requested', 'open', 'charging')",
                      state.word(),
                      problem,
                      clock.instant(),
                      purchase.id());
              if (changed == 1) {
                also.run(c);
              }
              return changed == 1;
            });
    settled(purchase);
    return ended;
  }

  /** Gives back what was set aside for a purchase that ended without delivery. */
  void settled(Purchase purchase) {
    Explanation why = purchase.why("nothing was bought");
    List<Transfer> orders = new ArrayList<>();
    orders.add(
        Transfer.release(
            purchase.transfer("release"), purchase.transfer("reserve"), "not_bought", why));
    orders.add(
        Transfer.release(
            purchase.transfer("release", "credits"),
            purchase.transfer("reserve", "credits"),
            "not_bought",
            why));
    List<Outcome> outcomes = ledger.submit(orders);
    for (int i = 0; i < orders.size(); i++) {
      if (!outcomes.get(i).done() && !OVER.contains(outcomes.get(i))) {
        throw LedgerException.refused(orders.get(i), outcomes.get(i));
      }
    }
    set(purchase.id(), "due_at = null");
  }

  /** Delivers what is paid, once. */
  void paid(Purchase purchase, Charge charge) {
    if (charge.state() != Charge.State.PAID) {
      later(purchase);
      return;
    }
    if (charge.cents() != purchase.cents()
        || !charge.currency().equals("usd")
        || !charge.reference().equals(Optional.of(purchase.id()))) {
      throw ChoirException.fatal(
          "payment_mismatch",
          "the payment "
              + charge.id()
              + " of "
              + charge.cents()
              + " "
              + charge.currency()
              + " is not that of the purchase "
              + purchase.id(),
          "an operator must look at it at the payment service");
    }
    locked(
        purchase.id(),
        (c, now) -> {
          boolean waiting =
              now.state() == Purchase.State.REQUESTED
                  || now.state() == Purchase.State.OPEN
                  || now.state() == Purchase.State.CHARGING;
          if (waiting) {
            delivered(c, now, charge, deliver(now));
          }
          return now;
        });
    Purchase now = locked(purchase.id(), (c, row) -> row);
    refunds(now);
    if (now.state() == Purchase.State.PAID) {
      follow(now, charge);
    }
  }

  private void delivered(Connection c, Purchase now, Charge charge, boolean done)
      throws SQLException {
    Instant at = clock.instant();
    if (!done) {
      set(
          c,
          now.id(),
          "state = 'refunding', payment = ?, url = null, due_at = ?, paid_at = ?",
          charge.id(),
          at,
          at);
      wish(c, now, "undelivered", now.cents(), charge.id());
      PaymentSql.tell(
          c,
          now.user(),
          "payment_goes_back",
          Purchases.words(now)
              + " could not be delivered any more; "
              + PaymentRules.dollars(now.cents())
              + " go back to the card",
          "",
          at);
      return;
    }
    set(
        c,
        now.id(),
        "state = 'paid', payment = ?, url = null, paid_at = ?, attempts = 0, problem = '',"
            + " due_at = ?",
        charge.id(),
        at,
        at);
    if (now.kind() == Purchase.Kind.CHIP) {
      set(c, now.id(), "held_until = ?", at.plus(PaymentRules.CARD_HOLD));
    }
    if (now.kind() == Purchase.Kind.AUTO || now.key().startsWith(CardCharges.ASKS)) {
      PaymentSql.update(
          c,
          "update economy.autopurchase set declines = 0, reason = '',"
              + " state = case state when 'asks' then 'on' else state end"
              + " where tenant = ? and state in ('on', 'asks')",
          now.user().value());
    }
    if (now.kind() == Purchase.Kind.CREDITS && charge.method().isPresent()) {
      Payers.keep(c, now.user(), charge.method().get());
    }
  }

  private boolean deliver(Purchase purchase) {
    return switch (purchase.kind()) {
      case CREDITS -> {
        ledger.require(
            List.of(
                moved(purchase, "dollars", bank, Chart.revenue(), purchase.micro(), "credits_sold")
                    .chained(),
                moved(
                    purchase,
                    "units",
                    Chart.compute(),
                    Chart.available(purchase.user(), Currency.CREDITS),
                    purchase.units(),
                    "credits_bought")));
        yield true;
      }
      case AUTO ->
          stands(
              List.of(
                  posted(purchase, "dollars", purchase.micro(), "credits_sold", "reserve")
                      .chained(),
                  posted(
                      purchase, "units", purchase.units(), "credits_bought", "reserve", "credits")),
              OVER);
      case CHIP -> {
        Transfer dollars =
            moved(purchase, "dollars", bank, purchase.till(), purchase.micro(), "chip_sold");
        Transfer units = posted(purchase, "units", purchase.units(), "chip_bought", "reserve");
        // What was set aside may be free again if the word of the payment came very late: then it
        // is bought all the same if there is enough. That a reservation is over is for ever.
        yield stands(List.of(dollars.chained(), units), OVER) || late(purchase);
      }
      case DEBT ->
          stands(
              List.of(
                  moved(
                      purchase, "dollars", bank, purchase.till(), purchase.micro(), "debt_repaid")),
              Set.of(Outcome.EXCEEDS_DEBITS));
    };
  }

  private boolean late(Purchase purchase) {
    return stands(
        List.of(
            moved(purchase, "late dollars", bank, purchase.till(), purchase.micro(), "chip_sold")
                .chained(),
            moved(
                purchase,
                "late units",
                Chart.treasury(Currency.CHIP),
                Chart.held(purchase.user(), Currency.CHIP),
                purchase.units(),
                "chip_bought")),
        Set.of(Outcome.EXCEEDS_CREDITS));
  }

  private static Transfer posted(
      Purchase purchase, String what, long amount, String reason, String... reserved) {
    return Transfer.post(
        purchase.transfer(what),
        purchase.transfer(reserved),
        amount,
        reason,
        purchase.why("bought at this price"));
  }

  private static Transfer moved(
      Purchase purchase, String what, AccountId from, AccountId to, long amount, String reason) {
    return Transfer.move(
        purchase.transfer(what), from, to, amount, reason, purchase.why("bought at this price"));
  }

  private boolean stands(List<Transfer> orders, Set<Outcome> refusals) {
    Optional<Outcome> refused = refusal(orders);
    if (refused.isPresent() && !refusals.contains(refused.get())) {
      throw unexpected(orders, refused.get());
    }
    return refused.isEmpty();
  }

  /** Writes down that cents of a payment are to go back. */
  void wish(Purchase purchase, String key, long cents) {
    database.transaction(
        c -> {
          wish(c, purchase, key, cents, purchase.payment().orElseThrow());
          return set(c, purchase.id(), "due_at = ?", clock.instant());
        });
  }

  /** Why the service refused a refund, or empty. */
  String refusal(Purchase purchase, String key) {
    return database
        .transaction(
            c ->
                PaymentSql.one(
                    c,
                    row -> row.getString(1),
                    "select problem from economy.refund where id = ?",
                    purchase.transfer("refund", key)))
        .orElse("");
  }

  private static void wish(Connection c, Purchase purchase, String key, long cents, String payment)
      throws SQLException {
    UUID id = purchase.transfer("refund", key);
    PaymentSql.update(
        c,
        "insert into economy.refund (id, purchase, cents, payment) values (?, ?, ?, ?)"
            + " on conflict do nothing",
        id,
        purchase.id(),
        cents,
        payment);
    if (PaymentSql.number(c, "select cents from economy.refund where id = ?", id) != cents) {
      throw PaymentSql.reused(key);
    }
  }

  private record Refund(UUID id, long cents, String payment, boolean asked) {}

  /** Asks the service for the refunds that are not done yet. */
  void refunds(Purchase purchase) {
    List<Refund> open =
        database.transaction(
            c ->
                PaymentSql.list(
                    c,
                    row ->
                        new Refund(
                            PaymentSql.uuid(row, "id"),
                            row.getLong("cents"),
                            row.getString("payment"),
                            row.getBoolean("asked")),
                    "select * from economy.refund where purchase = ? and not done order by id",
                    purchase.id()));
    for (Refund refund : open) {
      database.transaction(
          c ->
              PaymentSql.update(
                  c, "update economy.refund set asked = true where id = ?", refund.id()));
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
            PaymentSql.update(c, "update economy.refund set done = true where id = ?", refund.id());
            return PaymentSql.update(
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
            PaymentSql.update(
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
          locked(purchase.id(), (c, now) -> ledgerPlan(c, now) || next(c, now, returned));
      if (!planned) {
        return;
      }
      boolean owes = locked(purchase.id(), this::carryOut);
      if (owes) {
        debts.collect(purchase.user());
      }
    }
    throw ChoirException.retryable(
        "ledger_busy", "the balances change faster than they can be read", "try again", null);
  }

  private static boolean ledgerPlan(Connection c, Purchase now) throws SQLException {
    return PaymentSql.number(
            c, "select count(*) from economy.purchase where id = ? and plan is not null", now.id())
        > 0;
  }

  private boolean next(Connection c, Purchase now, long returned) throws SQLException {
    PurchasePlan plan;
    if (returned != now.returnedMicro()) {
      plan = TakeBackLegs.plan(ledger, now, bank, returned);
    } else if (now.heldUntil().filter(until -> !clock.instant().isBefore(until)).isPresent()) {
      long others =
          PaymentSql.number(
              c,
              "select coalesce(sum(units - taken_units), 0) from economy.purchase"
                  + " where tenant = ? and held_until is not null and id <> ?",
              now.user().value(),
              now.id());
      plan = TakeBackLegs.matured(ledger, now, others);
    } else {
      set(c, now.id(), "due_at = held_until, attempts = 0, problem = ''");
      return false;
    }
    set(c, now.id(), "plan = ?::jsonb", plan.text());
    return true;
  }

  /** Orders what is planned; true if the user came to owe something. */
  private boolean carryOut(Connection c, Purchase now) throws SQLException {
    record Planned(PurchasePlan plan, int number) {}
    Optional<Planned> planned =
        PaymentSql.one(
            c,
            row -> new Planned(PurchasePlan.parse(row.getString(1)), row.getInt(2)),
            "select plan, plan_number from economy.purchase where id = ? and plan is not null",
            now.id());
    if (planned.isEmpty()) {
      return false;
    }
    PurchasePlan plan = planned.get().plan();
    List<Transfer> orders = plan.orders(now, planned.get().number());
    boolean stands =
        orders.isEmpty() || stands(orders, Set.of(Outcome.EXCEEDS_CREDITS, Outcome.EXCEEDS_DEBITS));
    set(c, now.id(), "plan = null, plan_number = plan_number + 1");
    if (!stands) {
      return false;
    }
    set(
        c,
        now.id(),
        "returned_micro = ?, taken_units = ?, owed_micro = ?",
        plan.after().returned(),
        plan.after().taken(),
        plan.after().owed());
    if (plan.matures()) {
      set(c, now.id(), "held_until = null");
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
