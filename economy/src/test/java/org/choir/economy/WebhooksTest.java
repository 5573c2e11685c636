package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.economy.WebhookSignature.Secret;
import org.choir.economy.WebhookSignature.Verdict;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What the payment service tells us, and what others would like to tell us. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WebhooksTest {
  private final TestPayments desk;
  private final AtomicInteger taken = new AtomicInteger();
  private final WebhookListener listener;

  WebhooksTest() {
    this.desk = new TestPayments();
    this.listener =
        WebhookListener.start(desk.webhooks, 0, Duration.ofMillis(700), taken::incrementAndGet);
  }

  @AfterAll
  void stop() {
    listener.close();
    desk.close();
  }

  private int send(JsonNode event, Secret... secrets) {
    return desk.sandbox.send(listener.address(), List.of(secrets), event);
  }

  private JsonNode paid(TenantId user) {
    Purchase open = desk.purchases.buyCredits(user, "k", 500, TestPayments.BACK);
    desk.sandbox.pay(open.checkout().orElseThrow());
    return desk.sandbox.events().getLast();
  }

  private long rows() {
    return desk.webhooks.count("received")
        + desk.webhooks.count("done")
        + desk.webhooks.count("ignored");
  }

  @Test
  void anEventIsDurableBeforeItIsAcknowledgedAndWorkedOnAfter() {
    TenantId ada = desk.user();
    JsonNode event = paid(ada);
    assertThat(send(event, TestPayments.SECRET)).isEqualTo(200);
    assertThat(desk.credits(ada)).isZero();
    assertThat(desk.webhooks.count("received")).isEqualTo(1);
    // The process dies and comes again: the event is still there.
    desk.open();
    desk.work();
    assertThat(desk.credits(ada)).isEqualTo(500);
    assertThat(desk.webhooks.count("received")).isZero();
  }

  @Test
  void webhookForgeryLeavesNothing() {
    TenantId eve = desk.user();
    long before = rows();
    JsonNode event = paid(eve);
    assertThat(send(event, new Secret("whsec_of_eve"))).isEqualTo(400);
    assertThat(send(event)).isEqualTo(400);
    byte[] body = Json.write(event).getBytes(StandardCharsets.UTF_8);
    String header = WebhookSignature.header(body, List.of(TestPayments.SECRET), desk.now);
    byte[] other = body.clone();
    other[other.length - 5] ^= 1;
    for (String bad :
        List.of(
            "",
            "t=,v1=",
            header.replace("v1=", "v0="),
            header.replace("t=", "t=1"),
            header + ",t=5",
            "v1=" + "0".repeat(64),
            header.substring(0, header.length() - 2))) {
      assertThatThrownBy(() -> desk.webhooks.accept(body, bad))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("bad_signature"));
    }
    assertThatThrownBy(() -> desk.webhooks.accept(other, header))
        .isInstanceOf(ChoirException.class);
    assertThat(rows()).isEqualTo(before);
    desk.webhooks.work();
    assertThat(desk.credits(eve)).isZero();
  }

  @Test
  void aRightlySignedLieChangesNothing() {
    // Whoever has the secret still cannot make money: the state is asked for, not believed.
    TenantId eve = desk.user();
    Purchase open = desk.purchases.buyCredits(eve, "k", 500, TestPayments.BACK);
    ObjectNode event = Json.object().put("id", "evt_lie1").put("object", "event");
    event.put("type", "checkout.session.completed").put("livemode", false);
    event
        .putObject("data")
        .putObject("object")
        .put("id", open.checkout().orElseThrow())
        .put("object", "checkout.session")
        .put("payment_status", "paid")
        .put("amount_total", 1_000);
    assertThat(send(event, TestPayments.SECRET)).isEqualTo(200);
    desk.work();
    assertThat(desk.credits(eve)).isZero();
    assertThat(desk.purchases.require(open.id()).state()).isEqualTo(Purchase.State.OPEN);
  }

  @Test
  void webhookReplayIsRefusedOrChangesNothing() {
    TenantId ada = desk.user();
    JsonNode event = paid(ada);
    byte[] body = Json.write(event).getBytes(StandardCharsets.UTF_8);
    String header = WebhookSignature.header(body, List.of(TestPayments.SECRET), desk.now);
    assertThat(desk.webhooks.accept(body, header)).isTrue();
    desk.work();
    assertThat(desk.webhooks.accept(body, header)).isFalse();
    desk.work();
    assertThat(desk.credits(ada)).isEqualTo(500);
    desk.now = desk.now.plusSeconds(301);
    assertThatThrownBy(() -> desk.webhooks.accept(body, header)).hasMessageContaining("stale");
    // The service's own repetition is signed anew, with the same id.
    assertThat(send(event, TestPayments.SECRET)).isEqualTo(200);
    desk.work();
    assertThat(desk.credits(ada)).isEqualTo(500);
  }

  @Test
  void whileTheSecretIsChangedBothAreGood() {
    byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
    Secret old = new Secret("whsec_old");
    Secret fresh = new Secret("whsec_new");
    Duration minutes = Duration.ofMinutes(5);
    String both = WebhookSignature.header(body, List.of(old, fresh), desk.now);
    for (List<Secret> ours : List.of(List.of(old), List.of(fresh), List.of(fresh, old))) {
      assertThat(WebhookSignature.judge(body, both, ours, desk.now, minutes))
          .isEqualTo(Verdict.GOOD);
    }
    String single = WebhookSignature.header(body, List.of(old), desk.now);
    assertThat(WebhookSignature.judge(body, single, List.of(fresh, old), desk.now, minutes))
        .isEqualTo(Verdict.GOOD);
    assertThat(WebhookSignature.judge(body, single, List.of(fresh), desk.now, minutes))
        .isEqualTo(Verdict.WRONG);
    assertThat(
            WebhookSignature.judge(body, single, List.of(old), desk.now.minusSeconds(301), minutes))
        .isEqualTo(Verdict.STALE);
    assertThat(old.toString()).doesNotContain("whsec");
  }

  @Test
  void whatIsUnknownIsKeptAndAcknowledged() {
    long ignored = desk.webhooks.count("ignored");
    ObjectNode event = Json.object().put("id", "evt_new1").put("object", "event");
    event.put("type", "radar.early_fraud_warning.created").put("livemode", false);
    event.putObject("data").putObject("object").put("id", "issfr_1").put("object", "radar");
    assertThat(send(event, TestPayments.SECRET)).isEqualTo(200);
    desk.work();
    assertThat(desk.webhooks.count("ignored")).isEqualTo(ignored + 1);
  }

  @Test
  void eventsOfRealMoneyAreNotForATestKey() {
    TenantId ada = desk.user();
    ObjectNode event = (ObjectNode) paid(ada);
    event.put("id", "evt_live1").put("livemode", true);
    long ignored = desk.webhooks.count("ignored");
    assertThat(send(event, TestPayments.SECRET)).isEqualTo(200);
    desk.webhooks.work();
    assertThat(desk.webhooks.count("ignored")).isEqualTo(ignored + 1);
    assertThat(desk.credits(ada)).isZero();
  }

  @Test
  void anEventThatCannotBeWorkedOnNowIsTriedAgain() {
    TenantId ada = desk.user();
    JsonNode event = paid(ada);
    desk.sandbox.next(
        "GET /v1/checkout/sessions", org.choir.economy.stripe.StripeSandbox.Trouble.FAULT_BEFORE);
    assertThat(desk.accept(event)).isTrue();
    desk.webhooks.work();
    assertThat(desk.credits(ada)).isZero();
    assertThat(desk.webhooks.count("received")).isEqualTo(1);
    desk.later(Duration.ofSeconds(6));
    desk.webhooks.work();
    assertThat(desk.credits(ada)).isEqualTo(500);
  }

  private String answer(String request) throws IOException {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), listener.address().getPort())) {
      socket.setSoTimeout(5_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().flush();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void theDoorHasLimits() throws IOException {
    String post = "POST " + WebhookListener.PATH + " HTTP/1.1\r\nHost: x\r\n";
    assertThat(answer("GET / HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 404");
    assertThat(answer(post + "Content-Length: 999999\r\n\r\n")).startsWith("HTTP/1.1 413");
    assertThat(answer(post + "Transfer-Encoding: chunked\r\n\r\n")).startsWith("HTTP/1.1 411");
    assertThat(answer(post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"))
        .startsWith("HTTP/1.1 400");
    assertThat(answer(post + "Content-Length: 2\r\n\r\n{}")).startsWith("HTTP/1.1 400");
    // A head without end, a body that never comes: the door closes by itself.
    assertThat(answer("X".repeat(20_000))).isEmpty();
    assertThat(answer(post + "Content-Length: 100\r\n\r\n{")).isEmpty();
  }
}
