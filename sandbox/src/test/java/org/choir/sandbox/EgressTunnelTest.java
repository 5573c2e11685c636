package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;

/** Tunnels, deadlines and volumes of the proxy, byte by byte, as a guest's agent carries them. */
class EgressTunnelTest extends EgressFixture {
  @Test
  void aTunnelCarriesTlsForItsHost() throws Exception {
    byte[] hello = ClientHelloTest.hello("a.example");
    try (ServerSocket there = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      network.lead("93.184.216.34", there.getLocalPort());
      GuestSide guest = guest();
      int stream = guest.open(Json.object().put("op", "dial").put("uid", 1000));
      guest.say(stream, "CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n");
      try (Socket socket = there.accept()) {
        guest.say(stream, hello);
        assertThat(socket.getInputStream().readNBytes(hello.length)).isEqualTo(hello);
        guest.say(stream, "more");
        assertThat(socket.getInputStream().readNBytes(4)).asString().isEqualTo("more");
        socket.getOutputStream().write("answer".getBytes(StandardCharsets.US_ASCII));
        guest.streams.take(Frame.empty(stream, Frame.FINISH));
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
      }
      GuestSide.Heard heard = guest.hearAll();
      assertThat(heard.text()).isEqualTo("HTTP/1.1 200 Connection established\r\n\r\nanswer");
    }
    await().atMost(GuestSide.PATIENCE).until(() -> log.size() == 2);
    assertThat(log.getLast().sent()).isEqualTo(hello.length + 4);
    assertThat(log.getLast().received()).isEqualTo(6);
  }

  @Test
  void aTunnelForAnotherNameOrWithoutOneIsCutBeforeAByteIsSent() throws Exception {
    record Case(byte[] hello, String code) {}
    List<Case> cases =
        List.of(
            new Case(ClientHelloTest.hello("evil.example"), "egress_name_differs"),
            new Case(ClientHelloTest.hello(), "egress_no_server_name"),
            new Case(
                ClientHelloTest.withExtension(
                    ClientHelloTest.hello("a.example"), 0xfe0d, new byte[4]),
                "egress_name_hidden"),
            new Case(
                "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                "egress_no_server_name"));
    for (Case one : cases) {
      log.clear();
      try (ServerSocket there = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        network.lead("93.184.216.34", there.getLocalPort());
        GuestSide guest = guest();
        int stream = guest.open(Json.object().put("op", "dial"));
        guest.say(stream, "CONNECT a.example:443 HTTP/1.1\r\n\r\n");
        guest.say(stream, one.hello());
        try (Socket socket = there.accept()) {
          assertThat(guest.hearAll().text())
              .isEqualTo("HTTP/1.1 200 Connection established\r\n\r\n");
          assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
      }
      assertThat(log.getLast().reason()).isEqualTo(one.code());
      assertThat(log.getLast().sent()).isZero();
    }
  }

  @Test
  void whatCannotBeRecordedIsNotConnected() throws Exception {
    recorder =
        dial -> {
          throw ChoirException.fatal("disk_full", "the disk is full", "");
        };
    assertThat(send(get("http://a.example/")).text()).contains("egress_not_recorded");
    assertThat(network.connected).isEmpty();
  }

  @Test
  void saysWhyAHostCannotBeReached() throws Exception {
    refused(get("http://none.b.example/"), 502, "egress_unknown_host");
    int dead = web.port();
    web.close();
    network.lead("93.184.216.34", dead);
    assertThat(send(get("http://a.example/")).text())
        .startsWith("HTTP/1.1 502 ")
        .contains("egress_unreachable");
    web = new LocalWeb((asked, out) -> {});
    network.lead("93.184.216.34", web.port());
    assertThat(send(get("http://a.example/")).text()).contains("gave no answer");
  }

  @Test
  void aConnectionWithoutALifeSignEndsAtItsDeadline() throws Exception {
    limits =
        new EgressLimits(
            1_000,
            1_000,
            64,
            256,
            1 << 30,
            1 << 30,
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            Duration.ofMillis(200),
            Duration.ofSeconds(20));
    web.close();
    web =
        new LocalWeb(
            (asked, out) -> {
              try (InputStream in = asked.body()) {
                in.readAllBytes(); // until the other side gives up
              }
            });
    network.lead("93.184.216.34", web.port());
    assertThat(send(get("http://a.example/")).text()).contains("gave no answer");
    assertThat(log.getLast().reason()).isEqualTo("egress_timeout");
  }

  @Test
  void theDaysVolumeCutsAConnectionAndRefusesTheNext() throws Exception {
    byte[] much = new byte[300_000];
    web.close();
    web = new LocalWeb((asked, out) -> LocalWeb.reply(out, "application/octet-stream", much));
    network.lead("93.184.216.34", web.port());
    policy = new EgressPolicy(TENANT, policy.allow(), java.util.Map.of(), 100_000);
    GuestSide.Heard heard = send(get("http://a.example/"));
    assertThat(heard.bytes().length).isBetween(1, 100_000);
    await().atMost(GuestSide.PATIENCE).until(() -> log.getLast().phase() == EgressLog.Phase.CLOSED);
    assertThat(log.getLast().reason()).isEqualTo("egress_volume");
    policy = new EgressPolicy(TENANT, policy.allow(), java.util.Map.of(), heard.bytes().length);
    // Kept on the disk: another process goes on from it.
    refused(get("http://a.example/"), 403, "egress_volume");
  }

  @Test
  void aGuestThatLeavesEndsTheConnection() throws Exception {
    try (ServerSocket there = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      network.lead("93.184.216.34", there.getLocalPort());
      GuestSide guest = guest();
      int stream = guest.open(Json.object().put("op", "dial"));
      guest.say(stream, "CONNECT a.example:443 HTTP/1.1\r\n\r\n");
      guest.say(stream, ClientHelloTest.hello("a.example"));
      try (Socket socket = there.accept();
          OutputStream out = socket.getOutputStream()) {
        assertThat(socket.getInputStream().read()).isPositive();
        guest.streams.take(Frame.empty(stream, Frame.CANCEL));
        await().atMost(GuestSide.PATIENCE).until(() -> log.size() == 2);
        assertThat(log.getLast().reason()).isEqualTo("guest_closed");
        assertThat(out).isNotNull();
      }
    }
  }

  @Test
  void refusesARequestThatIsNone() throws Exception {
    for (String request : List.of("{\"op\":\"shell\"}", "{\"op\":\"dial\",\"host\":\"x\"}", "{}")) {
      GuestSide guest = guest();
      guest.open(Json.parseObject(request));
      GuestSide.Heard heard = guest.hearAll();
      assertThat(heard.well()).isFalse();
      assertThat(heard.end().path("code").asText()).isEqualTo("bad_request");
    }
  }
}
