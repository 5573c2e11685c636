package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlServerTest {
  @TempDir Path temp;
  private final CountDownLatch interrupted = new CountDownLatch(1);
  private ControlServer server;
  private Path socket;

  @BeforeEach
  void open() {
    socket = temp.resolve("s");
    server =
        ControlServer.open(
            socket,
            Map.of(
                "echo",
                    (request, events) -> request.arguments().put("user", request.user().value()),
                "count",
                    (request, events) -> {
                      for (int i = 1; i <= request.number("to").orElse(0); i++) {
                        events.send(Json.object().put("i", i));
                      }
                      return Json.object();
                    },
                "refuse",
                    (request, events) -> {
                      throw ChoirException.usage("no_such_source", "there is no 'x'", "name y");
                    },
                "break",
                    (request, events) -> {
                      throw new IllegalStateException("secret detail");
                    },
                "wait",
                    (request, events) -> {
                      try {
                        new CountDownLatch(1).await(60, TimeUnit.SECONDS);
                      } catch (InterruptedException e) {
                        interrupted.countDown();
                        throw e;
                      }
                      return Json.object();
                    }));
  }

  @AfterEach
  void close() {
    server.close();
  }

  private ControlClient client() {
    return ControlClient.connect(socket).orElseThrow();
  }

  @Test
  void answersRequestsOfOneConnectionOneAfterAnother() {
    try (ControlClient client = client()) {
      for (int i = 0; i < 3; i++) {
        ObjectNode result = client.call("echo", "ada", Json.object().put("i", i));
        assertThat(result.path("i").asInt()).isEqualTo(i);
        assertThat(result.path("user").asText()).isEqualTo("ada");
      }
    }
  }

  @Test
  void streamsEventsInOrderBeforeTheResult() {
    List<Integer> seen = new ArrayList<>();
    try (ControlClient client = client()) {
      client.call(
          "count", "local", Json.object().put("to", 2_000), e -> seen.add(e.path("i").asInt()));
    }
    assertThat(seen).hasSize(2_000).isSorted();
  }

  @Test
  void carriesAFailureWithCodeMessageRemedyAndExit() {
    try (ControlClient client = client()) {
      assertThatThrownBy(() -> client.call("refuse", "local", Json.object()))
          .isInstanceOfSatisfying(
              ChoirException.class,
              e -> {
                assertThat(e.code()).isEqualTo("no_such_source");
                assertThat(e.failure().message()).isEqualTo("there is no 'x'");
                assertThat(e.failure().remedy()).isEqualTo("name y");
                assertThat(e.failure().exit()).isEqualTo(ExitStatus.USAGE);
              });
    }
  }

  @Test
  void tellsAClientOfAFaultWithoutItsDetails() {
    try (ControlClient client = client()) {
      assertThatThrownBy(() -> client.call("break", "local", Json.object()))
          .isInstanceOfSatisfying(
              ChoirException.class,
              e -> {
                assertThat(e.code()).isEqualTo("internal");
                assertThat(e.failure().message()).doesNotContain("secret detail");
              });
    }
  }

  @Test
  void refusesAnUnknownCommandAndABadUser() {
    try (ControlClient client = client()) {
      assertThatThrownBy(() -> client.call("nothing", "local", Json.object()))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("unknown_command"));
      assertThatThrownBy(() -> client.call("echo", "Not A User", Json.object()))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("bad_id"));
    }
  }

  @Test
  void interruptsTheRequestOfAClientThatLeaves() throws Exception {
    SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX);
    raw.connect(UnixDomainSocketAddress.of(socket));
    raw.write(
        ByteBuffer.wrap("{\"id\":1,\"command\":\"wait\"}\n".getBytes(StandardCharsets.UTF_8)));
    await().atMost(Duration.ofSeconds(10)).until(() -> server.clients() == 1);
    raw.close();
    assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    await().atMost(Duration.ofSeconds(10)).until(() -> server.clients() == 0);
  }

  @Test
  void endsAConnectionThatSendsAnOversizedOrBrokenLine() throws Exception {
    for (String line : List.of("x".repeat(Wire.LINE_BYTES_MAX + 1), "{not json}\n")) {
      try (SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        raw.connect(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(() -> writeAll(raw, line));
        Wire wire = new Wire(raw, Wire.LINE_BYTES_MAX);
        ObjectNode reply = wire.read().orElseThrow();
        assertThat(reply.path("error").path("code").asText()).isIn("line_too_long", "bad_json");
      }
    }
    try (ControlClient client = client()) {
      assertThat(client.call("echo", "local", Json.object())).isNotNull();
    }
  }

  private static void writeAll(SocketChannel channel, String text) {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (java.io.IOException e) {
      // The server may hang up before all is written: that is what this test is about.
      assertThat(e).isNotNull();
    }
  }

  @Test
  void limitsTheRequestsOfOneClient() throws Exception {
    try (SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      raw.connect(UnixDomainSocketAddress.of(socket));
      for (int i = 0; i <= ControlServer.REQUESTS_MAX; i++) {
        writeAll(raw, "{\"id\":" + i + ",\"command\":\"wait\"}\n");
      }
      ObjectNode reply = new Wire(raw, Wire.LINE_BYTES_MAX).read().orElseThrow();
      assertThat(reply.path("error").path("code").asText()).isEqualTo("server_busy");
      assertThat(reply.path("id").asInt()).isEqualTo(ControlServer.REQUESTS_MAX);
    }
  }

  @Test
  void isForItsOwnUserOnlyAndReplacesAStaleSocket() throws Exception {
    assertThat(Files.getPosixFilePermissions(socket))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    Path stale = temp.resolve("stale");
    Files.writeString(stale, "left behind");
    assertThat(ControlClient.connect(stale)).isEmpty();
    try (ControlServer fresh = ControlServer.open(stale, Map.of())) {
      assertThat(fresh.clients()).isZero();
      try (ControlClient client = ControlClient.connect(stale).orElseThrow()) {
        assertThat(client).isNotNull();
      }
    }
    assertThat(stale).doesNotExist();
  }

  @Test
  void aClientWhoseServerEndsIsToldSo() {
    try (ControlClient client = client()) {
      Thread.ofVirtual()
          .start(
              () -> {
                await().until(() -> server.clients() == 1);
                server.close();
              });
      assertThatThrownBy(() -> client.call("wait", "local", Json.object()))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isIn("server_gone", "interrupted"));
    }
  }

  @Test
  void countsIdleTimeFromTheLastClientOn() {
    assertThat(server.idle()).isPositive();
    try (ControlClient client = client()) {
      client.call("echo", "local", Json.object());
      assertThat(server.idle()).isZero();
    }
    await().until(() -> server.idle().isPositive());
  }
}
