package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.choir.agent.AgentDefinition;
import org.choir.agent.AgentRuntime;
import org.choir.agent.Limits;
import org.choir.agent.RunState;
import org.choir.agent.RunStatus;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.jspecify.annotations.Nullable;

/**
 * The runs that go on in this process: one virtual thread each, so many side by side, further ones
 * queued in the order they came. What a run does is the agent runtime's affair; this class starts,
 * stops and awaits. Thread-safe.
 */
public final class Runs implements AutoCloseable {
  /** How long a run may take to record that it was paused. */
  private static final Duration PAUSE_MAX = Duration.ofSeconds(20);

  private static final System.Logger LOG = System.getLogger(Runs.class.getName());

  private final AgentRuntime agents;
  private final Definitions definitions;
  private final BiConsumer<RunId, RunState> ended;
  private final Semaphore slots;
  private final Map<RunId, Going> going = new ConcurrentHashMap<>();

  /** Why runs stopped that could not record it themselves: a full disk, a lost nats-server. */
  private final Map<RunId, ChoirException> failures = new ConcurrentHashMap<>();

  private volatile boolean closing;

  /** Finds the kind of agent a run is to be continued with. */
  @FunctionalInterface
  public interface Definitions {
    /** For this run of this model. */
    AgentDefinition of(RunId run, String model);
  }

  /**
   * @param atOnce runs side by side
   * @param ended is told on the run's own thread when it has stopped, before it counts as stopped
   */
  public Runs(
      AgentRuntime agents, Definitions definitions, int atOnce, BiConsumer<RunId, RunState> ended) {
    this.agents = agents;
    this.definitions = definitions;
    this.ended = ended;
    this.slots = new Semaphore(atOnce, true);
  }

  /** A run that is queued or running here. */
  private static final class Going {
    final CountDownLatch done = new CountDownLatch(1);
    volatile boolean begun;
    volatile @Nullable Thread thread;
  }

  /**
   * Starts or continues a recorded run in the background.
   *
   * @param raised replaces its limits; null keeps them
   * @throws ChoirException {@code no_such_run}, {@code run_is_final}, {@code run_is_live}, {@code
   *     server_stopping}, or what the model's adapter refuses
   */
  public void start(RunId run, @Nullable Limits raised) {
    RunStatus status = agents.state(run);
    if (status.state().isFinal()) {
      throw ChoirException.usage(
          "run_is_final",
          "run " + run + " is " + status.state().word() + ", there is nothing to continue",
          "build on it with: choir research QUESTION --continue " + run);
    }
    AgentDefinition definition = definitions.of(run, status.model());
    Going mine = new Going();
    if (closing) {
      throw ChoirException.retryable(
          "server_stopping", "the server is stopping", "run the command again", null);
    }
    if (going.putIfAbsent(run, mine) != null) {
      throw ChoirException.usage(
          "run_is_live",
          "run " + run + " is going on already",
          "watch it with: choir events " + run + " --follow");
    }
    failures.remove(run);
    mine.thread =
        Thread.ofVirtual().name("run-" + run).start(() -> carry(run, definition, raised, mine));
  }

  private void carry(RunId run, AgentDefinition definition, @Nullable Limits raised, Going mine) {
    try {
      slots.acquire();
      try {
        mine.begun = true;
        RunState state = agents.run(run, definition, raised);
        LOG.log(Level.INFO, "run {0} is {1}", run, state.word());
        ended.accept(run, state);
      } finally {
        slots.release();
      }
    } catch (InterruptedException e) {
      LOG.log(Level.INFO, "run {0} left the queue", run);
    } catch (ChoirException e) {
      LOG.log(Level.WARNING, "run " + run + " stopped", e);
      failures.put(run, e);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "run " + run + " failed inside the server", e);
      failures.put(
          run,
          ChoirException.fatal(
              "internal",
              "the server failed while it worked on run " + run,
              "look at logs/server.0.log in the home and report it; choir resume " + run,
              e));
    } finally {
      going.remove(run, mine);
      mine.done.countDown();
    }
  }

  /** Whether it is queued or running here. */
  public boolean isGoing(RunId run) {
    return going.containsKey(run);
  }

  /** How many are queued or running here. */
  public int count() {
    return going.size();
  }

  /**
   * Where a run stands, with the words for one that waits in the queue of a server that is gone.
   */
  public ObjectNode summary(RunId run) {
    RunStatus status = agents.state(run);
    boolean left = status.state() == RunState.QUEUED && !isGoing(run);
    ObjectNode out =
        Json.object()
            .put("run", run.value())
            .put("state", left ? RunState.PAUSED.word() : status.state().word())
            .put("reason", left ? "interrupted" : status.reason())
            .put("message", status.message())
            .put("remedy", left ? "continue it with: choir resume " + run : status.remedy())
            .put("question", status.question())
            .put("model", status.model())
            .put("user", status.tenant().value())
            .put("stage", status.stage())
            .put("steps", status.steps())
            .put("tokens", status.usage().total())
            .put("started", status.started().toString())
            .put("running_seconds", status.running().toSeconds());
    ChoirException failure = failures.get(run);
    if (failure != null && !isGoing(run) && !status.state().isFinal()) {
      out.put("reason", failure.code())
          .put("message", failure.failure().message())
          .put("remedy", failure.failure().remedy() + "; then: choir resume " + run);
    }
    status.cost().ifPresent(c -> out.put("cost", c.toString()));
    List<ObjectNode> waiting = isGoing(run) ? List.of() : Decisions.waiting(status);
    if (!waiting.isEmpty() && !status.state().isFinal()) {
      waiting.forEach(out.putArray("waiting")::add);
    }
    return out;
  }

  /** The state that {@link #summary} shows. */
  public RunState state(RunId run) {
    RunState state = agents.state(run).state();
    return state == RunState.QUEUED && !isGoing(run) ? RunState.PAUSED : state;
  }

  /** Pauses a run and waits until that is recorded; without effect on one that is not going on. */
  public void pause(RunId run) throws InterruptedException {
    Going mine = going.get(run);
    if (mine == null) {
      agents.state(run);
      return;
    }
    if (mine.begun) {
      agents.tell(run, Json.object().put("kind", "pause"));
    } else {
      Optional.ofNullable(mine.thread).ifPresent(Thread::interrupt);
    }
    stopped(run, mine);
  }

  /** Cancels a run for good and waits until that is recorded. */
  public void cancel(RunId run) throws InterruptedException {
    Going mine = going.get(run);
    if (mine != null && !mine.begun) {
      Optional.ofNullable(mine.thread).ifPresent(Thread::interrupt);
      stopped(run, mine);
      mine = null;
    }
    agents.tell(run, Json.object().put("kind", "cancel"));
    if (mine != null) {
      stopped(run, mine);
    }
  }

  private static void stopped(RunId run, Going mine) throws InterruptedException {
    if (!mine.done.await(PAUSE_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
      throw ChoirException.retryable(
          "run_does_not_stop",
          "run " + run + " has not stopped within " + PAUSE_MAX.toSeconds() + " s",
          "it stops after its current step; look again with: choir runs",
          null);
    }
  }

  /**
   * Tells a run something that a person said.
   *
   * @throws ChoirException {@code run_is_final}
   */
  public void note(RunId run, String text) {
    RunState state = agents.state(run).state();
    if (state.isFinal()) {
      throw ChoirException.usage(
          "run_is_final",
          "run " + run + " is " + state.word() + ", nobody would read the note",
          "build on it with: choir research QUESTION --continue " + run);
    }
    agents.tell(run, Json.object().put("kind", "note").put("text", text));
  }

  /** Pauses everything and waits until it is recorded; nothing starts any more. */
  @Override
  public void close() {
    closing = true;
    going.values().forEach(g -> Optional.ofNullable(g.thread).ifPresent(Thread::interrupt));
    long deadline = System.nanoTime() + PAUSE_MAX.toNanos();
    going.forEach(
        (run, g) -> {
          try {
            if (!g.done.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
              LOG.log(Level.WARNING, "run {0} did not stop in time", run);
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }
}
