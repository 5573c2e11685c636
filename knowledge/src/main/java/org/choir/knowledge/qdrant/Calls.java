package org.choir.knowledge.qdrant;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/**
 * One call of a Qdrant at a time, again while it is unavailable and the deadline lasts: every call
 * made here may be made twice.
 */
final class Calls {
  private static final int ATTEMPTS = 4;
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final QdrantServer server;

  Calls(QdrantServer server) {
    this.server = server;
  }

  /**
   * The answer.
   *
   * @param asked given what is left of the deadline
   * @throws ChoirException {@code qdrant_unavailable}, {@code qdrant_key}, {@code qdrant_failed}
   */
  <T> T ask(String what, Function<Duration, ListenableFuture<T>> asked) {
    long end = System.nanoTime() + server.deadline().toNanos();
    Duration pause = PAUSE;
    for (int attempt = 1; ; attempt++) {
      Status status;
      try {
        return once(asked, end);
      } catch (StatusRuntimeException e) {
        status = e.getStatus();
        boolean passing =
            status.getCode() == Status.Code.UNAVAILABLE
                || status.getCode() == Status.Code.RESOURCE_EXHAUSTED;
        if (!passing || attempt == ATTEMPTS || System.nanoTime() + pause.toNanos() >= end) {
          throw failure(what, e);
        }
      }
      rest(pause);
      pause = pause.multipliedBy(2);
    }
  }

  private static <T> T once(Function<Duration, ListenableFuture<T>> asked, long end) {
    Duration left = Duration.ofNanos(Math.max(1_000_000, end - System.nanoTime()));
    ListenableFuture<T> answer = asked.apply(left);
    try {
      // The call has its own deadline; this one ends the wait if that should fail.
      return answer.get(left.toMillis() + 1_000, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof StatusRuntimeException status
          ? status
          : Status.fromThrowable(e.getCause()).asRuntimeException();
    } catch (TimeoutException e) {
      throw Status.DEADLINE_EXCEEDED.withCause(e).asRuntimeException();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      answer.cancel(true);
    }
  }

  private static void rest(Duration pause) {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static ChoirException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return ChoirException.retryable(
        "qdrant_interrupted", "the question to Qdrant was interrupted", "try again", e);
  }

  private ChoirException failure(String what, StatusRuntimeException e) {
    Status status = e.getStatus();
    String words = status.getDescription() == null ? "" : ": " + status.getDescription();
    String message =
        "Qdrant at "
            + server.address().getHost()
            + ":"
            + server.port()
            + " could not "
            + what
            + ", "
            + status.getCode()
            + Text.visible(server.key() == null ? words : server.key().redact(words), 200);
    return switch (status.getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, CANCELLED ->
          ChoirException.retryable(
              "qdrant_unavailable",
              message,
              "check knowledge.qdrant.url and that the server runs; search by words goes on",
              e);
      case UNAUTHENTICATED, PERMISSION_DENIED ->
          ChoirException.fatal("qdrant_key", message, "set QDRANT_API_KEY", e);
      default ->
          ChoirException.fatal(
              "qdrant_failed", message, "see the server's log, then: choir kb rebuild", e);
    };
  }
}
