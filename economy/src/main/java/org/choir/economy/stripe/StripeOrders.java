package org.choir.economy.stripe;

import com.stripe.param.AccountCreateParams;
import com.stripe.param.CustomerCreateParams;
import com.stripe.param.PaymentIntentCreateParams;
import com.stripe.param.PayoutCreateParams;
import com.stripe.param.RefundCreateParams;
import com.stripe.param.TransferCreateParams;
import com.stripe.param.TransferReversalCreateParams;
import com.stripe.param.checkout.SessionCreateParams;
import org.choir.core.TenantId;
import org.choir.economy.PaymentService.Ask;
import org.choir.economy.PaymentService.CheckoutOrder;
import org.choir.economy.PaymentService.SavedCharge;

/**
 * What Stripe is asked for, as its library writes it. Everything follows from our row, so that a
 * repetition is the same, byte for byte: Stripe refuses a key that comes with anything else.
 */
final class StripeOrders {
  private static final String DOLLARS = "usd";

  private StripeOrders() {}

  static CustomerCreateParams customer(Ask ask, TenantId user) {
    return CustomerCreateParams.builder()
        .setDescription("Choir user " + user)
        .putMetadata(StripePayments.REFERENCE, ask.id().toString())
        .build();
  }

  static SessionCreateParams checkout(Ask ask, CheckoutOrder order) {
    SessionCreateParams.PaymentIntentData.Builder payment =
        SessionCreateParams.PaymentIntentData.builder()
            .setDescription(order.words())
            .putMetadata(StripePayments.REFERENCE, ask.id().toString());
    if (order.saveMethod()) {
      payment.setSetupFutureUsage(
          SessionCreateParams.PaymentIntentData.SetupFutureUsage.OFF_SESSION);
    }
    return SessionCreateParams.builder()
        .setMode(SessionCreateParams.Mode.PAYMENT)
        .setCustomer(order.customer())
        .setClientReferenceId(ask.id().toString())
        .putMetadata(StripePayments.REFERENCE, ask.id().toString())
        .addPaymentMethodType(SessionCreateParams.PaymentMethodType.CARD)
        .setPaymentIntentData(payment.build())
        // The payer's own currency would make the amount another than ours.
        .setAdaptivePricing(SessionCreateParams.AdaptivePricing.builder().setEnabled(false).build())
        .setExpiresAt(order.expiresAt().getEpochSecond())
        .setSuccessUrl(order.returnTo().toString())
        .setCancelUrl(order.returnTo().toString())
        .addLineItem(
            SessionCreateParams.LineItem.builder()
                .setQuantity(1L)
                .setPriceData(
                    SessionCreateParams.LineItem.PriceData.builder()
                        .setCurrency(DOLLARS)
                        .setUnitAmount(order.cents())
                        .setProductData(
                            SessionCreateParams.LineItem.PriceData.ProductData.builder()
                                .setName(order.words())
                                .build())
                        .build())
                .build())
        .build();
  }

  static PaymentIntentCreateParams charge(Ask ask, SavedCharge order) {
    return PaymentIntentCreateParams.builder()
        .setAmount(order.cents())
        .setCurrency(DOLLARS)
        .setCustomer(order.customer())
        .setPaymentMethod(order.method())
        .addPaymentMethodType("card")
        .setDescription(order.words())
        .setOffSession(true)
        .setConfirm(true)
        .putMetadata(StripePayments.REFERENCE, ask.id().toString())
        .build();
  }

  static RefundCreateParams refund(Ask ask, String payment, long cents) {
    return RefundCreateParams.builder()
        .setPaymentIntent(payment)
        .setAmount(cents)
        .putMetadata(StripePayments.REFERENCE, ask.id().toString())
        .build();
  }

  static AccountCreateParams payee(Ask ask, TenantId user) {
    return AccountCreateParams.builder()
        .setType(AccountCreateParams.Type.EXPRESS)
        .setCapabilities(
            AccountCreateParams.Capabilities.builder()
                .setTransfers(
                    AccountCreateParams.Capabilities.Transfers.builder().setRequested(true).build())
                .build())
        // Paid out when we say so, each withdrawal by itself.
        .setSettings(
            AccountCreateParams.Settings.builder()
                .setPayouts(
                    AccountCreateParams.Settings.Payouts.builder()
                        .setSchedule(
                            AccountCreateParams.Settings.Payouts.Schedule.builder()
                                .setInterval(
                                    AccountCreateParams.Settings.Payouts.Schedule.Interval.MANUAL)
                                .build())
                        .build())
                .build())
        .putMetadata("user", user.toString())
        .putMetadata(StripePayments.REFERENCE, ask.id().toString())
        .build();
  }

  static TransferCreateParams transfer(Ask ask, String account, long cents) {
    return TransferCreateParams.builder()
        .setAmount(cents)
        .setCurrency(DOLLARS)
        .setDestination(account)
        .setTransferGroup("choir-" + ask.id())
        .putMetadata(StripePayments.REFERENCE, ask.id().toString())
        .build();
  }

  static TransferReversalCreateParams reversal(Ask ask) {
    return TransferReversalCreateParams.builder()
        .putMetadata(StripePayments.REFERENCE, ask.id().toString())
        .build();
  }

  static PayoutCreateParams payout(Ask ask, long cents) {
    return PayoutCreateParams.builder()
        .setAmount(cents)
        .setCurrency(DOLLARS)
        .putMetadata(StripePayments.REFERENCE, ask.id().toString())
        .build();
  }
}
