package org.choir.economy.stripe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.stripe.exception.SignatureVerificationException;
import com.stripe.net.Webhook;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.economy.PaymentService;
import org.choir.economy.PaymentService.Ask;
import org.choir.economy.PaymentService.Payout;
import org.choir.economy.WebhookSignature;
import org.choir.economy.stripe.StripeSandbox.Trouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Stripe on a bad day: faults, lost connections, forgotten keys. No effect is lost or doubled. */
class StripeTroubleTest {
  private Instant now = Instant.parse("2026-11-21T08:00:00Z");
  private final StripeSandbox sandbox = StripeSandbox.start(() -> now);
  private final PaymentService stripe = new StripePayments(sandbox.options());

  @AfterEach
  void stop() {
    sandbox.close();
  }

  private static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private String payee() {
    String account = stripe.newPayee(new Ask(UUID.randomUUID(), false), new TenantId("ada"));
    sandbox.onboarded(account, true);
    sandbox.fund(100_000);
    return account;
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "SILENT")
  void anEffectHappensOnceWhateverHappensToItsAnswer(Trouble trouble) {
    String account = payee();
    Ask ask = new Ask(UUID.randomUUID(), false);
    sandbox.next("POST /v1/transfers", trouble);
    requireFails(
        () -> stripe.send(ask, account, 17_345),
        trouble == Trouble.LIMIT ? "payments_busy" : "payments_unavailable");
    PaymentService.Sent sent = stripe.send(new Ask(ask.id(), true), account, 17_345);
    assertThat(sent.reference()).contains(ask.id());
    assertThat(sandbox.objects("transfer")).hasSize(1);
    assertThat(sandbox.balance(account)).isEqualTo(17_345);
    assertThat(stripe.send(new Ask(ask.id(), true), account, 17_345)).isEqualTo(sent);
  }

  @Test
  void aSilentServerIsLeftAtTheDeadline() {
    String account = payee();
    PaymentService hasty =
        new StripePayments(
            new StripeOptions(sandbox.options().key(), sandbox.base(), Duration.ofMillis(300), 0));
    Ask ask = new Ask(UUID.randomUUID(), false);
    sandbox.next("POST /v1/transfers", Trouble.SILENT);
    requireFails(() -> hasty.send(ask, account, 100), "payments_unavailable");
    assertThat(stripe.send(new Ask(ask.id(), true), account, 100).cents()).isEqualTo(100);
    assertThat(sandbox.objects("transfer")).hasSize(1);
  }

  @Test
  void aKeyThatStripeForgotDoesNotPayTwice() {
    String account = payee();
    Ask ask = new Ask(UUID.randomUUID(), false);
    sandbox.next("POST /v1/transfers", Trouble.CUT_AFTER);
    requireFails(() -> stripe.send(ask, account, 500), "payments_unavailable");
    now = now.plus(Duration.ofDays(3));
    assertThat(stripe.send(new Ask(ask.id(), true), account, 500).cents()).isEqualTo(500);
    assertThat(sandbox.objects("transfer")).hasSize(1);
  }

  @Test
  void aPayoutBuriedUnderManyOthersIsFoundAgain() {
    String account = payee();
    stripe.send(new Ask(UUID.randomUUID(), false), account, 10_000);
    Ask ask = new Ask(UUID.randomUUID(), false);
    Payout sought = stripe.payOut(ask, account, 300);
    for (int i = 0; i < 25; i++) {
      stripe.payOut(new Ask(UUID.randomUUID(), false), account, 100);
    }
    now = now.plus(Duration.ofDays(2));
    assertThat(stripe.payOut(new Ask(ask.id(), true), account, 300)).isEqualTo(sought);
    assertThat(sandbox.objects("payout")).hasSize(26);
  }

  @Test
  void anImmediateRetryKeepsTheKey() {
    String account = payee();
    PaymentService patient =
        new StripePayments(
            new StripeOptions(sandbox.options().key(), sandbox.base(), Duration.ofSeconds(5), 2));
    sandbox.next("POST /v1/transfers", Trouble.FAULT_AFTER);
    patient.send(new Ask(UUID.randomUUID(), false), account, 700);
    assertThat(sandbox.objects("transfer")).hasSize(1);
  }

  @Test
  void aWrongKeyIsNamedAndNeverShown() {
    PaymentService other =
        new StripePayments(
            new StripeOptions(
                StripeOptions.key("sk_test_anotherkey99", false),
                sandbox.base(),
                Duration.ofSeconds(5),
                0));
    assertThatThrownBy(() -> other.checkout("cs_x"))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("payments_unauthorized");
              assertThat(e.toString()).doesNotContain("anotherkey99");
            });
    assertThat(StripeOptions.key("sk_test_anotherkey99", false).toString())
        .doesNotContain("another");
  }

  @Test
  void aLiveKeyIsRefusedUnlessItIsConfigured() {
    requireFails(() -> StripeOptions.key("sk_live_abcdefgh12", false), "live_key_refused");
    assertThat(StripeOptions.key("sk_live_abcdefgh12", true).live()).isTrue();
    requireFails(() -> StripeOptions.key("pk_test_abcdefgh12", false), "bad_stripe_key");
    requireFails(
        () -> sandbox.options().at(URI.create("http://stripe.example")), "bad_stripe_address");
  }

  @Test
  void ourSignatureRuleAgreesWithStripesLibrary() throws Exception {
    String secret = "whsec_test";
    WebhookSignature.Secret ours = new WebhookSignature.Secret(secret);
    byte[] body = "{\"id\":\"evt_1\",\"object\":\"event\"}".getBytes(StandardCharsets.UTF_8);
    String text = new String(body, StandardCharsets.UTF_8);
    Instant signed = Instant.now();
    String header = WebhookSignature.header(body, List.of(ours), signed);
    assertThat(Webhook.Signature.verifyHeader(text, header, secret, 300)).isTrue();
    long t = signed.getEpochSecond();
    String theirs =
        "t=" + t + ",v1=" + Webhook.Util.computeHmacSha256(secret, t + "." + text) + ",v0=ff";
    assertThat(WebhookSignature.judge(body, theirs, List.of(ours), signed, Duration.ofMinutes(5)))
        .isEqualTo(WebhookSignature.Verdict.GOOD);
    assertThatThrownBy(() -> Webhook.Signature.verifyHeader(text + " ", header, secret, 300))
        .isInstanceOf(SignatureVerificationException.class);
    JsonNode event = Json.parse(body);
    assertThat(event.path("id").asText()).isEqualTo("evt_1");
  }
}
