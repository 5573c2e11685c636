package org.choir.economy.stripe;

import com.stripe.model.Account;
import com.stripe.model.Charge;
import com.stripe.model.PaymentIntent;
import com.stripe.model.StripeError;
import com.stripe.model.Transfer;
import com.stripe.model.checkout.Session;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.choir.economy.PaymentService;
import org.jspecify.annotations.Nullable;

/** What Stripe's objects mean to us. A state that is not known fails rather than be guessed. */
final class StripeAnswers {
  private StripeAnswers() {}

  static PaymentService.Checkout checkout(Session session) {
    PaymentService.Checkout.State state =
        switch (session.getStatus()) {
          case "open" -> PaymentService.Checkout.State.OPEN;
          case "complete" -> PaymentService.Checkout.State.COMPLETE;
          case "expired" -> PaymentService.Checkout.State.EXPIRED;
          case null, default -> throw unknown("checkout", session.getId(), session.getStatus());
        };
    return new PaymentService.Checkout(
        session.getId(),
        state,
        "paid".equals(session.getPaymentStatus()),
        session.getAmountTotal(),
        session.getCurrency(),
        Optional.ofNullable(session.getUrl()).map(URI::create),
        Optional.ofNullable(session.getPaymentIntent()),
        reference(session.getMetadata()));
  }

  static PaymentService.Charge charge(PaymentIntent payment, long disputedCents) {
    StripeError error = payment.getLastPaymentError();
    String code = error == null || error.getCode() == null ? "" : error.getCode();
    PaymentService.Charge.State state =
        switch (payment.getStatus()) {
          case "succeeded" -> PaymentService.Charge.State.PAID;
          case "processing", "requires_confirmation", "requires_capture" ->
              PaymentService.Charge.State.PROCESSING;
          case "canceled" -> PaymentService.Charge.State.CANCELLED;
          case "requires_action" -> PaymentService.Charge.State.NEEDS_PERSON;
          case "requires_payment_method" ->
              error == null
                  ? PaymentService.Charge.State.PROCESSING
                  : code.equals("authentication_required")
                      ? PaymentService.Charge.State.NEEDS_PERSON
                      : PaymentService.Charge.State.DECLINED;
          case null, default -> throw unknown("payment", payment.getId(), payment.getStatus());
        };
    Charge charge = payment.getLatestChargeObject();
    long refunded = charge == null ? 0 : charge.getAmountRefunded();
    String declined =
        error == null || error.getDeclineCode() == null ? code : error.getDeclineCode();
    return new PaymentService.Charge(
        payment.getId(),
        state,
        payment.getAmount(),
        payment.getCurrency(),
        Math.min(payment.getAmount(), Math.addExact(refunded, disputedCents)),
        Optional.ofNullable(payment.getCustomer()),
        Optional.ofNullable(payment.getPaymentMethod()),
        Text.visible(declined, 60),
        reference(payment.getMetadata()));
  }

  /** Whether a dispute in this state has taken the money: not while it is only an inquiry. */
  static boolean takenFromUs(String status) {
    return !status.equals("won") && !status.equals("prevented") && !status.startsWith("warning_");
  }

  static PaymentService.Payee payee(Account account) {
    Account.Requirements requirements = account.getRequirements();
    List<String> due =
        requirements == null || requirements.getCurrentlyDue() == null
            ? List.of()
            : List.copyOf(requirements.getCurrentlyDue());
    String disabled =
        requirements == null || requirements.getDisabledReason() == null
            ? ""
            : requirements.getDisabledReason();
    return new PaymentService.Payee(
        account.getId(), Boolean.TRUE.equals(account.getPayoutsEnabled()), due, disabled);
  }

  static PaymentService.Sent sent(Transfer transfer) {
    return new PaymentService.Sent(
        transfer.getId(),
        transfer.getDestination(),
        transfer.getAmount(),
        transfer.getAmountReversed(),
        reference(transfer.getMetadata()));
  }

  static PaymentService.Payout payout(String account, com.stripe.model.Payout payout) {
    PaymentService.Payout.State state =
        switch (payout.getStatus()) {
          case "pending", "in_transit" -> PaymentService.Payout.State.ON_ITS_WAY;
          case "paid" -> PaymentService.Payout.State.PAID;
          case "failed", "canceled" -> PaymentService.Payout.State.FAILED;
          case null, default -> throw unknown("payout", payout.getId(), payout.getStatus());
        };
    return new PaymentService.Payout(
        payout.getId(),
        account,
        state,
        payout.getAmount(),
        payout.getFailureCode() == null ? "" : Text.visible(payout.getFailureCode(), 60),
        reference(payout.getMetadata()));
  }

  private static Optional<UUID> reference(@Nullable Map<String, String> metadata) {
    String text = metadata == null ? null : metadata.get(StripePayments.REFERENCE);
    try {
      return Optional.ofNullable(text).map(UUID::fromString);
    } catch (IllegalArgumentException e) {
      // Somebody else's mark: no object of ours.
      return Optional.empty();
    }
  }

  private static ChoirException unknown(String what, String id, @Nullable String state) {
    return ChoirException.fatal(
        "payments_unknown_state",
        "Stripe calls the " + what + " " + id + " '" + state + "', which is not known here",
        "update Choir");
  }
}
