package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.FileDataKeys;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditChainTest {
  private static final String RUN = "r0abc12345";
  private static final InstantSource CLOCK = InstantSource.fixed(Instant.EPOCH);
  @TempDir Path temp;
  private AuditChain chain;

  static AuditChain open(Path folder, List<AnchorStore> anchors, List<LogFence> fences) {
    LogOptions log =
        LogOptions.of(Thread.ofPlatform().daemon().factory())
            .withAnchors(anchors)
            .withFences(fences);
    return AuditChain.open(
        new AuditChain.Options(
            folder.resolve("chain"), EventFixtures.TENANT, "choir-test/ada", true, log),
        FileDataKeys.open(folder.resolve("keys")),
        new SecureRandom(),
        CLOCK);
  }

  @BeforeEach
  void open() {
    chain = open(temp, List.of(), List.of());
  }

  @AfterEach
  void close() {
    chain.close();
  }

  private void reopen() {
    chain.close();
    open();
  }

  private static AuditEvent note(String id, String text) {
    ObjectNode data = Json.object().put("run", RUN).put("by", "user:ada").put("text", text);
    return new AuditEvent(
        EventFixtures.TENANT, Instant.EPOCH, "note.given", new AgentId(RUN), data, id, "t@1");
  }

  private AuditCheck.Found check() {
    return AuditCheck.check(chain, temp.resolve("chain"), List.of());
  }

  @Test
  void whatWasRecordedIsThereLinkedAndProvedAfterARestart() {
    EventFixtures.all().forEach(chain::record);
    reopen();
    assertThat(chain.size()).isEqualTo(EventFixtures.all().size());
    Leaf second = chain.leaf(1);
    assertThat(second.prev()).isEqualTo(Leaf.hash(chain.entry(0)).hex());
    assertThat(chain.leaf(0).prev()).isEqualTo(TreeHash.ofNothing().hex());
    assertThat(chain.personal(second)).isInstanceOf(Prose.Personal.Known.class);
    assertThat(check().problems()).isEmpty();
    ProofText proof = chain.prove(7);
    proof.verify(chain.entry(7), "choir-test/ada", chain.shown());
    assertThatThrownBy(() -> proof.verify(chain.entry(8), "choir-test/ada", chain.shown()))
        .isInstanceOf(LogException.class);
    assertThatThrownBy(() -> proof.verify(chain.entry(7), "choir-test/eve", chain.shown()))
        .isInstanceOf(LogException.class);
  }

  @Test
  void anEventWithAnIdIsWrittenOnceWhoeverTellsItAgain() throws Exception {
    chain.record(note(RUN + ":1:4:0", "a"));
    chain.record(note(RUN + ":1:4:0", "a"));
    chain.submit(List.of(note(RUN + ":1:4:0", "a"), note(RUN + ":1:4:2", "b"))).await();
    reopen();
    chain.record(note(RUN + ":1:4:2", "b"));
    chain.record(note(RUN + ":2:3:9", "earlier"));
    assertThat(chain.size()).isEqualTo(2);
    chain.record(note(RUN + ":2:5:0", "c"));
    chain.record(note(RUN + "-1:1:1:0", "another agent"));
    Files.delete(temp.resolve("chain/index.json"));
    chain.close();
    Files.delete(temp.resolve("chain/index.json"));
    open();
    chain.record(note(RUN + ":2:5:0", "c"));
    assertThat(chain.size()).isEqualTo(4);
    assertThat(chain.knows(RUN + "-1")).isTrue();
    assertThat(chain.knows(RUN + "-2")).isFalse();
  }

  @Test
  void manyAtOnceTellingTheSameWriteItOnce() throws Exception {
    List<Thread> threads = new ArrayList<>();
    CountDownLatch go = new CountDownLatch(1);
    for (int t = 0; t < 8; t++) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      go.await();
                      for (int n = 1; n <= 50; n++) {
                        chain.record(note(RUN + ":1:" + n + ":0", "text " + n));
                      }
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  }));
    }
    go.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(chain.size()).isEqualTo(50);
    assertThat(check().problems()).isEmpty();
  }

  @Test
  void theGatesRulesAreWrittenWhenTheyChange() {
    AuditEvent rules = EventFixtures.all().getFirst();
    assertThat(rules.kind()).isEqualTo("gate.configured");
    chain.record(rules);
    chain.record(rules);
    reopen();
    chain.record(rules);
    assertThat(chain.size()).isEqualTo(1);
    ObjectNode other = ((ObjectNode) rules.data()).deepCopy().put("configuration", "f".repeat(64));
    chain.record(EventFixtures.event("gate.configured", RUN, Instant.EPOCH, other));
    assertThat(chain.size()).isEqualTo(2);
  }

  @Test
  void refusesAnEventOfAnotherTenantAndOneThatIsTooLong() {
    AuditEvent foreign =
        new AuditEvent(
            new TenantId("eve"), Instant.EPOCH, "note.given", new AgentId(RUN), Json.object());
    assertThatThrownBy(() -> chain.record(foreign)).isInstanceOf(EventRefusedException.class);
    ObjectNode rules = Json.object().put("gate", "g/1").put("configuration", "a".repeat(64));
    rules.put("rules", "x".repeat(20_000));
    assertThatThrownBy(
            () -> chain.record(EventFixtures.event("gate.configured", RUN, Instant.EPOCH, rules)))
        .isInstanceOf(EventRefusedException.class)
        .hasMessageContaining("rules");
    assertThat(chain.size()).isZero();
  }

  @Test
  void alongTextStandsInThePayloadAndTheLeafStaysShort() {
    chain.record(note("", "x".repeat(200_000)));
    assertThat(chain.entry(0).length).isLessThan(1_000);
    assertThat(((Prose.Personal.Known) chain.personal(chain.leaf(0))).fields().toString())
        .hasSizeGreaterThan(200_000);
  }

  @Test
  void erasedWordsAreGoneAndEverythingStaysProved() throws IOException {
    chain.record(note("", "my secret"));
    chain.record(note("", "another secret"));
    chain.erase(0, "user:ada");
    assertThat(chain.personal(chain.leaf(0))).isInstanceOf(Prose.Personal.Erased.class);
    assertThat(chain.personal(chain.leaf(1))).isInstanceOf(Prose.Personal.Known.class);
    assertThat(chain.leaf(2).kind()).isEqualTo("payload.erased");
    assertThat(chain.eraseRun(RUN, "user:ada")).isEqualTo(1);
    reopen();
    for (long i = 0; i < 2; i++) {
      assertThat(chain.personal(chain.leaf(i))).isInstanceOf(Prose.Personal.Erased.class);
      chain.prove(i).verify(chain.entry(i), "choir-test/ada", chain.shown());
    }
    assertThat(check().problems()).isEmpty();
    assertThat(check().said().toString()).contains("0 open").contains("2 erased");
    assertThatThrownBy(() -> chain.erase(2, "user:ada")).hasMessageContaining("no personal");
    assertThatThrownBy(() -> chain.erase(99, "user:ada")).hasMessageContaining("no event 99");
    assertThatThrownBy(() -> chain.eraseRun("r0unknown", "user:ada"))
        .hasMessageContaining("no event of a run");
  }

  @Test
  void aLostPayloadIsFoundAndNamed() throws IOException {
    chain.record(note("", "one"));
    Files.delete(temp.resolve("chain/payloads").resolve(RUN + ".jsonl"));
    AuditCheck.Found found = check();
    assertThat(found.problems()).extracting(LogVerifier.Problem::kind).contains("payload_missing");
    assertThat(found.firstBadIndex()).isZero();
  }

  @Test
  void whenTheLogCannotBeWrittenTheCallerIsToldAndTheNextAttemptIsNoRepetition() {
    chain.close();
    boolean[] down = {false};
    LogFence fence =
        new LogFence() {
          @Override
          public void requireHeld() {
            if (down[0]) {
              throw LogException.fenced("another server has taken the log");
            }
          }

          @Override
          public void close() {}
        };
    chain = open(temp, List.of(), List.of(fence));
    chain.record(note(RUN + ":1:1:0", "before"));
    down[0] = true;
    assertThatThrownBy(() -> chain.record(note(RUN + ":1:2:0", "lost")))
        .isInstanceOf(ChoirException.class);
    assertThatThrownBy(() -> chain.record(note(RUN + ":1:2:0", "lost")))
        .isInstanceOf(ChoirException.class);
    chain.close();
    open();
    chain.record(note(RUN + ":1:2:0", "lost"));
    chain.record(note(RUN + ":1:2:0", "lost"));
    List<String> ids = new ArrayList<>();
    for (long i = 0; i < chain.size(); i++) {
      ids.add(chain.leaf(i).id());
    }
    assertThat(ids).containsExactly(RUN + ":1:1:0", RUN + ":1:2:0");
  }

  @Test
  void isAnchoredWhenSomethingWasWrittenAndRefusesARolledBackLog() throws IOException {
    MemoryAnchors store = new MemoryAnchors();
    assertThat(chain.anchor(store)).isEmpty();
    chain.record(note("", "one"));
    assertThat(chain.anchor(store)).isPresent();
    assertThat(chain.leaf(1).kind()).isEqualTo("anchor.written");
    assertThat(chain.anchor(store)).isEmpty();
    Path older = temp.resolve("older");
    chain.close();
    copy(temp.resolve("chain"), older);
    open();
    chain.record(note("", "two"));
    chain.record(note("", "three"));
    assertThat(chain.anchor(store)).isPresent();
    assertThat(AuditCheck.check(chain, temp.resolve("chain"), List.of(store)).problems()).isEmpty();
    chain.close();
    delete(temp.resolve("chain"));
    copy(older, temp.resolve("chain"));
    assertThatThrownBy(() -> open(temp, List.of(store), List.of()))
        .isInstanceOf(LogException.class);
    open();
    assertThatThrownBy(() -> chain.anchor(store)).isInstanceOf(LogException.class);
    assertThat(AuditCheck.check(chain, temp.resolve("chain"), List.of(store)).problems())
        .extracting(LogVerifier.Problem::kind)
        .contains("log_rolled_back");
  }

  static void copy(Path from, Path to) throws IOException {
    try (var all = Files.walk(from)) {
      for (Path each : all.toList()) {
        Path target = to.resolve(from.relativize(each).toString());
        if (Files.isDirectory(each)) {
          Files.createDirectories(target);
        } else {
          Files.copy(each, target);
        }
      }
    }
  }

  static void delete(Path folder) throws IOException {
    try (var all = Files.walk(folder)) {
      for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
