package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.economy.PaymentService.Ask;
import org.choir.economy.PaymentService.Charge;

/** Charges a saved card for an autopurchase, and does what the bank's answer asks for. */
final class CardCharges {
  /** How the keys of our own purchases begin; a client's cannot. */
  static final String AUTO = "/auto/";

  /** A page on which the user confirms what the bank would not do without them. */
  static final String ASKS = "/asks/";

  private final Purchases purchases;
  private final PaymentService service;
  private final Payers payers;
  private final Delivery delivery;
  private final Reversals reversals;
  private final InstantSource clock;

  CardCharges(
      Purchases purchases,
      PaymentService service,
      Payers payers,
      Delivery delivery,
      Reversals reversals,
      InstantSource clock) {
    this.purchases = purchases;
    this.service = service;
    this.payers = payers;
    this.delivery = delivery;
    this.reversals = reversals;
    this.clock = clock;
  }

  /** Charges, or asks what became of the charge. */
  void charge(Purchase purchase) {
    String method = purchase.method().or(() -> payers.method(purchase.user())).orElse("");
    if (method.isEmpty()) {
      declined(purchase, "no_saved_card");
      return;
    }
    delivery.reserveAuto(purchase, method);
    delivery.asked(purchase);
    Charge charge;
    try {
      charge =
          service.charge(
              new Ask(purchase.id(), purchase.asked()),
              new PaymentService.SavedCharge(
                  payers.customer(purchase.user()),
                  purchases.require(purchase.id()).method().orElse(method),
                  purchase.cents(),
                  Purchases.words(purchase)));
    } catch (ChoirException e) {
      if (!e.code().equals("payments_refused")) {
        throw e;
      }
      // For example a card that the user has removed.
      declined(purchase, "card_refused");
      return;
    }
    follow(purchase, charge);
  }

  private void follow(Purchase purchase, Charge charge) {
    switch (charge.state()) {
      case PAID -> {
        delivery.paid(purchase, charge);
        reversals.after(purchase, charge);
      }
      case PROCESSING -> delivery.later(purchase);
      case DECLINED, NEEDS_PERSON, CANCELLED -> {
        // Given up there before it is here: then nobody can pay it later.
        Charge last =
            charge.state() == Charge.State.CANCELLED ? charge : service.cancelPayment(charge.id());
        if (last.state() == Charge.State.PAID) {
          follow(purchase, last);
        } else if (charge.state() == Charge.State.NEEDS_PERSON) {
          ask(purchase);
        } else {
          declined(purchase, charge.refusal().isEmpty() ? "declined" : charge.refusal());
        }
      }
    }
  }

  /** Opens a page for the user, tells them, and waits for it. */
  private void ask(Purchase purchase) {
    Purchase page =
        purchases.begin(
            purchase.user(),
            ASKS + purchase.id(),
            Purchase.Kind.CREDITS,
            purchase.units(),
            purchase.cents(),
            purchase.price(),
            purchase.returnTo());
    String link = page.url().map(Object::toString).orElse("");
    delivery.end(
        purchase,
        Purchase.State.ASKS,
        "",
        c -> {
          Rows.update(
              c,
              "update economy.autopurchase set state = 'asks', reason = ?"
                  + " where tenant = ? and state = 'on'",
              link,
              purchase.user().value());
          PaymentSql.tell(
              c,
              purchase.user(),
              "autopurchase_asks",
              "your bank wants you to confirm "
                  + PaymentRules.dollars(purchase.cents())
                  + " for "
                  + Purchases.words(purchase),
              link,
              clock.instant());
        });
  }

  private void declined(Purchase purchase, String why) {
    delivery.end(
        purchase,
        Purchase.State.DECLINED,
        why,
        c -> {
          Rows.update(
              c,
              "update economy.autopurchase set declines = declines + 1, not_before = ?,"
                  + " reason = case when declines + 1 >= ? then 'declined' else reason end,"
                  + " state = case when declines + 1 >= ? then 'stopped' else state end"
                  + " where tenant = ? and state = 'on'",
              clock.instant().plus(PaymentRules.AUTO_AFTER_DECLINE),
              PaymentRules.AUTO_DECLINES_MAX,
              PaymentRules.AUTO_DECLINES_MAX,
              purchase.user().value());
          boolean stopped =
              Rows.number(
                      c,
                      "select count(*) from economy.autopurchase"
                          + " where tenant = ? and state = 'stopped'",
                      purchase.user().value())
                  > 0;
          PaymentSql.tell(
              c,
              purchase.user(),
              stopped ? "autopurchase_stopped" : "autopurchase_declined",
              "your card was refused ("
                  + why
                  + ")"
                  + (stopped
                      ? "; nothing is bought by itself any more until you agree again"
                      : "; it is tried once more"),
              "",
              clock.instant());
        });
  }

  /** Stops buying for a user, and says so, if it was going on. */
  static void stop(Connection c, TenantId user, String reason, Instant at) throws SQLException {
    int stopped =
        Rows.update(
            c,
            "update economy.autopurchase set state = 'stopped', reason = ?"
                + " where tenant = ? and state in ('on', 'asks')",
            reason,
            user.value());
    if (stopped == 1) {
      PaymentSql.tell(
          c,
          user,
          "autopurchase_stopped",
          "nothing is bought by itself any more until you agree again (" + reason + ")",
          "",
          at);
    }
  }
}
