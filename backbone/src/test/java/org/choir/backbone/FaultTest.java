package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.choir.backbone.Fixture.AGENT;
import static org.choir.backbone.Fixture.ALICE;
import static org.choir.backbone.Fixture.LONG;
import static org.choir.backbone.Fixture.assertCode;
import static org.choir.backbone.Fixture.events;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is lost or doubled when answers, connections and processes go away: nothing. */
class FaultTest {
  @TempDir Path temp = Path.of("");

  @Test
  void storesOnceWhenTheAnswerIsLost() throws Exception {
    Fixture fixture = new Fixture(temp);
    int port = freePort();
    try (CuttingProxy proxy = new CuttingProxy(port);
        Backbone backbone =
            fixture.start(
                port, Backbone.Durability.CRASH, Tuning.standard().withConnectPort(proxy.port()))) {
      StateEntry first = backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      proxy.loseNext(1);
      StateEntry second = backbone.state().append(ALICE, AGENT, 1, first, events("b"));
      assertThat(proxy.lost()).isEqualTo(1);
      StateEntry third = backbone.state().append(ALICE, AGENT, 1, second, events("c"));
      assertThat(backbone.state().read(AGENT)).containsExactly(first, second, third);
      assertThat(backbone.status().messages()).isEqualTo(3);
    }
  }

  @Test
  void findsItsOwnEntryWhenTheLostAnswerIsOlderThanTheDuplicateWindow() throws Exception {
    Fixture fixture = new Fixture(temp);
    int port = freePort();
    Duration window = Duration.ofMillis(100); // the shortest that nats-server takes
    try (CuttingProxy proxy = new CuttingProxy(port);
        Backbone backbone =
            fixture.start(
                port,
                Backbone.Durability.CRASH,
                Tuning.standard().withConnectPort(proxy.port()).withDuplicateWindow(window))) {
      StateEntry first = backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      proxy.loseNext(1);
      try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<StateEntry> second =
            thread.submit(() -> backbone.state().append(ALICE, AGENT, 1, first, events("b")));
        await().atMost(LONG).until(() -> proxy.lost() == 1);
        proxy.refuse(true);
        long cut = System.nanoTime();
        await().atMost(LONG).until(() -> System.nanoTime() - cut > window.toNanos() * 10);
        proxy.refuse(false);
        assertThat(backbone.state().read(AGENT)).containsExactly(first, second.get());
      }
    }
  }

  @Test
  void failsAfterItsDeadlineAsRetryable() throws Exception {
    Fixture fixture = new Fixture(temp);
    int port = freePort();
    Tuning tuning = Tuning.standard().withDeadline(Duration.ofSeconds(4));
    try (CuttingProxy proxy = new CuttingProxy(port);
        Backbone backbone =
            fixture.start(port, Backbone.Durability.CRASH, tuning.withConnectPort(proxy.port()))) {
      proxy.refuse(true);
      proxy.loseNext(1000);
      long begin = System.nanoTime();
      assertCode(
          "backbone_unavailable",
          () -> backbone.state().append(ALICE, AGENT, 1, null, events("a")));
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isBetween(Duration.ofSeconds(3), Duration.ofSeconds(15));
      proxy.loseNext(0);
      proxy.refuse(false);
      // the event was stored, though its writer never knew: the same append finds it
      backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      assertThat(backbone.state().read(AGENT)).hasSize(1);
    }
  }

  /** The client library drops the message in its hand when the connection goes at that moment. */
  @Test
  void followsEveryEventWhenTheConnectionIsCutAgainAndAgain() throws Exception {
    Fixture fixture = new Fixture(temp);
    int port = freePort();
    try (CuttingProxy proxy = new CuttingProxy(port);
        Backbone backbone =
            fixture.start(
                port, Backbone.Durability.CRASH, Tuning.standard().withConnectPort(proxy.port()))) {
      List<StateEntry> written = new ArrayList<>();
      for (int i = 0; i < 3_000; i++) {
        StateEntry last = written.isEmpty() ? null : written.getLast();
        written.add(backbone.state().append(ALICE, AGENT, 1, last, events("event " + i)));
      }
      List<StateEntry> followed = new CopyOnWriteArrayList<>();
      try (StateStream.Subscription following = backbone.state().follow(1, followed::add)) {
        for (int cut = 1; cut <= 10; cut++) {
          int until = cut * 250;
          await()
              .pollInterval(Duration.ofMillis(1))
              .atMost(LONG)
              .until(() -> followed.size() >= until);
          proxy.cut();
        }
        await().atMost(LONG).until(() -> followed.size() >= written.size());
      }
      assertThat(followed).isEqualTo(written);
    }
  }

  @Test
  void losesNoAcknowledgedEventWhenNatsServerIsKilled() throws Exception {
    killUnderLoad(4, 4);
  }

  @Test
  @Tag("long")
  void losesNoAcknowledgedEventInFiftyKills() throws Exception {
    killUnderLoad(50, 8);
  }

  private void killUnderLoad(int rounds, int writers) throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed of the kills: " + seed);
    Random random = new Random(seed);
    Fixture fixture = new Fixture(temp);
    Map<AgentId, List<StateEntry>> acknowledged = new ConcurrentHashMap<>();
    Map<String, Digest> stored = new ConcurrentHashMap<>();
    List<StateEntry> followed = new CopyOnWriteArrayList<>();
    try (Backbone backbone = fixture.start()) {
      AtomicBoolean stop = new AtomicBoolean();
      AtomicInteger total = new AtomicInteger();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
          StateStream.Subscription following = backbone.state().follow(1, followed::add)) {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < writers; i++) {
          AgentId agent = new AgentId("rwriter" + i);
          running.add(
              threads.submit(
                  () -> {
                    List<StateEntry> mine = new ArrayList<>();
                    acknowledged.put(agent, mine);
                    while (!stop.get()) {
                      StateEntry last = mine.isEmpty() ? null : mine.getLast();
                      String text = "x".repeat(mine.size() % 40 == 39 ? 70_000 : 300);
                      mine.add(backbone.state().append(ALICE, agent, 1, last, events(text)));
                      if (mine.size() % 10 == 0) {
                        String path = "f" + mine.size() % 30;
                        Digest digest =
                            backbone
                                .files()
                                .put(ALICE, agent, path, new byte[mine.size() * 200])
                                .digest();
                        stored.put(agent + "/" + path, digest);
                      }
                      total.incrementAndGet();
                    }
                    return null;
                  }));
        }
        for (int round = 0; round < rounds; round++) {
          int until = total.get() + 20 + random.nextInt(300);
          await().atMost(Duration.ofSeconds(60)).until(() -> total.get() >= until);
          long pid = backbone.pid();
          ProcessHandle.of(pid).orElseThrow().destroyForcibly();
          await()
              .atMost(LONG)
              .until(() -> backbone.pid() != pid && backbone.status().restarts() > 0);
        }
        stop.set(true);
        for (Future<?> each : running) {
          each.get();
        }
        List<StateEntry> expected =
            acknowledged.values().stream()
                .flatMap(List::stream)
                .sorted(Comparator.comparingLong(StateEntry::sequence))
                .toList();
        await()
            .atMost(LONG)
            .untilAsserted(
                () -> {
                  List<Long> missed = new ArrayList<>(sequences(expected));
                  missed.removeAll(Set.copyOf(sequences(followed)));
                  assertThat(missed).as("acknowledged, but not followed, seed %d", seed).isEmpty();
                  assertThat(followed).hasSameSizeAs(expected);
                });
      }
      assertThat(backbone.status().restarts()).isEqualTo(rounds);
      for (Map.Entry<AgentId, List<StateEntry>> each : acknowledged.entrySet()) {
        AgentId agent = each.getKey();
        assertThat(backbone.state().read(agent)).as("seed %d", seed).isEqualTo(each.getValue());
        Map<String, Digest> listed = new HashMap<>();
        for (FileStore.Stored file : backbone.files().list(agent)) {
          listed.put(agent + "/" + file.path(), file.digest());
          assertThat(backbone.files().get(ALICE, agent, file.path())).isPresent();
        }
        stored.forEach(
            (name, digest) -> {
              if (name.startsWith(agent + "/")) {
                assertThat(listed).containsEntry(name, digest);
              }
            });
      }
      assertThat(followed).extracting(StateEntry::sequence).isSorted().doesNotHaveDuplicates();
    }
  }

  private static List<Long> sequences(List<StateEntry> entries) {
    return entries.stream().map(StateEntry::sequence).toList();
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }
}
