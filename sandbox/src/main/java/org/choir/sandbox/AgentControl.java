package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.Json;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/** What the host says to a guest's agent itself, beside the requests: on stream 0. */
final class AgentControl {
  private static final Duration WAKING = Duration.ofSeconds(20);

  private final String name;
  private final GuestLink link;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Long, CompletableFuture<Void>> pings = new HashMap<>();
  private @Nullable Awaited awaited; // guarded by the lock
  private long lastPing;

  /** What the agent was asked. */
  private record Awaited(byte type, CompletableFuture<JsonNode> answer) {}

  AgentControl(String name, GuestLink link) {
    this.name = name;
    this.link = link;
  }

  /** Whether the agent answers. */
  void ping(Duration patience) {
    CompletableFuture<Void> answer = new CompletableFuture<>();
    long nonce;
    lock.lock();
    try {
      nonce = ++lastPing;
      pings.put(nonce, answer);
    } finally {
      lock.unlock();
    }
    try {
      link.send(Frame.control(0, Frame.PING, Json.object().put("nonce", nonce)), patience);
      answer.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw link.unresponsive(patience);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing(
          "cancelled", "the ping of " + name + " was interrupted", "", e);
    } catch (ExecutionException e) {
      throw link.lostNow();
    } finally {
      lock.lock();
      try {
        pings.remove(nonce);
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Has the guest make itself ready to be stopped: tools frozen, secrets away, disks written.
   *
   * @throws SandboxException {@code suspend_failed} if it cannot; then it runs on
   */
  void prepare(Duration patience) {
    JsonNode said = exchange(Frame.PREPARE, Json.object(), Frame.PREPARED, patience);
    String problem = said.path("problem").asText();
    if (!problem.isEmpty()) {
      throw SandboxException.passing(
          "suspend_failed",
          "the guest " + name + " cannot be stopped now: " + Text.visible(problem, 200),
          "try again",
          null);
    }
  }

  /** Takes {@link #prepare} back. */
  void wake() {
    link.send(Frame.control(0, Frame.WAKE, Json.object()), WAKING);
  }

  /**
   * Makes a guest that goes on from a snapshot a machine of its own; anything but the exact
   * confirmation ends it.
   *
   * @return the token of its next conversation, 32 hexadecimal digits
   */
  String restored(int generation, byte[] entropy, Instant now, Duration patience) {
    ObjectNode order =
        Json.object()
            .put("generation", generation)
            .put("timeNanos", now.getEpochSecond() * 1_000_000_000L + now.getNano())
            .put("entropy", entropy);
    JsonNode said = exchange(Frame.RESTORED, order, Frame.ACK, patience);
    String token = said.path("token").asText();
    if (!said.path("reseeded").asBoolean()
        || said.path("generation").asInt() != generation
        || !token.matches("[0-9a-f]{32}")) {
      throw link.broken(
          "it did not confirm generation "
              + generation
              + ": "
              + Text.visible(said.path("problem").asText("no reason"), 200));
    }
    return token;
  }

  /** One question to the agent itself and its one answer. */
  private JsonNode exchange(byte ask, ObjectNode body, byte answer, Duration patience) {
    CompletableFuture<JsonNode> said = new CompletableFuture<>();
    lock.lock();
    try {
      if (link.lost().isDone()) {
        throw link.lostNow();
      }
      if (awaited != null) {
        throw new IllegalStateException("two questions at once to " + name);
      }
      awaited = new Awaited(answer, said);
    } finally {
      lock.unlock();
    }
    try {
      link.send(Frame.control(0, ask, body), patience);
      return said.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw link.unresponsive(patience);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing(
          "cancelled", "a question to " + name + " was interrupted", "", e);
    } catch (ExecutionException e) {
      throw link.lostNow();
    }
  }

  private void answered(Frame frame) {
    Awaited waiting;
    lock.lock();
    try {
      waiting = awaited;
      awaited = null;
    } finally {
      lock.unlock();
    }
    if (waiting == null || waiting.type() != frame.type()) {
      throw FrameCutter.protocolError("an answer of type " + frame.type() + " that nobody asked");
    }
    waiting.answer().complete(GuestWords.json(frame));
  }

  /** Asks the guest to end by itself. */
  void shutdown(Duration patience) {
    link.send(Frame.control(0, Frame.SHUTDOWN, Json.object()), patience);
  }

  /** An answer of the agent. */
  void take(Frame frame) {
    if (frame.type() == Frame.PONG) {
      CompletableFuture<Void> ping;
      lock.lock();
      try {
        ping = pings.remove(GuestWords.json(frame).path("nonce").asLong());
      } finally {
        lock.unlock();
      }
      if (ping != null) {
        ping.complete(null);
      }
    } else {
      answered(frame);
    }
  }

  /** The connection ended; whoever waits is told why. */
  void end(SandboxException reason) {
    lock.lock();
    try {
      pings.values().forEach(ping -> ping.completeExceptionally(reason));
      if (awaited != null) {
        awaited.answer().completeExceptionally(reason);
      }
    } finally {
      lock.unlock();
    }
  }
}
