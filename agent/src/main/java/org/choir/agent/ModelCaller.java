package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.choir.core.Failure;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelClient;
import org.choir.model.ModelException;
import org.choir.model.ModelRequest;
import org.choir.model.ToolSpec;

/**
 * Asks the model for the next answer: compacts the conversation in time, repeats what may pass,
 * stops on what will not. Every retry and compaction is recorded before it takes effect.
 */
final class ModelCaller {
  static final int OUTPUT_TOKENS = 8_192;
  private static final Duration ANSWER_MAX = Duration.ofMinutes(10);

  /** The share of the context that a request may fill before it is compacted. */
  private static final double FULL = 0.75;

  private final ModelClient client;
  private final String system;
  private final List<ToolSpec> tools;
  private final Journal journal;
  private final Budget budget;
  private final Retry retry;
  private final InstantSource clock;

  ModelCaller(
      ModelClient client,
      String system,
      List<ToolSpec> tools,
      Journal journal,
      Budget budget,
      Retry retry,
      InstantSource clock) {
    this.client = client;
    this.system = system;
    this.tools = tools;
    this.journal = journal;
    this.budget = budget;
    this.retry = retry;
    this.clock = clock;
  }

  /**
   * The answer to the conversation as it is recorded.
   *
   * @throws StopException if there will be none for now, or ever
   */
  ModelAnswer ask() {
    Instant begun = clock.instant();
    boolean overflowed = false;
    int failures = 0;
    while (true) {
      long room = room();
      if (conversation().tokens() > room) {
        compact(room * 6 / 10); // with slack, so that not every step compacts
      }
      try {
        return client.ask(request(), event -> {});
      } catch (ModelException e) {
        if (Interrupts.happened(e)) {
          throw StopException.interrupted();
        }
        switch (e.kind()) {
          case RATE_LIMITED, PROVIDER_FAILED, CUT, TIMEOUT -> waitAfter(++failures, begun, e);
          case CONTEXT_OVERFLOW -> {
            if (overflowed || !compact(conversation().tokens() / 2)) {
              throw StopException.failure(RunState.FAILED, e.failure());
            }
            overflowed = true;
          }
          // A key can be mended, and then the same run goes on.
          case UNAUTHORIZED -> throw StopException.failure(RunState.PAUSED, e.failure());
          case UNKNOWN_MODEL, BAD_REQUEST ->
              throw StopException.failure(RunState.FAILED, e.failure());
        }
      }
      budget.checkTime();
    }
  }

  private ModelRequest request() {
    Duration left = budget.remaining();
    return new ModelRequest(
        system,
        conversation().messages(),
        tools,
        OUTPUT_TOKENS,
        left.compareTo(ANSWER_MAX) < 0 ? left : ANSWER_MAX);
  }

  private Conversation conversation() {
    return journal.state().conversation();
  }

  /** Tokens that the conversation may have beside instructions, tools and the answer. */
  private long room() {
    long fixed = system.length() / 4L;
    for (ToolSpec tool : tools) {
      fixed += (tool.description().length() + tool.parameters().toString().length()) / 4L;
    }
    return Math.max(1_000, (long) (client.contextTokens() * FULL) - fixed);
  }

  private void waitAfter(int failures, Instant begun, ModelException e) {
    Duration wait = e.retryAfter().orElse(retry.after(failures));
    Duration spent = Duration.between(begun, clock.instant());
    if (failures >= retry.tries() || spent.plus(wait).compareTo(retry.total()) > 0) {
      throw StopException.failure(RunState.PAUSED, e.failure());
    }
    Failure failure = e.failure();
    journal.append(
        List.of(
            Events.of("model_retried")
                .put("attempt", failures)
                .put("reason", Strings.lower(e.kind().name()))
                .put("message", Strings.sound(failure.message()))
                .put("waitMillis", wait.toMillis())));
    try {
      retry.pause().sleep(wait);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw StopException.interrupted();
    }
  }

  /** Records the mildest compaction that fits; false if there is nothing left to take away. */
  private boolean compact(long target) {
    Optional<ObjectNode> event = plan(target);
    event.ifPresent(e -> journal.append(List.of(e)));
    return event.isPresent();
  }

  private Optional<ObjectNode> plan(long target) {
    AgentState state = journal.state();
    Conversation conversation = state.conversation();
    int newest = state.steps();
    long before = conversation.tokens();
    Optional<ObjectNode> best = Optional.empty();
    for (boolean drop : new boolean[] {false, true}) {
      // The last two steps are what the model is working on: they are shortened last.
      for (int through : new int[] {newest / 2, newest - 2, drop ? newest - 1 : newest}) {
        if (through < 1) {
          continue;
        }
        long after = conversation.tokensAfter(through, drop, state.todos());
        if (after < before) {
          best =
              Optional.of(
                  Events.of("compacted")
                      .put("through", through)
                      .put("drop", drop)
                      .put("tokensBefore", before)
                      .put("tokensAfter", after));
        }
        if (after <= target && best.isPresent()) {
          return best;
        }
      }
    }
    return best;
  }
}
