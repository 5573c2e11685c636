package org.choir.economy.stripe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.stripe.StripeClient;
import com.stripe.exception.StripeException;
import com.stripe.net.RequestOptions;
import com.stripe.param.PaymentMethodAttachParams;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.economy.PaymentService;
import org.choir.economy.PaymentService.Ask;
import org.choir.economy.PaymentService.Charge;
import org.choir.economy.PaymentService.Checkout;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What Choir expects of Stripe, asked of the sandbox always and of Stripe itself, in test mode,
 * when {@code STRIPE_API_KEY} holds a test key: the sandbox is then shown to speak as Stripe does.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("targets")
class StripeContractTest {
  private static final StripeSandbox SANDBOX = StripeSandbox.start(InstantSource.system());
  private static final URI BACK = URI.create("https://choir.example/back");

  /** Where the questions go. */
  record Target(String name, StripeOptions options, String secret) {
    @Override
    public String toString() {
      return name;
    }
  }

  private final Target target;

  StripeContractTest(Target target) {
    this.target = target;
  }

  static List<Target> targets() {
    List<Target> targets = new ArrayList<>();
    targets.add(new Target("sandbox", SANDBOX.options(), StripeSandbox.KEY));
    String key = Optional.ofNullable(System.getenv("STRIPE_API_KEY")).orElse("");
    if (key.startsWith("sk_test_")) {
      targets.add(new Target("stripe", StripeOptions.of(StripeOptions.key(key, false)), key));
    }
    return targets;
  }

  @AfterAll
  static void stop() {
    SANDBOX.close();
  }

  private PaymentService stripe() {
    return new StripePayments(target.options());
  }

  private static Ask first() {
    return new Ask(UUID.randomUUID(), false);
  }

  private static Ask again(Ask ask) {
    return new Ask(ask.id(), true);
  }

  /** A card that is saved with a customer, as a paid checkout leaves it. */
  private String saved(String customer, String card) throws StripeException {
    StripeClient raw =
        StripeClient.builder()
            .setApiKey(target.secret())
            .setApiBase(target.options().base().toString())
            .build();
    return raw.v1()
        .paymentMethods()
        .attach(
            card,
            PaymentMethodAttachParams.builder().setCustomer(customer).build(),
            RequestOptions.builder().setIdempotencyKey("test-" + UUID.randomUUID()).build())
        .getId();
  }

  private PaymentService.CheckoutOrder order(String customer) {
    return new PaymentService.CheckoutOrder(
        customer,
        1_000,
        "500 credits of Choir",
        true,
        Instant.now().truncatedTo(ChronoUnit.SECONDS).plus(Duration.ofHours(1)),
        BACK);
  }

  @Test
  void theSameAskOpensOneCheckout() {
    PaymentService stripe = stripe();
    String customer = stripe.customer(first(), new TenantId("ada"));
    Ask ask = first();
    PaymentService.CheckoutOrder order = order(customer);
    Checkout opened = stripe.openCheckout(ask, order);
    assertThat(opened.state()).isEqualTo(Checkout.State.OPEN);
    assertThat(opened.paid()).isFalse();
    assertThat(opened.cents()).isEqualTo(1_000);
    assertThat(opened.currency()).isEqualTo("usd");
    assertThat(opened.url()).isPresent();
    assertThat(opened.reference()).contains(ask.id());
    assertThat(stripe.openCheckout(ask, order).id()).isEqualTo(opened.id());
    assertThat(stripe.openCheckout(again(ask), order).id()).isEqualTo(opened.id());
    assertThat(stripe.checkout(opened.id())).isEqualTo(opened);
  }

  @Test
  void aClosedCheckoutStaysClosed() {
    PaymentService stripe = stripe();
    String customer = stripe.customer(first(), new TenantId("ada"));
    Checkout opened = stripe.openCheckout(first(), order(customer));
    assertThat(stripe.expireCheckout(opened.id()).state()).isEqualTo(Checkout.State.EXPIRED);
    assertThat(stripe.expireCheckout(opened.id()).state()).isEqualTo(Checkout.State.EXPIRED);
  }

  @Test
  void aKeyForSomethingElseIsRefused() {
    PaymentService stripe = stripe();
    String customer = stripe.customer(first(), new TenantId("ada"));
    Ask ask = first();
    PaymentService.CheckoutOrder order = order(customer);
    Checkout opened = stripe.openCheckout(ask, order);
    PaymentService.CheckoutOrder other =
        new PaymentService.CheckoutOrder(
            customer, 2_000, order.words(), true, order.expiresAt(), BACK);
    assertThatThrownBy(() -> stripe.openCheckout(ask, other))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("payments_key_reused"));
    assertThat(stripe.checkout(opened.id()).cents()).isEqualTo(1_000);
  }

  @Test
  void aSavedCardIsChargedOnceAndRefundedOnce() throws StripeException {
    PaymentService stripe = stripe();
    String customer = stripe.customer(first(), new TenantId("ada"));
    String card = saved(customer, "pm_card_visa");
    Ask ask = first();
    PaymentService.SavedCharge order =
        new PaymentService.SavedCharge(customer, card, 1_000, "500 credits of Choir");
    Charge charge = stripe.charge(ask, order);
    assertThat(charge.state()).isEqualTo(Charge.State.PAID);
    assertThat(stripe.charge(ask, order).id()).isEqualTo(charge.id());
    assertThat(stripe.charge(again(ask), order).id()).isEqualTo(charge.id());
    assertThat(charge.reference()).contains(ask.id());
    assertThat(charge.method()).contains(card);
    assertThat(stripe.payment(charge.id()).returnedCents()).isZero();
    Ask back = first();
    stripe.refund(back, charge.id(), 400);
    stripe.refund(back, charge.id(), 400);
    stripe.refund(again(back), charge.id(), 400);
    assertThat(stripe.payment(charge.id()).returnedCents()).isEqualTo(400);
    assertThat(stripe.cancelPayment(charge.id()).state()).isEqualTo(Charge.State.PAID);
  }

  @Test
  void aRefusalByTheBankIsAnAnswer() throws StripeException {
    PaymentService stripe = stripe();
    String customer = stripe.customer(first(), new TenantId("ada"));
    Ask ask = first();
    PaymentService.SavedCharge declined =
        new PaymentService.SavedCharge(
            customer, saved(customer, "pm_card_chargeCustomerFail"), 1_000, "credits");
    Charge charge = stripe.charge(ask, declined);
    assertThat(charge.state()).isEqualTo(Charge.State.DECLINED);
    assertThat(charge.refusal()).isNotEmpty();
    assertThat(stripe.charge(again(ask), declined).state()).isEqualTo(Charge.State.DECLINED);
    Charge shown =
        stripe.charge(
            first(),
            new PaymentService.SavedCharge(
                customer, saved(customer, "pm_card_authenticationRequired"), 1_000, "credits"));
    assertThat(shown.state()).isEqualTo(Charge.State.NEEDS_PERSON);
    assertThat(stripe.cancelPayment(shown.id()).state()).isEqualTo(Charge.State.CANCELLED);
  }

  @Test
  void aPayeeCannotBePaidBeforeTheirPapers() {
    PaymentService stripe = stripe();
    String account = stripe.newPayee(first(), new TenantId("ada"));
    assertThat(stripe.payee(account).payoutsEnabled()).isFalse();
    assertThat(stripe.payee(account).due()).isNotEmpty();
    assertThat(stripe.onboarding(account, BACK).getHost()).endsWith("stripe.com");
    assertThatThrownBy(() -> stripe.send(first(), account, 100)).isInstanceOf(ChoirException.class);
  }

  @Test
  void whatIsNotThereIsRefused() {
    assertThatThrownBy(() -> stripe().checkout("cs_test_nothing"))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("payments_refused"));
  }
}
