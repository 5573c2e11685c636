package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.choir.audit.AnchorStore;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.FileDataKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which places outside a configuration names, and what is sent there. */
class AuditAnchorsTest {
  @TempDir Path temp;

  private AuditSettings settings(Map<String, String> flags) {
    return Config.load(temp.resolve("none"), Map.of(), flags).audit();
  }

  /** A verifier key of the cosignature kind, as its standard forms it. */
  private static String witnessKey(String name) {
    byte[] key = new byte[33];
    key[0] = 4;
    System.arraycopy(Digest.of("a point").hex().getBytes(StandardCharsets.US_ASCII), 0, key, 1, 32);
    byte[] hashed = new byte[name.length() + 1 + key.length];
    System.arraycopy(
        (name + "\n").getBytes(StandardCharsets.US_ASCII), 0, hashed, 0, name.length() + 1);
    System.arraycopy(key, 0, hashed, name.length() + 1, key.length);
    return name + "+" + Digest.of(hashed).prefix(8) + "+" + Base64.getEncoder().encodeToString(key);
  }

  /** Never opened by these tests. */
  private SharedDatabase database() {
    return new SharedDatabase(temp.resolve("db"), Optional.empty());
  }

  @Test
  void nothingOutsideIsAskedUnlessItIsConfigured() {
    try (AuditAnchors anchors =
        new AuditAnchors(database(), settings(Map.of()), InstantSource.system())) {
      assertThat(anchors.running(temp.resolve("chain")))
          .extracting(AnchorStore::kind)
          .containsExactly("file");
    }
  }

  @Test
  void eachConfiguredPlaceIsAsked() throws Exception {
    Path certificate = Files.writeString(temp.resolve("ca.pem"), "");
    Map<String, String> flags =
        Map.of(
            "audit.dynamodb.table", "anchors",
            "audit.dynamodb.region", "eu-central-1",
            "audit.timestamp.url", "https://stamps.example/tsr",
            "audit.timestamp.certificates", certificate.toString(),
            "audit.witness.url", "https://witness.example/",
            "audit.witness.key", witnessKey("witness.example"));
    try (AuditAnchors anchors =
        new AuditAnchors(database(), settings(flags), InstantSource.system())) {
      Path chain = temp.resolve("chain");
      assertThat(anchors.running(chain))
          .extracting(AnchorStore::kind)
          .containsExactly("file", "dynamodb", "timestamp", "witness");
      assertThat(anchors.running(chain).get(3)).isSameAs(anchors.running(chain).get(3));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "audit.dynamodb.table=t, audit.dynamodb.region",
    "audit.timestamp.url=https://a.example, audit.timestamp.certificates",
    "audit.timestamp.certificates=/nowhere, audit.timestamp.url",
    "audit.witness.url=https://a.example, audit.witness.key",
  })
  void halfAConfigurationIsRefusedWithTheKeyThatIsMissing(String flag, String key) {
    String[] parts = flag.split("=", 2);
    assertThatThrownBy(() -> settings(Map.of(parts[0], parts[1])))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("bad_setting");
              assertThat(e.failure().message()).contains(key);
            });
  }

  @Test
  void anAddressOrAKeyThatIsNoneIsRefused() {
    for (Map<String, String> wrong :
        List.of(
            Map.of("audit.witness.url", "ftp://a.example", "audit.witness.key", witnessKey("w")),
            Map.of(
                "audit.witness.url", "https://a.example", "audit.witness.key", "w+00000000+AQ=="),
            Map.of(
                "audit.timestamp.url", "https://a.example",
                "audit.timestamp.certificates", "/nowhere/ca.pem"))) {
      assertThatThrownBy(() -> settings(wrong))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("bad_setting"));
    }
  }

  @Test
  void aWitnessGetsTheCheckpointAtTheEndAndItsRefusalStopsNothing() throws Exception {
    List<String> asked = new CopyOnWriteArrayList<>();
    HttpServer witness =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    witness.createContext(
        "/add-checkpoint",
        exchange -> {
          asked.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          exchange.sendResponseHeaders(403, -1);
          exchange.close();
        });
    witness.start();
    AtomicLong millis = new AtomicLong();
    InstantSource clock = () -> Instant.ofEpochMilli(millis.addAndGet(1));
    Map<String, String> flags =
        Map.of(
            "audit.postgres",
            "false",
            "audit.witness.url",
            "http://127.0.0.1:" + witness.getAddress().getPort(),
            "audit.witness.key",
            witnessKey("witness.example"));
    try (Audits audits =
        new Audits(
            temp.resolve("audit"),
            FileDataKeys.open(temp.resolve("keys")),
            clock,
            false,
            new AuditAnchors(database(), settings(flags), clock))) {
      audits.record(
          new AuditEvent(
              TenantId.LOCAL,
              Instant.EPOCH,
              "note.given",
              new AgentId("r0abc12345"),
              Json.object().put("run", "r0abc12345").put("by", "user:local").put("text", "hello")));
      assertThat(asked).as("no event waits for a place outside").isEmpty();
    } finally {
      witness.stop(0);
    }
    assertThat(asked).singleElement().asString().startsWith("old 0\n\n").contains("/local\n");
    assertThat(asked.getFirst()).doesNotContain("hello");
  }
}
