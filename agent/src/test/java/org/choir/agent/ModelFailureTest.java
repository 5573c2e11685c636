package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.agent.Script.call;
import static org.choir.agent.Script.say;
import static org.choir.agent.Script.tool;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.model.Message;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelException;
import org.choir.model.ModelRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the loop does about each way a model fails. */
class ModelFailureTest {
  @TempDir static Path folder;
  static World world;
  private AgentRuntime runtime;

  @BeforeAll
  static void start() {
    world = new World(folder);
  }

  @AfterAll
  static void stop() {
    world.close();
  }

  @BeforeEach
  void fresh() {
    world.waits.clear();
    runtime = world.runtime();
  }

  private static final AgentDefinition PLAIN = World.definition(List.of(), List.of());

  private static ModelException failure(ModelException.Kind kind, @Nullable Duration retryAfter) {
    return new ModelException(
        kind,
        new Failure(
            Strings.lower(kind.name()), "the model failed", "mend it", ExitStatus.FAILED, true),
        retryAfter,
        null);
  }

  /** Fails the first times it is asked, then says done. */
  private static Script failing(int times, ModelException.Kind kind, @Nullable Duration after) {
    AtomicInteger asked = new AtomicInteger();
    return new Script(
        request -> {
          if (asked.incrementAndGet() <= times) {
            throw failure(kind, after);
          }
          return say("done");
        });
  }

  @Test
  void waitsAsLongAsTheProviderAsks() {
    RunId run =
        world.create(runtime, failing(1, ModelException.Kind.RATE_LIMITED, Duration.ofSeconds(17)));
    assertThat(runtime.run(run, PLAIN, null)).isEqualTo(RunState.COMPLETED);
    assertThat(world.waits).containsExactly(Duration.ofSeconds(17));
    assertThat(world.events(run.lead(), "model_retried"))
        .singleElement()
        .satisfies(e -> assertThat(e.path("waitMillis").asLong()).isEqualTo(17_000));
  }

  @Test
  void backsOffBetweenTriesAndPausesWhenTheyAreUsed() {
    for (ModelException.Kind kind :
        List.of(
            ModelException.Kind.PROVIDER_FAILED,
            ModelException.Kind.CUT,
            ModelException.Kind.TIMEOUT)) {
      world.waits.clear();
      RunId run = world.create(runtime, failing(5, kind, null));
      assertThat(runtime.run(run, PLAIN, null)).isEqualTo(RunState.PAUSED);
      assertThat(runtime.state(run).reason()).isEqualTo(Strings.lower(kind.name()));
      assertThat(world.waits)
          .containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4));
      assertThat(runtime.state(run).steps()).isZero();
      assertThat(runtime.run(run, PLAIN, null)).isEqualTo(RunState.COMPLETED);
    }
  }

  @Test
  void pausesAtOnceWhenTheProviderAsksForMoreTimeThanThereIs() {
    RunId run =
        world.create(runtime, failing(1, ModelException.Kind.RATE_LIMITED, Duration.ofHours(1)));
    assertThat(runtime.run(run, PLAIN, null)).isEqualTo(RunState.PAUSED);
    assertThat(world.waits).isEmpty();
  }

  @Test
  void pausesOnAWrongKeySoThatTheSameRunGoesOnWithARightOne() {
    RunId run = world.create(runtime, failing(1, ModelException.Kind.UNAUTHORIZED, null));
    assertThat(runtime.run(run, PLAIN, null)).isEqualTo(RunState.PAUSED);
    RunStatus status = runtime.state(run);
    assertThat(status.reason()).isEqualTo("unauthorized");
    assertThat(status.message()).isEqualTo("the model failed");
    assertThat(status.remedy()).isEqualTo("mend it");
    assertThat(runtime.run(run, PLAIN, null)).isEqualTo(RunState.COMPLETED);
  }

  @Test
  void failsWhereNoRepetitionHelps() {
    for (ModelException.Kind kind :
        List.of(ModelException.Kind.UNKNOWN_MODEL, ModelException.Kind.BAD_REQUEST)) {
      RunId run = world.create(runtime, failing(1, kind, null));
      assertThat(runtime.run(run, PLAIN, null)).isEqualTo(RunState.FAILED);
      assertThat(runtime.state(run).remedy()).isEqualTo("mend it");
    }
  }

  private static final String LONG =
      "Found 2 passages.\n\n[@s0123456789] A title\n" + "body ".repeat(3_000);

  private static final World.Counting LOOK =
      new World.Counting("look", ReplayClass.READ_ONLY, (c, a) -> ToolOutput.of(LONG));

  /** Looks a few times, then refuses what is longer than its context. */
  private static ModelAnswer small(ModelRequest request, int steps, long characters) {
    long size =
        request.messages().stream()
            .mapToLong(m -> m instanceof Message.ToolResult r ? r.text().length() : 0)
            .sum();
    if (size > characters) {
      throw failure(ModelException.Kind.CONTEXT_OVERFLOW, null);
    }
    return Script.answered(request) < steps ? call(tool("look")) : say("done");
  }

  @Test
  void compactsAfterAnOverflowKeepingEvidenceHeadsAndTriesOnce() {
    Script model = new Script(request -> small(request, 4, 40_000));
    RunId run = world.create(runtime, model);
    assertThat(runtime.run(run, World.definition(List.of(LOOK), List.of()), null))
        .isEqualTo(RunState.COMPLETED);
    assertThat(world.events(run.lead(), "compacted")).isNotEmpty();
    assertThat(Script.results(model.asked.getLast()).getFirst().text())
        .contains("Found 2 passages.", "[@s0123456789] A title", "shortened")
        .hasSizeLessThan(300);
    assertThat(model.asked.getLast().messages().getFirst())
        .isEqualTo(new Message.User("What is asked?"));
  }

  @Test
  void failsWhenTheContextOverflowsEvenAfterCompaction() {
    Script model =
        new Script(
            request -> {
              if (Script.answered(request) == 2) {
                throw failure(ModelException.Kind.CONTEXT_OVERFLOW, null);
              }
              return call(tool("look"));
            });
    RunId run = world.create(runtime, model);
    assertThat(runtime.run(run, World.definition(List.of(LOOK), List.of()), null))
        .isEqualTo(RunState.FAILED);
    assertThat(runtime.state(run).reason()).isEqualTo("context_overflow");
    assertThat(world.events(run.lead(), "compacted")).hasSize(1);
    assertThat(model.asked).hasSize(4);
  }

  @Test
  void compactsASmallContextInTimeAndReplaysTheSameMessages() {
    int steps = 40;
    Script model =
        new Script(r -> call(Script.plan("remember me"), tool("look"))).contextTokens(16_000);
    Limits limits =
        new Limits(
            steps, Duration.ofHours(1), java.util.Optional.empty(), java.util.Optional.empty());
    RunId run = world.create(runtime, model, limits);
    AgentDefinition definition = World.definition(List.of(LOOK), List.of("write_todos"));
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.BUDGET_EXHAUSTED);
    assertThat(world.events(run.lead(), "compacted")).hasSizeBetween(1, steps / 2);
    for (ModelRequest request : model.asked) {
      long size = request.messages().stream().mapToLong(m -> m.toString().length()).sum();
      assertThat(size / 4).isLessThan(16_000);
    }
    List<Message> before = world.state(run.lead()).conversation().messages();
    Script second = Script.of(say("done"));
    world.replaceModel(run, second);
    assertThat(runtime.run(run, definition, World.AMPLE)).isEqualTo(RunState.COMPLETED);
    // What a resumed run shows the model is what the interrupted one would have shown, or less.
    assertThat(before).endsWith(second.asked.getFirst().messages().getLast());
    assertThat(second.asked.getFirst().messages().toString())
        .contains("remember me", "[@s0123456789] A title", "What is asked?");
  }
}
