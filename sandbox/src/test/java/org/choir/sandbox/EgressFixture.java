package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The proxy with a guest's agent on one side and a web of this test's own on the other. */
abstract class EgressFixture {
  static final TenantId TENANT = new TenantId("acme");
  static final EgressLimits LIMITS =
      new EgressLimits(
          1_000,
          1_000,
          64,
          256,
          1 << 30,
          1 << 30,
          Duration.ofSeconds(1),
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofSeconds(20));

  @TempDir Path folder;
  final List<EgressLog.Dial> log = new CopyOnWriteArrayList<>();
  final TestNetwork network = new TestNetwork();
  LocalWeb web;
  EgressPolicy policy;
  List<String> allowPrivate = List.of();
  EgressLimits limits = LIMITS;
  EgressLog recorder = log::add;

  @BeforeEach
  void open() throws Exception {
    web =
        new LocalWeb(
            (asked, out) ->
                LocalWeb.reply(out, "text/plain", "welcome".getBytes(StandardCharsets.US_ASCII)));
    network.name("a.example", "93.184.216.34").lead("93.184.216.34", web.port());
    policy = EgressPolicy.allowing(TENANT, List.of("a.example", "*.b.example", "a.example:8080"));
  }

  @AfterEach
  void close() throws Exception {
    web.close();
  }

  GuestSide guest() {
    Egress egress = new Egress(allowPrivate, limits, network, recorder, InstantSource.system());
    VmOutside outside =
        new VmOutside(
            "rtest123", folder, new Outside(egress, vm -> GuestCalls.NONE), InstantSource.system());
    outside.policy(policy);
    return new GuestSide(outside);
  }

  GuestSide.Heard send(String bytes) throws Exception {
    GuestSide guest = guest();
    guest.say(guest.open(Json.object().put("op", "dial").put("uid", 1001)), bytes);
    return guest.hearAll();
  }

  static String lines(String... all) {
    return String.join("\r\n", all);
  }

  static String get(String url) {
    return "GET " + url + " HTTP/1.1\r\nHost: whatever\r\n\r\n";
  }

  void refused(String bytes, int status, String code) throws Exception {
    log.clear();
    network.connected.clear();
    GuestSide.Heard heard = send(bytes);
    assertThat(heard.text())
        .startsWith("HTTP/1.1 " + status + " Refused by choir: ")
        .contains("X-Choir-Reason: " + code + "\r\n")
        .contains("\r\n\r\nchoir: ");
    assertThat(network.connected).isEmpty();
    assertThat(log)
        .singleElement()
        .satisfies(
            dial -> {
              assertThat(dial.verdict()).isEqualTo("DENY");
              assertThat(dial.reason()).isEqualTo(code);
              assertThat(dial.tenant()).isEqualTo(TENANT);
              assertThat(dial.vm()).isEqualTo("rtest123");
            });
  }
}
