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
import org.choir.database.Database;
import org.choir.economy.PaymentService.Charge;
import org.choir.economy.PaymentService.Checkout;
import org.jspecify.annotations.Nullable;

/**
 * What a purchase does to the ledger: setting aside, delivering, giving up. Each works on a locked
 * row, and each order's id follows from the row, so that two at once, or one after a crash, have
 * one effect.
 */
final class Delivery {
  private static final Duration POLL = Duration.ofMinutes(10);

  /** A reservation that is over, however it ended. */
  private static final Set<Outcome> OVER =
      Set.of(
          Outcome.PENDING_TRANSFER_NOT_FOUND,
          Outcome.PENDING_TRANSFER_ALREADY_POSTED,
          Outcome.PENDING_TRANSFER_ALREADY_RELEASED,
          Outcome.PENDING_TRANSFER_EXPIRED);

  private final Database database;
  private final Ledger ledger;
  private final InstantSource clock;
  private final AccountId bank;
  // Each holds a connection while the ledger, which needs one of its own, works.
  private final Semaphore locks = new Semaphore(4);

  Delivery(Database database, Ledger ledger, AccountId bank, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.clock = clock;
    this.bank = bank;
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
                  Rows.first(
                          c,
                          "select * from economy.purchase where id = ? for update",
                          Purchase::read,
                          id)
                      .orElseThrow()));
    } finally {
      locks.release();
    }
  }

  private void set(UUID id, String assignments, Object... values) {
    database.transaction(c -> set(c, id, assignments, values));
  }

  static int set(Connection c, UUID id, String assignments, @Nullable Object... values)
      throws SQLException {
    @Nullable Object[] all = java.util.Arrays.copyOf(values, values.length + 1);
    all[values.length] = id;
    return Rows.update(c, "update economy.purchase set " + assignments + " where id = ?", all);
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
            Rows.update(
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
                  Rows.update(
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
      Reversals.wish(c, now, "undelivered", now.cents(), charge.id());
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
      Rows.update(
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
            moved(purchase, "dollars", bank, purchase.till(), purchase.micro(), TreasurySales.SOLD);
        Transfer units = posted(purchase, "units", purchase.units(), TreasurySales.SOLD, "reserve");
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
            moved(
                    purchase,
                    "late dollars",
                    bank,
                    purchase.till(),
                    purchase.micro(),
                    TreasurySales.SOLD)
                .chained(),
            moved(
                purchase,
                "late units",
                Chart.treasury(Currency.CHIP),
                Chart.held(purchase.user(), Currency.CHIP),
                purchase.units(),
                TreasurySales.SOLD)),
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

  /**
   * Orders these, all or none; false if the ledger refuses for one of these reasons.
   *
   * @throws LedgerException if it refuses for another
   */
  boolean stands(List<Transfer> orders, Set<Outcome> refusals) {
    Optional<Outcome> refused = refusal(orders);
    if (refused.isPresent() && !refusals.contains(refused.get())) {
      throw unexpected(orders, refused.get());
    }
    return refused.isEmpty();
  }
}
