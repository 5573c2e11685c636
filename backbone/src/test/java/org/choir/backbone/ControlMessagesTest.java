package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.choir.backbone.Fixture.ALICE;
import static org.choir.backbone.Fixture.LONG;
import static org.choir.backbone.Fixture.assertCode;
import static org.choir.backbone.Fixture.event;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.choir.core.AgentId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ControlMessagesTest {
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

  private ControlMessages control() {
    return Objects.requireNonNull(backbone).control();
  }

  private AgentId freshAgent() {
    return new AgentId("rcontrol" + ++count);
  }

  @Test
  void deliversInOrderToTheAgentAlone() {
    AgentId agent = freshAgent();
    AgentId other = freshAgent();
    List<ObjectNode> seen = new CopyOnWriteArrayList<>();
    List<ObjectNode> elsewhere = new CopyOnWriteArrayList<>();
    try (StateStream.Subscription a = control().listen(agent, seen::add);
        StateStream.Subscription b = control().listen(other, elsewhere::add)) {
      for (int i = 0; i < 100; i++) {
        assertThat(control().send(ALICE, agent, event("note", "text " + i))).isTrue();
      }
      await().atMost(LONG).until(() -> seen.size() == 100);
    }
    assertThat(seen.get(99).get("text").asText()).isEqualTo("text 99");
    assertThat(seen.get(0).get("text").asText()).isEqualTo("text 0");
    assertThat(elsewhere).isEmpty();
  }

  @Test
  void tellsTheSenderThatNobodyListens() {
    AgentId agent = freshAgent();
    assertThat(control().send(ALICE, agent, event("note", "lost"))).isFalse();
    List<ObjectNode> seen = new CopyOnWriteArrayList<>();
    control().listen(agent, seen::add).close();
    await().atMost(LONG).until(() -> !control().send(ALICE, agent, event("note", "late")));
    assertThat(seen).isEmpty();
  }

  @Test
  void goesOnAfterAReceiverHasFailed() {
    AgentId agent = freshAgent();
    List<ObjectNode> seen = new CopyOnWriteArrayList<>();
    try (StateStream.Subscription listening =
        control()
            .listen(
                agent,
                message -> {
                  seen.add(message);
                  throw new IllegalStateException("a receiver that fails on purpose");
                })) {
      control().send(ALICE, agent, event("note", "1"));
      control().send(ALICE, agent, event("note", "2"));
      await().atMost(LONG).until(() -> seen.size() == 2);
    }
  }

  @Test
  void aSlowAgentDoesNotHoldUpTheOthers() throws Exception {
    AgentId slow = freshAgent();
    AgentId quick = freshAgent();
    CountDownLatch release = new CountDownLatch(1);
    List<ObjectNode> seen = new CopyOnWriteArrayList<>();
    try (StateStream.Subscription a =
            control()
                .listen(
                    slow,
                    message -> {
                      try {
                        release.await();
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                    });
        StateStream.Subscription b = control().listen(quick, seen::add)) {
      control().send(ALICE, slow, event("note", "1"));
      control().send(ALICE, quick, event("note", "1"));
      await().atMost(LONG).until(() -> seen.size() == 1);
      release.countDown();
    }
  }

  @Test
  void refusesAnOversizedMessage() {
    assertCode(
        "message_too_large",
        () -> control().send(ALICE, freshAgent(), event("note", "x".repeat(600_000))));
  }
}
