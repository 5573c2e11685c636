package org.choir.economy;

import java.net.URI;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.choir.economy.PaymentService.Ask;
import org.choir.economy.PaymentService.Charge;
import org.choir.economy.PaymentService.Checkout;

/**
 * Buying with dollars: credits and CHIP by card on the service's page, credits from the wallet's
 * USDC, and the repayment of a debt. What was bought is delivered when the service says that it is
 * paid, once, however often and in whatever order it says so. Thread-safe.
 */
public final class Purchases {
  private static final int LIST_MAX = 1_000;
  private static final int WORK_MAX = 100;

  private final Database database;
  private final Ledger ledger;
  private final PaymentService service;
  private final LongSupplier chipPrice;
  private final InstantSource clock;
  private final Payers payers;
  private final Debts debts;
  private final Delivery delivery;
  private final Reversals reversals;
  private final CardCharges charges;

  /**
   * The purchases in this database.
   *
   * @param chipPrice the treasury's price now: millionths of a dollar for one CHIP, 0 for none
   */
  public Purchases(
      Database database,
      Ledger ledger,
      PaymentService service,
      LongSupplier chipPrice,
      InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.service = service;
    this.chipPrice = chipPrice;
    this.clock = clock;
    this.payers = new Payers(database, ledger, service);
    this.debts = new Debts(ledger);
    this.delivery = new Delivery(database, ledger, Chart.bank(service.name()), clock);
    this.reversals = new Reversals(database, ledger, service, delivery, clock);
    this.charges = new CardCharges(this, service, payers, delivery, reversals, clock);
  }

  /**
   * Begins to buy credits by card; {@link Purchase#url} is where the user pays. The page asks
   * whether the card may be charged later, too.
   *
   * @param key the client's: the same again is the same purchase
   * @throws ChoirException {@code bad_amount}, {@code debt_open}, {@code key_reused}, or of the
   *     service: then asking again with the same key goes on
   */
  public Purchase buyCredits(TenantId user, String key, long credits, URI returnTo) {
    long cents = PaymentRules.creditCents(credits);
    debts.requireNone(user);
    return begin(
        user, PaymentSql.key(key), Purchase.Kind.CREDITS, credits, cents, packPrice(), returnTo);
  }

  /**
   * Begins to buy CHIP from the treasury by card, at its price now, which stands as long as the
   * page is open. The CHIP are set aside at once; those bought are held for 72 hours: they can be
   * staked, and cannot leave.
   *
   * @param microChip millionths of a CHIP
   * @throws ChoirException as {@link #buyCredits}, {@code no_price}, {@code treasury_short}
   */
  public Purchase buyChip(TenantId user, String key, long microChip, URI returnTo) {
    long price = chipPrice.getAsLong();
    long cents = PaymentRules.chipCents(microChip, price);
    debts.requireNone(user);
    String words = new Money(price, Currency.USD) + " for one CHIP";
    return begin(user, PaymentSql.key(key), Purchase.Kind.CHIP, microChip, cents, words, returnTo);
  }

  /**
   * Begins to repay what the user owes by card.
   *
   * @throws ChoirException {@code no_debt}; otherwise as {@link #buyCredits}
   */
  public Purchase payDebt(TenantId user, String key, URI returnTo) {
    Optional<Purchase> before = find(user, PaymentSql.key(key));
    if (before.isPresent() && before.get().kind() == Purchase.Kind.DEBT) {
      return look(before.get().id());
    }
    long owed = debts.collect(user);
    // Cards pay at least half a dollar; what is less than a cent is left to be earned.
    long cents = owed / PaymentRules.MICRO_PER_CENT;
    if (cents < 50) {
      throw ChoirException.usage(
          "no_debt", "the user " + user + " owes nothing that a card could pay", "");
    }
    return begin(
        user,
        key,
        Purchase.Kind.DEBT,
        cents * PaymentRules.MICRO_PER_CENT,
        cents,
        "what is owed",
        returnTo);
  }

  /**
   * Buys credits with USDC of the wallet, at once.
   *
   * @return what they cost
   * @throws ChoirException {@code bad_amount}, {@code debt_open}, {@code ledger_exceeds_credits}
   */
  public Money buyCreditsWithUsdc(TenantId user, String key, long credits) {
    long micro = PaymentRules.creditCents(credits) * PaymentRules.MICRO_PER_CENT;
    PaymentSql.key(key);
    debts.requireNone(user);
    payers.open(user);
    Explanation why =
        Explanation.of(
            "credits x price",
            "credits",
            credits,
            "price",
            packPrice(),
            "paid",
            new Money(micro, Currency.USDC));
    // The chain is the intent: it happens whole or not at all, and once for a key.
    ledger.require(
        List.of(
            Transfer.move(
                    Transfer.id("credits-for-usdc", user.value(), key, "usdc"),
                    Chart.available(user, Currency.USDC),
                    Chart.revenue(),
                    micro,
                    "credits_bought",
                    why)
                .chained(),
            Transfer.move(
                Transfer.id("credits-for-usdc", user.value(), key, "credits"),
                Chart.compute(),
                Chart.available(user, Currency.CREDITS),
                credits,
                "credits_bought",
                why)));
    return new Money(micro, Currency.USDC);
  }

  static String packPrice() {
    return PaymentRules.PACK_CREDITS
        + " credits for "
        + PaymentRules.dollars(PaymentRules.PACK_CENTS);
  }

  /** Writes the wish down, once for its key, and goes on with it. */
  Purchase begin(
      TenantId user,
      String key,
      Purchase.Kind kind,
      long units,
      long cents,
      String price,
      URI returnTo) {
    payers.open(user);
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    UUID id = Transfer.id("purchase", user.value(), key);
    database.transaction(
        c ->
            Rows.update(
                c,
                "insert into economy.purchase (id, tenant, key, kind, units, cents, price, state,"
                    + " return_to, requested_at, expires_at, due_at)"
                    + " values (?, ?, ?, ?, ?, ?, ?, 'requested', ?, ?, ?, ?)"
                    + " on conflict do nothing",
                id,
                user.value(),
                key,
                kind.word(),
                units,
                cents,
                price,
                returnTo.toString(),
                now,
                now.plus(PaymentRules.CHECKOUT_LIFE),
                now.plusSeconds(30)));
    Purchase purchase = require(id);
    if (purchase.kind() != kind || purchase.units() != units) {
      throw PaymentSql.reused(key);
    }
    return look(id);
  }

  /** A purchase as it was when it was last looked at. */
  public Optional<Purchase> find(UUID id) {
    return database.transaction(
        c -> Rows.first(c, "select * from economy.purchase where id = ?", Purchase::read, id));
  }

  private Optional<Purchase> find(TenantId user, String key) {
    return find(Transfer.id("purchase", user.value(), key));
  }

  Purchase require(UUID id) {
    return find(id)
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_purchase", "there is no purchase " + id, "look: choir wallet"));
  }

  /** A user's purchases, newest first. */
  public List<Purchase> list(TenantId user, int limit) {
    return database.transaction(
        c ->
            Rows.list(
                c,
                "select * from economy.purchase where tenant = ?"
                    + " order by requested_at desc, id limit ?",
                Purchase::read,
                user.value(),
                Math.min(limit, LIST_MAX)));
  }

  /** Something a user is to be told. */
  public record Notice(long seq, String code, String words, String link, Instant at) {}

  /** What a user is to be told about their payments, newest first. */
  public List<Notice> notices(TenantId user, int limit) {
    return database.transaction(
        c ->
            Rows.list(
                c,
                "select * from economy.payment_notice where tenant = ? order by seq desc limit ?",
                row ->
                    new Notice(
                        row.getLong("seq"),
                        row.getString("code"),
                        row.getString("words"),
                        row.getString("link"),
                        row.getTimestamp("at").toInstant()),
                user.value(),
                Math.min(limit, LIST_MAX)));
  }

  /**
   * Asks the service how a purchase stands and does what follows. Harmless at any time and as often
   * as one likes.
   */
  public Purchase look(UUID id) {
    Purchase purchase = require(id);
    switch (purchase.state()) {
      case REQUESTED -> {
        if (purchase.kind() == Purchase.Kind.AUTO) {
          charges.charge(purchase);
        } else {
          openPage(purchase);
        }
      }
      case CHARGING -> charges.charge(purchase);
      case OPEN -> lookAtPage(purchase);
      case PAID -> {
        reversals.after(purchase, service.payment(purchase.payment().orElseThrow()));
      }
      case REFUNDING -> reversals.refunds(purchase);
      case EXPIRED, DECLINED, ASKS, REFUSED, REFUNDED -> delivery.settled(purchase);
    }
    return require(id);
  }

  private void openPage(Purchase purchase) {
    if (purchase.kind() == Purchase.Kind.CHIP && !delivery.reserveChip(purchase)) {
      throw ChoirException.fatal(
          "treasury_short",
          "the treasury has less than "
              + new Money(purchase.units(), Currency.CHIP)
              + " to sell now",
          "buy less, or later");
    }
    String customer = payers.customer(purchase.user());
    delivery.asked(purchase);
    Checkout page;
    try {
      page =
          service.openCheckout(
              new Ask(purchase.id(), purchase.asked()),
              new PaymentService.CheckoutOrder(
                  customer,
                  purchase.cents(),
                  words(purchase),
                  purchase.kind() == Purchase.Kind.CREDITS,
                  purchase.expiresAt(),
                  purchase.returnTo()));
    } catch (ChoirException e) {
      if (e.code().equals("payments_refused")) {
        // Also what a page is told that would begin too late to be open for half an hour.
        delivery.end(purchase, Purchase.State.EXPIRED, e.failure().message());
      }
      throw e;
    }
    delivery.opened(purchase, page);
  }

  static String words(Purchase purchase) {
    return switch (purchase.kind()) {
      case CREDITS, AUTO -> purchase.units() + " credits of Choir";
      case CHIP -> new Money(purchase.units(), Currency.CHIP) + " of Choir";
      case DEBT -> "What is owed to Choir";
    };
  }

  private void lookAtPage(Purchase purchase) {
    Checkout page = service.checkout(purchase.checkout().orElseThrow());
    boolean overdue = clock.instant().isAfter(purchase.expiresAt());
    if (page.state() == Checkout.State.OPEN && overdue) {
      page = service.expireCheckout(page.id());
    }
    if (page.paid()) {
      Charge paid = service.payment(page.payment().orElseThrow());
      delivery.paid(purchase, paid);
      reversals.after(purchase, paid);
    } else if (page.state() == Checkout.State.EXPIRED) {
      boolean asked = purchase.key().startsWith(CardCharges.ASKS);
      delivery.end(
          purchase,
          Purchase.State.EXPIRED,
          "",
          c -> {
            if (asked) {
              CardCharges.stop(c, purchase.user(), "nobody_confirmed", clock.instant());
            }
          });
    } else {
      delivery.later(purchase);
    }
  }

  /** Looks at the purchase that a page belongs to; false if it is none of ours. */
  boolean lookAtCheckout(String id) {
    Checkout page = service.checkout(id);
    Optional<Purchase> purchase = page.reference().flatMap(this::find);
    if (purchase.isEmpty()) {
      return false;
    }
    Purchase now = look(purchase.get().id());
    if (page.paid() && now.checkout().isPresent() && !now.checkout().get().equals(id)) {
      // A second page for one purchase: what is paid on it goes back.
      service.refund(
          new Ask(Transfer.id("second-page", id), true),
          page.payment().orElseThrow(),
          page.cents());
    }
    return true;
  }

  /** Looks at the purchase that a payment belongs to; false if it is none of ours. */
  boolean lookAtPayment(String id) {
    Optional<Purchase> purchase = service.payment(id).reference().flatMap(this::find);
    purchase.ifPresent(found -> look(found.id()));
    return purchase.isPresent();
  }

  /**
   * Gives a part or all of a payment back, for an operator.
   *
   * @param key the operator's: the same again is the same refund
   * @throws ChoirException {@code not_paid}, {@code bad_amount}, {@code refund_refused}, or of the
   *     service: then it goes on by itself
   */
  public Purchase refund(UUID id, String key, long cents) {
    Purchase purchase = require(id);
    if (purchase.state() != Purchase.State.PAID) {
      throw ChoirException.usage("not_paid", "the purchase " + id + " is not paid", "");
    }
    if (cents < 1 || cents > purchase.cents()) {
      throw ChoirException.usage(
          "bad_amount",
          "cannot give back "
              + PaymentRules.dollars(cents)
              + " of "
              + PaymentRules.dollars(purchase.cents()),
          "");
    }
    reversals.wish(purchase, PaymentSql.key(key), cents);
    Purchase now = look(id);
    String refusal = reversals.refusal(purchase, key);
    if (!refusal.isEmpty()) {
      throw ChoirException.fatal("refund_refused", refusal, "look at it at the payment service");
    }
    return now;
  }

  /**
   * Goes on with what is due: unfinished, overdue, or no longer held. To be called every few
   * seconds.
   *
   * @return how many were looked at
   */
  public int work() {
    Instant now = clock.instant();
    List<Purchase> due =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select * from economy.purchase where due_at <= ? order by due_at limit ?",
                    Purchase::read,
                    now,
                    WORK_MAX));
    for (Purchase purchase : due) {
      try {
        look(purchase.id());
      } catch (RuntimeException e) {
        // One that cannot be helped must not keep the others waiting.
        delivery.failed(purchase, e);
      }
    }
    return due.size();
  }
}
