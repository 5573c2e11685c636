package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.choir.backbone.Fixture.AGENT;
import static org.choir.backbone.Fixture.ALICE;
import static org.choir.backbone.Fixture.BOB;
import static org.choir.backbone.Fixture.LONG;
import static org.choir.backbone.Fixture.event;
import static org.choir.backbone.Fixture.events;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StateStreamTest {
  private @Nullable Backbone backbone;
  private int count;

  @BeforeAll
  void start(@TempDir Path temp) {
    backbone = new Fixture(temp).start();
  }

  @AfterAll
  void stop() {
    if (backbone != null) {
      backbone.close();
    }
  }

  private StateStream state() {
    return Objects.requireNonNull(backbone).state();
  }

  private AgentId freshAgent() {
    return new AgentId("ragent" + ++count);
  }

  @Test
  void readsBackWhatWasAppended() {
    AgentId agent = freshAgent();
    ObjectNode odd = event("intended", "Grüße, 世界 \u0001 \"x\" 🌊");
    odd.put("score", 0.25).put("large", Long.MAX_VALUE).putArray("list").add(1).addNull();
    StateEntry first = state().append(ALICE, agent, 1, null, List.of(odd, event("note", "a")));
    StateEntry second = state().append(ALICE, agent, 1, first, events("b"));
    StateEntry third = state().append(ALICE, agent, 2, second, events("c"));

    assertThat(state().read(agent)).containsExactly(first, second, third);
    assertThat(state().last(agent)).contains(third);
    assertThat(first.n()).isEqualTo(1);
    assertThat(third.n()).isEqualTo(3);
    assertThat(third.epoch()).isEqualTo(2);
    assertThat(first.events().getFirst().get("text").asText()).contains("世界");
    assertThat(third.sequence()).isGreaterThan(second.sequence());
    assertThat(state().agents()).contains(agent);
  }

  @Test
  void knowsNothingOfAnAgentWithoutAHistory() {
    AgentId agent = new AgentId("rnobody1");
    assertThat(state().read(agent)).isEmpty();
    assertThat(state().last(agent)).isEmpty();
    assertThat(state().agents()).doesNotContain(agent);
  }

  @Test
  void keepsHistoriesOfAgentsApart() {
    AgentId lead = freshAgent();
    AgentId sub = lead.subagent(1);
    StateEntry a = state().append(ALICE, lead, 1, null, events("lead"));
    StateEntry b = state().append(ALICE, sub, 1, null, events("sub"));
    assertThat(state().read(lead)).containsExactly(a);
    assertThat(state().read(sub)).containsExactly(b);
  }

  @Test
  void readsEventsBackThatDoNotFitAMessage() {
    AgentId agent = freshAgent();
    StateEntry small = state().append(ALICE, agent, 1, null, events("x".repeat(60_000)));
    StateEntry large = state().append(ALICE, agent, 1, small, events("y".repeat(3_000_000)));
    StateEntry after = state().append(ALICE, agent, 1, large, events("z"));
    assertThat(state().read(agent)).containsExactly(small, large, after);
    assertThat(Objects.requireNonNull(backbone).files().list(agent)).isEmpty();
  }

  @Test
  void returnsTheSameEntryForARepeatedAppend() {
    AgentId agent = freshAgent();
    StateEntry first = state().append(ALICE, agent, 1, null, events("once"));
    StateEntry again = state().append(ALICE, agent, 1, null, events("once"));
    assertThat(again).isEqualTo(first);
    assertThat(state().read(agent)).containsExactly(first);
  }

  @Test
  void fencesAWriterThatUsesTheIdOfAnotherEntry() {
    AgentId agent = freshAgent();
    state().append(ALICE, agent, 1, null, events("mine"));
    assertThatThrownBy(() -> state().append(ALICE, agent, 1, null, events("other")))
        .isInstanceOf(FencedException.class);
  }

  @Test
  void fencesAZombieOnceItsSuccessorHasWritten() {
    AgentId agent = freshAgent();
    StateEntry shared = state().append(ALICE, agent, 1, null, events("shared"));
    StateEntry successor = state().append(ALICE, agent, 2, shared, events("successor"));
    assertThatThrownBy(() -> state().append(ALICE, agent, 1, shared, events("zombie")))
        .isInstanceOf(FencedException.class);
    assertThat(state().read(agent)).containsExactly(shared, successor);
  }

  @Test
  void refusesAnEntryThatCannotFollow() {
    AgentId agent = freshAgent();
    StateEntry first = state().append(ALICE, agent, 2, null, events("a"));
    for (Runnable wrong :
        List.<Runnable>of(
            () -> state().append(ALICE, agent, 1, first, events("older epoch")),
            () -> state().append(BOB, agent, 2, first, events("other tenant")),
            () -> state().append(ALICE, AGENT, 2, first, events("other agent")),
            () -> state().append(ALICE, agent, 2, first, List.of()))) {
      assertThatThrownBy(wrong::run).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(state().read(agent)).containsExactly(first);
  }

  @Test
  void letsExactlyOneOfEightWritersWinEachRound() throws Exception {
    AgentId agent = freshAgent();
    int writers = 8;
    int rounds = 60;
    StateEntry last = null;
    try (ExecutorService threads = Executors.newFixedThreadPool(writers)) {
      for (int round = 0; round < rounds; round++) {
        StateEntry after = last;
        CyclicBarrier barrier = new CyclicBarrier(writers);
        List<Callable<List<StateEntry>>> attempts = new ArrayList<>();
        for (int writer = 0; writer < writers; writer++) {
          // Half of the writers share an epoch, as two loops of one confused process would.
          long epoch = (after == null ? 1 : after.epoch()) + Math.min(writer, 4);
          String text = "round " + round + " writer " + writer;
          attempts.add(
              () -> {
                barrier.await();
                try {
                  return List.of(state().append(ALICE, agent, epoch, after, events(text)));
                } catch (FencedException e) {
                  return List.of();
                }
              });
        }
        List<StateEntry> winners = new ArrayList<>();
        for (Future<List<StateEntry>> each : threads.invokeAll(attempts)) {
          winners.addAll(each.get());
        }
        assertThat(winners).as("round %d", round).hasSize(1);
        last = winners.getFirst();
      }
    }
    assertThat(state().last(agent).orElseThrow().n()).isEqualTo(rounds);
  }

  @Test
  void followsOldAndNewEntriesInOrder() {
    AgentId agent = freshAgent();
    StateEntry before = state().append(ALICE, agent, 1, null, events("before"));
    List<StateEntry> seen = new CopyOnWriteArrayList<>();
    try (StateStream.Subscription following = state().follow(before.sequence(), seen::add)) {
      await().atMost(LONG).until(() -> !seen.isEmpty());
      StateEntry last = before;
      for (int i = 0; i < 300; i++) {
        last = state().append(ALICE, agent, 1, last, events("live " + i));
      }
      await()
          .atMost(LONG)
          .until(() -> seen.stream().filter(e -> e.agent().equals(agent)).count() == 301);
    }
    assertThat(seen.stream().filter(e -> e.agent().equals(agent)).toList())
        .isEqualTo(state().read(agent));
    assertThat(seen).extracting(StateEntry::sequence).isSorted().doesNotHaveDuplicates();
    int size = seen.size();
    state().append(ALICE, freshAgent(), 1, null, events("after the end"));
    assertThat(seen).hasSize(size);
  }

  @Test
  void goesOnFollowingAfterAReaderHasFailed() {
    AgentId agent = freshAgent();
    StateEntry first = state().append(ALICE, agent, 1, null, events("first"));
    List<StateEntry> seen = new CopyOnWriteArrayList<>();
    try (StateStream.Subscription following =
        state()
            .follow(
                first.sequence(),
                entry -> {
                  if (entry.equals(first)) {
                    throw new IllegalStateException("a reader that fails on purpose");
                  }
                  seen.add(entry);
                })) {
      StateEntry second = state().append(ALICE, agent, 1, first, events("second"));
      await().atMost(LONG).until(() -> seen.contains(second));
    }
  }

  @Test
  void hashesAChainThatOthersCanRecompute() {
    byte[] plain = Json.write(Json.array()).getBytes(StandardCharsets.UTF_8);
    Digest first = StateStream.hash(null, plain);
    assertThat(first).isEqualTo(Digest.of("\n[]"));
    assertThat(StateStream.hash(first, plain)).isEqualTo(Digest.of(first.hex() + "\n[]"));
  }
}
