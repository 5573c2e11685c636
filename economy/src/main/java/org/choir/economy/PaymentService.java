package org.choir.economy;

import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.TenantId;

/**
 * The outside service that takes money from cards and sends it to banks. Amounts are whole cents of
 * US dollars. What it says about an object is that object's state now. Thread-safe.
 *
 * <p>Every call fails with a {@link org.choir.core.ChoirException}: {@code payments_unavailable}
 * (no answer or a fault of theirs; whether it was done is not known), {@code payments_busy} (not
 * done, later), {@code payments_short} (our balance there is too small for now), {@code
 * payments_unauthorized}, {@code payments_key_reused}, {@code payments_refused} (not done, and
 * never will be).
 */
public interface PaymentService {
  /** The word for this service in the ledger's account {@link Chart#bank}. */
  String name();

  /**
   * Which effect is asked for. Asking again with the same id never has a second effect.
   *
   * @param id of our row, and the reference by which the service's object is found again
   * @param again whether it may have been asked before: then what is there is looked for first,
   *     because the service forgets keys after a day and repeats a fault for as long
   */
  record Ask(UUID id, boolean again) {}

  /**
   * A payment by card to be made on the service's own page.
   *
   * @param words what is bought, shown to the payer
   * @param saveMethod whether the payer is asked to allow later charges without being present
   * @param returnTo where the payer's browser goes afterwards
   */
  record CheckoutOrder(
      String customer,
      long cents,
      String words,
      boolean saveMethod,
      Instant expiresAt,
      URI returnTo) {}

  /**
   * A page on which somebody pays.
   *
   * @param payment empty until the payer began
   * @param reference the id it was asked with, if it is one of ours
   */
  record Checkout(
      String id,
      Checkout.State state,
      boolean paid,
      long cents,
      String currency,
      Optional<URI> url,
      Optional<String> payment,
      Optional<UUID> reference) {
    /** How far it is. */
    public enum State {
      OPEN,
      COMPLETE,
      EXPIRED
    }
  }

  /** A charge of a saved card while its owner is not present. */
  record SavedCharge(String customer, String method, long cents, String words) {}

  /**
   * A payment by card.
   *
   * @param returnedCents what went back to the payer: refunds, and disputes that are open or lost
   * @param method the card, by the service's id
   * @param refusal the bank's word for a refusal, or empty
   */
  record Charge(
      String id,
      Charge.State state,
      long cents,
      String currency,
      long returnedCents,
      Optional<String> customer,
      Optional<String> method,
      String refusal,
      Optional<UUID> reference) {
    /** How far it is. */
    public enum State {
      PAID,
      PROCESSING,
      /** The bank wants to see its customer. */
      NEEDS_PERSON,
      DECLINED,
      CANCELLED
    }
  }

  /** Somebody who is paid out; the service checks who they are. */
  record Payee(String account, boolean payoutsEnabled, List<String> due, String disabledReason) {}

  /** Money sent to a payee's account at the service. */
  record Sent(
      String id, String account, long cents, long reversedCents, Optional<UUID> reference) {}

  /** Money on its way from a payee's account at the service to their bank. */
  record Payout(
      String id,
      String account,
      Payout.State state,
      long cents,
      String failure,
      Optional<UUID> reference) {
    /** How far it is. Even what was paid may still fail days later, when the bank sends it back. */
    public enum State {
      ON_ITS_WAY,
      PAID,
      FAILED
    }
  }

  /** Makes a payer known; the answer is its id there. */
  String customer(Ask ask, TenantId user);

  /** Opens a page to pay on. */
  Checkout openCheckout(Ask ask, CheckoutOrder order);

  /** A page as it is now. */
  Checkout checkout(String id);

  /** Closes a page so that nobody can pay on it any more; the answer tells if somebody had. */
  Checkout expireCheckout(String id);

  /** Charges a saved card; a refusal is an answer, no failure. */
  Charge charge(Ask ask, SavedCharge order);

  /** A payment as it is now. */
  Charge payment(String id);

  /** Gives up a payment that is not made; the answer tells if it had been. */
  Charge cancelPayment(String id);

  /** Gives a part or all of a payment back. */
  void refund(Ask ask, String payment, long cents);

  /** Makes a payee known; the answer is the id of their account there. */
  String newPayee(Ask ask, TenantId user);

  /** A page where a payee says who they are and names a bank; it works once, for minutes. */
  URI onboarding(String account, URI returnTo);

  /** A payee as they are now. */
  Payee payee(String account);

  /** Sends money to a payee's account. */
  Sent send(Ask ask, String account, long cents);

  /** Money sent, as it is now. */
  Sent sent(String id);

  /** Takes everything back that was sent and has not come back yet. */
  Sent takeBack(Ask ask, String sent);

  /** Sends money from a payee's account to their bank. */
  Payout payOut(Ask ask, String account, long cents);

  /** A payout as it is now. */
  Payout payout(String account, String id);
}
