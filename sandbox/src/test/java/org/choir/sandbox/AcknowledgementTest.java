package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restored guest is believed only if it confirms exactly, once and in time. */
class AcknowledgementTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String TOKEN = "0123456789abcdef0123456789abcdef";

  @TempDir Path folder;
  private ServerSocketChannel server;
  private SocketChannel guest;
  private GuestLink link;
  private final FrameCutter cutter = new FrameCutter();

  @BeforeEach
  void connect() throws Exception {
    Path socket = folder.resolve("s");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    link =
        GuestLink.over(
            "restored",
            SocketChannel.open(UnixDomainSocketAddress.of(socket)),
            InstantSource.system(),
            null);
    guest = server.accept();
    say(
        Frame.HELLO,
        Json.object()
            .put("agent", "0.1.0")
            .put("protocolMin", 1)
            .put("protocolMax", 1)
            .put("bootId", "b")
            .put("generation", 6)
            .put("token", TOKEN)
            .put("controllers", ""));
    link.hello(PATIENCE);
    assertThat(hear().type()).isEqualTo(Frame.WELCOME);
  }

  @AfterEach
  void end() throws Exception {
    link.close();
    guest.close();
    server.close();
  }

  private CompletableFuture<String> restored(Duration patience) {
    return CompletableFuture.supplyAsync(
        () -> link.agent().restored(7, new byte[64], Instant.ofEpochSecond(1, 5), patience),
        Thread::startVirtualThread);
  }

  private static ObjectNode ack() {
    return Json.object()
        .put("generation", 7)
        .put("reseeded", true)
        .put("stepMillis", 1)
        .put("token", TOKEN);
  }

  @Test
  void sendsEntropyTimeAndGenerationAndTakesAnExactAnswer() throws Exception {
    CompletableFuture<String> token = restored(PATIENCE);
    Frame order = hear();
    assertThat(order.type()).isEqualTo(Frame.RESTORED);
    JsonNode said = Json.parseObject(new String(order.body(), StandardCharsets.UTF_8));
    assertThat(said.path("generation").asInt()).isEqualTo(7);
    assertThat(said.path("timeNanos").asLong()).isEqualTo(1_000_000_005L);
    assertThat(said.path("entropy").binaryValue()).hasSize(64);
    say(Frame.ACK, ack());
    assertThat(token.get(10, TimeUnit.SECONDS)).isEqualTo(TOKEN);
  }

  @Test
  void anotherGenerationIsNoConfirmation() throws Exception {
    refused(ack().put("generation", 6));
  }

  @Test
  void aGuestThatDidNotReseedIsNotBelieved() throws Exception {
    refused(ack().put("reseeded", false));
  }

  @Test
  void anAnswerWithoutATokenIsNoConfirmation() throws Exception {
    refused(ack().put("token", ""));
  }

  private void refused(ObjectNode answer) throws Exception {
    CompletableFuture<String> token = restored(PATIENCE);
    hear();
    say(Frame.ACK, answer);
    assertThatThrownBy(() -> token.get(10, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .satisfies(e -> assertThat(SuspendTest.code(e)).isEqualTo("protocol_error"));
    assertThat(link.lost()).isDone();
  }

  @Test
  void aMissingOrLateAnswerEndsTheGuest() throws Exception {
    CompletableFuture<String> token = restored(Duration.ofMillis(200));
    hear();
    assertThatThrownBy(() -> token.get(10, TimeUnit.SECONDS))
        .cause()
        .satisfies(e -> assertThat(SuspendTest.code(e)).isEqualTo("guest_unresponsive"));
    assertThat(link.lost()).isDone();
  }

  @Test
  void aSecondAnswerEndsTheGuest() throws Exception {
    CompletableFuture<String> token = restored(PATIENCE);
    hear();
    say(Frame.ACK, ack());
    say(Frame.ACK, ack());
    assertThat(token.get(10, TimeUnit.SECONDS)).isEqualTo(TOKEN);
    assertThat(link.lost().get(10, TimeUnit.SECONDS).code()).isEqualTo("protocol_error");
  }

  @Test
  void anAnswerNobodyAskedForEndsTheGuest() throws Exception {
    say(Frame.PREPARED, Json.object().put("generation", 6));
    assertThat(link.lost().get(10, TimeUnit.SECONDS).code()).isEqualTo("protocol_error");
  }

  @Test
  void aGuestThatCannotPrepareSaysWhyAndRunsOn() throws Exception {
    CompletableFuture<Void> prepared =
        CompletableFuture.runAsync(
            () -> link.agent().prepare(PATIENCE), Thread::startVirtualThread);
    assertThat(hear().type()).isEqualTo(Frame.PREPARE);
    say(
        Frame.PREPARED,
        Json.object().put("generation", 6).put("problem", "the tools do not freeze"));
    assertThatThrownBy(() -> prepared.get(10, TimeUnit.SECONDS))
        .cause()
        .satisfies(e -> assertThat(SuspendTest.code(e)).isEqualTo("suspend_failed"))
        .hasMessageContaining("do not freeze");
    assertThat(link.lost()).isNotDone();
  }

  private void say(byte type, ObjectNode body) throws Exception {
    ByteBuffer bytes = Frame.control(0, type, body).encode();
    while (bytes.hasRemaining()) {
      guest.write(bytes);
    }
  }

  private Frame hear() throws Exception {
    Frame[] heard = new Frame[1];
    ByteBuffer one = ByteBuffer.allocate(1);
    while (heard[0] == null && guest.read(one.clear()) > 0) {
      cutter.feed(one.flip(), frame -> heard[0] = frame);
    }
    return heard[0];
  }
}
