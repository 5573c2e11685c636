package org.choir.sandbox;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What hostile guests cost: bounded memory, and their own machine only. */
class HostileFloodTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration GRACE = Duration.ofMillis(300);

  /** What the heap of this process may grow by of its own accord; floods are many times larger. */
  private static final long NOISE = 16 << 20;

  @TempDir Path folder;
  private final List<FakeGuest> guests = new ArrayList<>();

  @AfterEach
  void end() throws IOException {
    for (FakeGuest guest : guests) {
      guest.close();
    }
  }

  private FakeGuest guest(String name) throws IOException {
    FakeGuest guest = new FakeGuest(folder, name);
    guests.add(guest);
    return guest;
  }

  /** Another machine, which must not notice; it answers one ping. */
  private void assertSpared(FakeGuest good) throws Exception {
    CompletableFuture<Void> ping =
        CompletableFuture.runAsync(
            () -> good.link.agent().ping(PATIENCE), Thread::startVirtualThread);
    Frame asked = good.hear();
    assertThat(asked.type()).isEqualTo(Frame.PING);
    good.say(new Frame(0, Frame.PONG, (byte) 0, asked.body()));
    ping.get(20, TimeUnit.SECONDS);
    assertThat(good.link.lost()).isNotDone();
  }

  private static long heap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static SandboxException ending(FakeGuest guest) throws Exception {
    return guest.link.lost().get(20, TimeUnit.SECONDS);
  }

  @Test
  void halfAFrameThenSilenceCostsOneFrameOfMemory() throws Exception {
    FakeGuest good = guest("good").greeted();
    long before = heap();
    for (int i = 0; i < 40; i++) {
      FakeGuest hostile = guest("h" + i).greeted();
      hostile.raw(ByteBuffer.allocate(4 + Frame.FRAME_MAX / 2).putInt(Frame.FRAME_MAX).position(0));
    }
    assertSpared(good);
    assertThat(heap() - before).isLessThan(40L * Frame.FRAME_MAX + NOISE);
    // It is noticed by whoever waits for it.
    FakeGuest last = guests.getLast();
    Call call = last.link.open(Json.object().put("op", "x"), PATIENCE);
    assertThatThrownBy(() -> call.next(GRACE))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_unresponsive"));
    assertThat(ending(last).code()).isEqualTo("guest_unresponsive");
    assertSpared(good);
  }

  @Test
  void aByteNowAndThenIsNoHello() throws Exception {
    FakeGuest good = guest("good").greeted();
    FakeGuest hostile = guest("slow");
    Thread.startVirtualThread(
        () -> {
          byte[] hello = Frame.control(0, Frame.HELLO, FakeGuest.hello()).encode().array();
          try {
            for (byte b : hello) {
              hostile.raw(ByteBuffer.wrap(new byte[] {b}));
              LockSupport.parkNanos(Duration.ofMillis(40).toNanos());
            }
          } catch (IOException e) {
            Thread.currentThread().interrupt(); // it was given up, as it should be
          }
        });
    assertThatThrownBy(() -> hostile.link.hello(GRACE))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_unresponsive"));
    assertSpared(good);
  }

  @Test
  void aMillionStreamsEndWithTheFirst() throws Exception {
    FakeGuest good = guest("good").greeted();
    FakeGuest hostile = guest("streams").greeted();
    long before = heap();
    assertThatThrownBy(
            () -> {
              for (int i = 1; i <= 1_000_000; i++) {
                hostile.say(new Frame(i + 7, Frame.DATA, (byte) 1, new byte[] {1}));
              }
            })
        .isInstanceOf(IOException.class);
    assertThat(ending(hostile).code()).isEqualTo("protocol_error");
    assertThat(heap() - before).isLessThan(NOISE);
    assertSpared(good);
  }

  @Test
  void aFloodOfPongsCostsNoMemory() throws Exception {
    FakeGuest good = guest("good").greeted();
    FakeGuest hostile = guest("pongs").greeted();
    ByteBuffer many = ByteBuffer.allocate(1 << 20);
    for (int nonce = 0; many.remaining() > 64; nonce++) {
      many.put(Frame.control(0, Frame.PONG, Json.object().put("nonce", nonce)).encode());
    }
    many.flip();
    long before = heap();
    for (int i = 0; i < 20; i++) {
      hostile.raw(many.duplicate());
    }
    assertSpared(good);
    assertThat(heap() - before).as("after 20 MiB of them").isLessThan(NOISE);
  }

  @Test
  void aFloodOfNotesIsRefusedAfterAFew() throws Exception {
    FakeGuest good = guest("good").greeted();
    FakeGuest hostile = guest("notes").greeted();
    Call call = hostile.link.open(Json.object().put("op", "exec"), PATIENCE);
    long before = heap();
    assertThatThrownBy(
            () -> {
              ObjectNode large = Json.object().put("kind", "x".repeat(60_000));
              for (int i = 0; i < 10_000; i++) {
                hostile.note(call.id(), large);
              }
            })
        .isInstanceOf(IOException.class);
    assertThat(ending(hostile).failure().message()).contains("too many notes");
    assertThat(heap() - before).isLessThan(NOISE);
    assertSpared(good);
  }

  @Test
  void noCreditIsNoGift() throws Exception {
    FakeGuest hostile = guest("credit").greeted();
    Call call = hostile.link.open(Json.object().put("op", "x"), PATIENCE);
    hostile.say(Frame.credit(call.id(), 0));
    assertThat(ending(hostile).failure().message()).contains("a credit of 0 bytes");
  }

  @Test
  void dataForARequestThatWasGivenUpIsDroppedUnderItsCredit() throws Exception {
    FakeGuest hostile = guest("dropped").greeted();
    byte[] chunk = new byte[Frame.CHUNK];
    long before = heap();
    Call call = null;
    for (int i = 0; i < 1_000; i++) {
      call = hostile.link.open(Json.object().put("op", "x"), PATIENCE);
      hostile.link.cancel(call);
      assertThat(hostile.hear().type()).isEqualTo(Frame.OPEN);
      assertThat(hostile.hear().type()).isEqualTo(Frame.CANCEL);
      for (int sent = 0; sent < Frame.CREDIT_START; sent += Frame.CHUNK) {
        hostile.say(new Frame(call.id(), Frame.DATA, (byte) 1, chunk));
      }
    }
    assertThat(heap() - before).as("after 64 MB of it").isLessThan(NOISE);
    assertThat(hostile.link.lost()).isNotDone();
    hostile.say(new Frame(requireNonNull(call).id(), Frame.DATA, (byte) 1, chunk));
    assertThat(ending(hostile).failure().message()).contains("credit");
  }

  @Test
  void aReplayedHelloIsRefused() throws Exception {
    FakeGuest hostile = guest("replay").greeted();
    hostile.say(Frame.control(0, Frame.HELLO, FakeGuest.hello()));
    assertThat(ending(hostile).failure().message()).contains("second hello");
  }

  private Execution started(FakeGuest guest, Duration left) throws Exception {
    CompletableFuture<Execution> starting =
        CompletableFuture.supplyAsync(
            () ->
                GuestExecution.open(
                    "a",
                    new GuestRequests("g", guest.link),
                    GuestRequests.request("exec"),
                    true,
                    GRACE,
                    0,
                    0),
            Thread::startVirtualThread);
    Frame asked = guest.hear();
    guest.note(
        asked.stream(), Json.object().put("kind", "started").put("leftMillis", left.toMillis()));
    return starting.get(20, TimeUnit.SECONDS);
  }

  @Test
  void aCommandThatNeverEndsIsGivenUpAtItsDeadline() throws Exception {
    FakeGuest hung = guest("hung").greeted();
    try (Execution execution = started(hung, Duration.ofMillis(200))) {
      assertThatThrownBy(execution::next)
          .isInstanceOfSatisfying(
              SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_unresponsive"));
    }
    assertThat(ending(hung).code()).isEqualTo("guest_unresponsive");
  }

  @Test
  void aCommandThatTakesNoInputForeverIsGivenUpAtItsDeadline() throws Exception {
    FakeGuest hung = guest("deaf").greeted();
    try (Execution execution = started(hung, Duration.ofMillis(200))) {
      assertThatThrownBy(() -> execution.input().write(new byte[Frame.CREDIT_START + 1]))
          .isInstanceOfSatisfying(
              SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_unresponsive"));
    }
  }

  @Test
  void refusesGapsAndChannelsThatCannotBe() throws Exception {
    List<Frame> lies =
        List.of(
            Frame.control(1, Frame.NOTE, gap(1, 5, 9)),
            Frame.control(1, Frame.NOTE, gap(1, 0, 0)),
            Frame.control(1, Frame.NOTE, gap(1, 0, -9)),
            Frame.control(1, Frame.NOTE, gap(3, 0, 9)),
            Frame.control(1, Frame.NOTE, gap(0, 0, 9)),
            Frame.control(1, Frame.NOTE, Json.object().put("kind", "other")),
            new Frame(1, Frame.NOTE, (byte) 0, new byte[] {'x'}),
            new Frame(1, Frame.DATA, (byte) 0, new byte[] {'x'}),
            new Frame(1, Frame.DATA, (byte) 9, new byte[] {'x'}));
    for (Frame lie : lies) {
      FakeGuest hostile = guest("lie" + guests.size()).greeted();
      try (Execution execution = started(hostile, PATIENCE)) {
        hostile.say(lie);
        assertThatThrownBy(execution::next).isInstanceOf(org.choir.core.ChoirException.class);
      }
      assertThat(ending(hostile).code()).isIn("protocol_error", "guest_lost");
    }
  }

  private static ObjectNode gap(int channel, long from, long to) {
    return Json.object().put("kind", "gap").put("channel", channel).put("from", from).put("to", to);
  }
}
