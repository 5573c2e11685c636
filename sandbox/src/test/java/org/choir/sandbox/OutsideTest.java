package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole way out of a real VM: proxy and command in the guest, agent, channel, host. */
class OutsideTest {
  private static final TenantId TENANT = new TenantId("acme");
  private static final byte[] MUCH = new byte[3 << 20];

  @TempDir static Path folder;
  private static final List<EgressLog.Dial> LOG = new CopyOnWriteArrayList<>();
  private static final List<String> CALLED = new CopyOnWriteArrayList<>();
  private static final TestNetwork NETWORK = new TestNetwork();
  private static LocalWeb web;
  private static LocalWeb secure;
  private static Sandboxes room;
  private static Vm vm;

  @BeforeAll
  static void boot() throws Exception {
    new Random(7).nextBytes(MUCH);
    web = new LocalWeb(OutsideTest::answer);
    secure =
        new LocalWeb(context().getServerSocketFactory().createServerSocket(0), OutsideTest::answer);
    NETWORK.name("web.example", "93.184.216.34").lead("93.184.216.34", web.port());
    NETWORK.name("sub.web.example", "93.184.216.35").lead("93.184.216.35", secure.port());
    NETWORK.name("inside.example", "127.0.0.1");
    room = open();
    vm = room.obtain("routside");
    vm.allow(policy());
  }

  private static EgressPolicy policy() {
    return EgressPolicy.allowing(TENANT, List.of("web.example", "*.web.example", "inside.example"))
        .narrowed(1002, List.of("elsewhere.example"));
  }

  private static Sandboxes open() {
    Egress egress =
        new Egress(List.of(), EgressLimits.DEFAULT, NETWORK, LOG::add, InstantSource.system());
    return Sandboxes.open(
        TestImage.options(folder),
        TestImage.keys(folder),
        InstantSource.system(),
        new Outside(egress, OutsideTest::calls));
  }

  @AfterAll
  static void stop() throws Exception {
    vm.close();
    room.close();
    web.close();
    secure.close();
  }

  private static void answer(LocalWeb.Asked asked, java.io.OutputStream out)
      throws java.io.IOException {
    switch (asked.path()) {
      case "/much" -> LocalWeb.reply(out, "application/octet-stream", MUCH);
      case "/echo" -> LocalWeb.reply(out, "text/plain", asked.body().readNBytes(2_000_000));
      default -> LocalWeb.reply(out, "text/plain", "welcome".getBytes(StandardCharsets.US_ASCII));
    }
  }

  /** A certificate that nobody knows, as the JDK's own tool makes it. */
  private static SSLContext context() throws Exception {
    Path store = folder.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "k",
                "-keyalg",
                "EC",
                "-dname",
                "CN=sub.web.example",
                "-keystore",
                store.toString(),
                "-storepass",
                "changeit",
                "-validity",
                "3")
            .redirectErrorStream(true)
            .start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    java.security.KeyStore keys =
        java.security.KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(keys, "changeit".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  private static GuestCalls calls(String id) {
    return GuestCalls.of(
        List.of(
            new GuestCalls.Operation(
                "kb.search",
                Map.of(
                    "query", new GuestCalls.Field.OfText(true, 100),
                    "limit", new GuestCalls.Field.OfNumber(false, 1, 20)),
                Duration.ofSeconds(20),
                (caller, arguments) -> {
                  CALLED.add(id + " " + caller.uid() + " " + arguments);
                  return text("found: " + arguments.path("query").asText());
                }),
            new GuestCalls.Operation(
                "verify",
                Map.of("draft", new GuestCalls.Field.OfText(true, 200)),
                Duration.ofSeconds(20),
                (caller, arguments) -> {
                  throw ChoirException.usage("not_a_draft", "this is no draft", "");
                }),
            new GuestCalls.Operation(
                "fetch",
                Map.of("url", new GuestCalls.Field.OfText(true, 200)),
                Duration.ofSeconds(20),
                (caller, arguments) ->
                    text("y".repeat(arguments.path("url").asText().length() * 9_000))),
            new GuestCalls.Operation(
                "model",
                Map.of("prompt", new GuestCalls.Field.OfText(true, 70_000)),
                Duration.ofMillis(300),
                (caller, arguments) -> {
                  try {
                    Thread.sleep(Duration.ofMinutes(5));
                  } catch (InterruptedException e) {
                    CALLED.add("interrupted");
                  }
                  return text("too late");
                })));
  }

  private static ObjectNode text(String text) {
    return Json.object().put("text", text).put("failed", false);
  }

  @Test
  void aToolFetchesAnAllowedPageThroughItsEnvironment() {
    LOG.clear();
    Shell shell = Shell.as(vm, 1001, "curl -sS -i http://web.example/page");
    assertThat(shell.out()).startsWith("HTTP/1.1 200 OK").endsWith("welcome");
    await().atMost(Duration.ofSeconds(10)).until(() -> LOG.size() == 2);
    EgressLog.Dial dial = LOG.getLast();
    assertThat(dial.vm()).isEqualTo("routside");
    assertThat(dial.uid()).isEqualTo(1001);
    assertThat(dial.tenant()).isEqualTo(TENANT);
    assertThat(dial.host() + ":" + dial.port()).isEqualTo("web.example:80");
    assertThat(dial.verdict()).isEqualTo("ALLOW");
    assertThat(
            Shell.run(
                    vm,
                    "python3 -c 'import urllib.request as u;"
                        + " print(u.urlopen(\"http://web.example/\").read().decode())'")
                .out())
        .isEqualTo("welcome\n");
  }

  @Test
  void muchPassesBothWaysUnchanged() {
    Shell down = Shell.run(vm, "curl -sS http://web.example/much | sha256sum | cut -d' ' -f1");
    assertThat(down.out().strip()).isEqualTo(Digest.of(MUCH).hex());
    Shell up =
        Shell.run(
            vm,
            "head -c 2000000 /dev/urandom > /tmp/up; curl -sS --data-binary @/tmp/up"
                + " http://web.example/echo | cmp - /tmp/up && echo same");
    assertThat(up.out()).isEqualTo("same\n");
  }

  @Test
  void manyAtOnceWaitForATurnAndAllAreServed() {
    Shell shell =
        Shell.run(
            vm,
            """
            exec python3 - <<'X'
            import concurrent.futures as f, urllib.request as u
            def one(i): return u.urlopen('http://web.example/%d' % i, timeout=50).read()
            with f.ThreadPoolExecutor(80) as pool:
              print(sum(r == b'welcome' for r in pool.map(one, range(160))))
            X""");
    assertThat(shell.out()).as(shell.err()).isEqualTo("160\n");
  }

  @Test
  void tlsPassesForItsHostAloneAndIsTheGuestsOwn() {
    LOG.clear();
    assertThat(Shell.run(vm, "curl -sSk https://sub.web.example/x").out()).isEqualTo("welcome");
    // Nobody in between: the certificate is the server's, which the guest does not trust.
    assertThat(Shell.run(vm, "curl -sS https://sub.web.example/x").code()).isEqualTo(60);
    Shell other =
        Shell.run(
            vm,
            "curl -sSk --connect-to evil.example:443:sub.web.example:443 https://evil.example/");
    assertThat(other.code()).isNotZero();
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> LOG.getLast().reason().equals("egress_name_differs"));
  }

  @Test
  void whatIsNotAllowedIsRefusedInPlainWords() {
    LOG.clear();
    Shell plain = Shell.run(vm, "curl -sS -i http://other.example/");
    assertThat(plain.out())
        .startsWith("HTTP/1.1 403 Refused by choir: other.example:80 is not on")
        .contains("X-Choir-Reason: egress_not_allowed");
    assertThat(Shell.run(vm, "curl -sS https://other.example/").err()).contains("403");
    assertThat(Shell.run(vm, "curl -sS http://inside.example/").out()).contains("loopback");
    assertThat(Shell.as(vm, 1002, "curl -sS http://web.example/").out())
        .contains("egress_not_allowed");
    assertThat(LOG).hasSize(4).allSatisfy(dial -> assertThat(dial.verdict()).isEqualTo("DENY"));
  }

  @Test
  void thereIsNoOtherWayOut() {
    assertThat(Shell.run(vm, "curl -sS --noproxy '*' --max-time 5 http://93.184.216.34/").code())
        .isNotZero();
    assertThat(
            Shell.run(vm, "python3 -c 'import socket; socket.gethostbyname(\"web.example\")'")
                .code())
        .isNotZero();
    // The guest's own loopback is the guest's.
    assertThat(
            Shell.run(
                    vm,
                    "cd /tmp && echo own > f && (python3 -m http.server 8765 --bind 127.0.0.1"
                        + " >/dev/null 2>&1 & for i in $(seq 100); do curl -s"
                        + " http://127.0.0.1:8765/f && break; sleep 0.2; done)")
                .out())
        .isEqualTo("own\n");
  }

  @Test
  void aPolicyOutlivesTheProcessAndAnotherSandboxesEnforcesIt() throws Exception {
    assertThat(Shell.run(vm, "curl -sS http://web.example/").out()).isEqualTo("welcome");
    room.close();
    room = open();
    assertThat(room.recover().adopted()).containsExactly("routside");
    vm = room.obtain("routside");
    assertThat(Shell.run(vm, "curl -sS http://web.example/").out()).isEqualTo("welcome");
    assertThat(Shell.run(vm, "curl -sS http://other.example/").out()).contains("not_allowed");
    assertThat(Shell.run(vm, "choir kb search again").out()).isEqualTo("found: again\n");
    // A file that cannot be read allows nothing.
    Files.writeString(kept("egress.json"), "{");
    room.close();
    room = open();
    room.recover();
    vm = room.obtain("routside");
    assertThat(Shell.run(vm, "curl -sS http://web.example/").out()).contains("not_allowed");
    vm.allow(policy());
    assertThat(Shell.run(vm, "curl -sS http://web.example/").out()).isEqualTo("welcome");
  }

  /** The one file of this name that the room keeps for its VM. */
  private static Path kept(String name) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(file -> file.endsWith(name)).findFirst().orElseThrow();
    }
  }

  @Test
  void aSkillAsksTheHost() {
    CALLED.clear();
    Shell shell = Shell.as(vm, 1003, "choir kb search --limit 3 write ahead log");
    assertThat(shell.out()).isEqualTo("found: write ahead log\n");
    assertThat(CALLED).containsExactly("routside 1003 {\"limit\":3,\"query\":\"write ahead log\"}");
    assertThat(Shell.run(vm, "choir kb search x --json").out())
        .isEqualTo("{\"text\":\"found: x\",\"failed\":false}\n");
    Shell refused = Shell.run(vm, "choir verify --draft drafts/a.md");
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err()).isEqualTo("choir: this is no draft (not_a_draft)\n");
    assertThat(Shell.run(vm, "choir fetch " + "u".repeat(100) + " | wc -c").out())
        .isEqualTo("900001\n");
    assertThat(Shell.run(vm, "choir fetch " + "u".repeat(150)).err()).contains("too_large");
    assertThat(Shell.run(vm, "choir model hello").err()).contains("(timeout)");
    await().atMost(Duration.ofSeconds(10)).until(() -> CALLED.contains("interrupted"));
    assertThat(Shell.run(vm, "choir kb search --limit 99 x").err()).contains("from 1 to 20");
    assertThat(Shell.run(vm, "head -c 90000 /dev/zero | tr '\\0' x | choir model -").err())
        .contains("at most 65536");
    assertThat(Shell.run(vm, "choir nonsense").code()).isEqualTo(2);
    assertThat(Shell.run(vm, "choir help").out()).contains("choir kb search");
  }

  @Test
  void aFloodOfCallsIsRefusedAndTheMachineLives() {
    Shell flood =
        Shell.run(
            vm,
            """
            exec python3 - <<'X'
            import json, socket, struct
            def one(text):
              s = socket.socket(socket.AF_UNIX); s.settimeout(50); s.connect('/run/choir.sock')
              s.sendall(struct.pack('>I', len(text)) + text)
              return s.makefile('rb').read()
            q = json.dumps({'name': 'kb.search', 'arguments': {'query': 'x'}}).encode()
            answers = [one(q) for i in range(150)]
            print(sum(b'found' in a for a in answers) >= 50)
            print(one(b'{"name":"shell","arguments":{}}')[4:].decode())
            print(one(b'no json')[4:].decode())
            s = socket.socket(socket.AF_UNIX); s.connect('/run/choir.sock')
            s.sendall(struct.pack('>I', 1 << 30)); print(s.recv(1))
            waiting = [socket.create_connection(('127.0.0.1', 3128)) for i in range(300)]
            print(len(waiting))
            X""");
    assertThat(flood.err()).isEmpty();
    assertThat(flood.out()).startsWith("True\n").contains("bad_request").endsWith("b''\n300\n");
    assertThat(Shell.run(vm, "curl -sS http://web.example/").out()).isEqualTo("welcome");
  }
}
