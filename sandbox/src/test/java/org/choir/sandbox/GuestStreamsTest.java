package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;

/** Streams that a guest opens: well-behaved ones, and floods. */
class GuestStreamsTest {
  private static final GuestStreams.Handler ECHO =
      (request, stream) -> {
        try (InputStream in = stream.input(() -> GuestSide.PATIENCE);
            OutputStream out = stream.output(() -> GuestSide.PATIENCE)) {
          in.transferTo(out);
          stream.end(Json.object().put("echoed", true));
        } catch (java.io.IOException e) {
          stream.fail("cut", String.valueOf(e.getMessage()));
        }
      };

  /** Answers nothing until the test is over. */
  private static GuestStreams.Handler hanging(CountDownLatch over) {
    return (request, stream) -> {
      try {
        over.await(30, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    };
  }

  private static void breaks(Runnable action, String what) {
    assertThatThrownBy(action::run)
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("protocol_error");
              assertThat(e.getMessage()).contains(what);
            });
  }

  @Test
  void carriesBytesBothWaysUnderCredit() throws Exception {
    GuestSide guest = new GuestSide(ECHO);
    int stream = guest.open(Json.object().put("op", "echo"));
    byte[] bytes = "x".repeat(Frame.CREDIT_START).getBytes(StandardCharsets.US_ASCII);
    guest.say(stream, bytes);
    guest.streams.take(Frame.empty(stream, Frame.FINISH));
    GuestSide.Heard heard = guest.hearAll();
    assertThat(heard.bytes()).isEqualTo(bytes);
    assertThat(heard.end().path("echoed").asBoolean()).isTrue();
    assertThat(guest.streams.open()).isZero();
  }

  @Test
  void aGuestThatGrantsNothingGetsNoMoreThanItsCredit() throws Exception {
    AtomicReference<Exception> failed = new AtomicReference<>();
    GuestSide guest =
        new GuestSide(
            (request, stream) -> {
              try (OutputStream out = stream.output(() -> Duration.ofMillis(50))) {
                out.write(new byte[4 * Frame.CREDIT_START]);
              } catch (java.io.IOException e) {
                failed.set(e);
                stream.fail("cut", "slow");
              }
            });
    guest.open(Json.object());
    int bytes = 0;
    Frame frame = guest.hear();
    for (; frame.type() == Frame.DATA; frame = guest.hear()) {
      bytes += frame.body().length;
    }
    assertThat(bytes).isEqualTo(Frame.CREDIT_START);
    assertThat(frame.type()).isEqualTo(Frame.ERROR);
    assertThat(failed.get()).isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void moreThanSixtyFourAtOnceBreakTheProtocol() {
    CountDownLatch over = new CountDownLatch(1);
    GuestSide guest = new GuestSide(hanging(over));
    for (int i = 0; i < GuestStreams.OPEN_MAX; i++) {
      guest.open(Json.object());
    }
    breaks(() -> guest.open(Json.object()), "64 streams at once");
    over.countDown();
  }

  @Test
  void aFloodOfShortStreamsBreaksTheProtocol() {
    GuestSide guest = new GuestSide((request, stream) -> stream.end(Json.object()));
    breaks(
        () -> {
          for (int i = 0; i < 100_000; i++) {
            guest.open(Json.object());
            await().pollDelay(Duration.ZERO).until(() -> guest.streams.open() < 10);
          }
        },
        "200 streams a second");
  }

  @Test
  void whatPilesUpIsBoundedByTheCredit() {
    CountDownLatch over = new CountDownLatch(1);
    GuestSide guest = new GuestSide(hanging(over));
    int stream = guest.open(Json.object());
    guest.say(stream, new byte[Frame.CREDIT_START]);
    breaks(() -> guest.say(stream, new byte[1]), "credit");
    over.countDown();
  }

  @Test
  void refusesWhatNoHonestGuestSends() {
    CountDownLatch over = new CountDownLatch(1);
    GuestSide guest = new GuestSide(hanging(over));
    int stream = guest.open(Json.object());
    breaks(() -> guest.say(GuestSide.id(99), new byte[1]), "unknown stream");
    breaks(() -> guest.streams.take(new Frame(stream, Frame.DATA, (byte) 0, new byte[0])), "empty");
    breaks(() -> guest.streams.take(Frame.control(stream, Frame.OPEN, Json.object())), "after");
    breaks(() -> guest.streams.take(Frame.control(stream, Frame.END, Json.object())), "type 21");
    breaks(() -> guest.streams.take(Frame.credit(stream, Integer.MAX_VALUE)), "too much credit");
    breaks(() -> guest.streams.take(Frame.credit(stream, -1)), "too much credit");
    breaks(
        () ->
            guest.streams.take(
                new Frame(GuestSide.id(7), Frame.OPEN, (byte) 0, new byte[Frame.CONTROL_MAX + 1])),
        "control body");
    assertThatThrownBy(
            () ->
                guest.streams.take(
                    new Frame(
                        GuestSide.id(8),
                        Frame.OPEN,
                        (byte) 0,
                        "[]".getBytes(StandardCharsets.US_ASCII))))
        .isInstanceOf(ChoirException.class);
    guest.streams.take(Frame.empty(stream, Frame.FINISH));
    breaks(() -> guest.say(stream, new byte[1]), "after the end");
    over.countDown();
  }

  @Test
  void dataForAStreamThatHasJustEndedIsDroppedUpToItsCredit() throws Exception {
    GuestSide guest = new GuestSide((request, stream) -> stream.end(Json.object()));
    int stream = guest.open(Json.object());
    assertThat(guest.hearAll().well()).isTrue();
    guest.say(stream, new byte[Frame.CREDIT_START]);
    guest.streams.take(Frame.empty(stream, Frame.CANCEL));
    breaks(() -> guest.say(stream, new byte[1]), "ended stream");
  }

  @Test
  void anOldAgentMayNotOpenStreams() {
    GuestSide guest = new GuestSide(ECHO);
    guest.streams.agreed(1);
    breaks(() -> guest.open(Json.object()), "protocol 1");
  }

  @Test
  void aStreamNobodyAnswersIsRefused() throws Exception {
    GuestStreams silent = new GuestSide((request, stream) -> {}).streams;
    assertThat(silent.open()).isZero();
    GuestSide guest = new GuestSide((request, stream) -> {});
    guest.open(Json.object());
    GuestSide.Heard heard = guest.hearAll();
    assertThat(heard.well()).isFalse();
    assertThat(heard.end().path("code").asText()).isEqualTo("internal");
  }

  @Test
  void aLostGuestEndsWhatWaitsForIt() throws Exception {
    AtomicReference<String> why = new AtomicReference<>();
    CountDownLatch closed = new CountDownLatch(1);
    GuestSide guest =
        new GuestSide(
            (request, stream) -> {
              stream.onCancel(closed::countDown);
              try (InputStream in = stream.input(() -> GuestSide.PATIENCE)) {
                in.read();
              } catch (java.io.IOException e) {
                why.set(e.getMessage());
              }
            });
    guest.open(Json.object());
    guest.streams.end(SandboxException.passing("guest_lost", "the VM is gone", "", null));
    assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
    await().atMost(GuestSide.PATIENCE).until(() -> "the VM is gone".equals(why.get()));
  }
}
