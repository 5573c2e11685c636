package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One request to a guest: data both ways under credit, then one result or failure. What a guest may
 * pile up here is its credit.
 */
final class Call {
  /** Notes that may wait here; they cost no credit. */
  private static final int NOTES_MAX = 16;

  private final int id;
  private final GuestLink link;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Frame> inbox = new ArrayDeque<>();
  private int inboxCredit = Frame.CREDIT_START;
  private int sendCredit = Frame.CREDIT_START;
  private int notes;
  private boolean abandoned;
  private @Nullable JsonNode result;
  private @Nullable SandboxException failure;

  Call(int id, GuestLink link) {
    this.id = id;
    this.link = link;
  }

  int id() {
    return id;
  }

  /** The next data of the guest, or null once the request has ended well. */
  @Nullable Frame next(Duration patience) {
    Frame frame;
    lock.lock();
    try {
      await(() -> !inbox.isEmpty() || over(), patience);
      frame = inbox.poll();
      if (frame == null) {
        throwIfFailed();
        return null;
      }
      notes -= frame.type() == Frame.NOTE ? 1 : 0;
    } finally {
      lock.unlock();
    }
    return frame;
  }

  /** Grants the guest as many bytes again as this frame had; called when they have been used. */
  void used(Frame frame, Duration patience) {
    lock.lock();
    try {
      inboxCredit += frame.body().length;
    } finally {
      lock.unlock();
    }
    link.send(Frame.credit(id, frame.body().length), patience);
  }

  /** How many bytes may be sent now, at least one and at most {@code wanted}; 0 if it has ended. */
  int takeCredit(int wanted, Duration patience) {
    lock.lock();
    try {
      await(() -> sendCredit > 0 || over(), patience);
      throwIfFailed();
      if (result != null) {
        return 0;
      }
      int n = Math.min(wanted, sendCredit);
      sendCredit -= n;
      return n;
    } finally {
      lock.unlock();
    }
  }

  /** The result, after {@link #next} has returned null. */
  JsonNode result() {
    lock.lock();
    try {
      if (result == null) {
        throw new IllegalStateException("call " + id + " has not ended");
      }
      return result;
    } finally {
      lock.unlock();
    }
  }

  /** Nobody waits for this request any more: what still comes is dropped. */
  void abandon() {
    lock.lock();
    try {
      abandoned = true;
      inbox.clear();
      notes = 0;
    } finally {
      lock.unlock();
    }
  }

  /** Data of the guest. */
  void data(Frame frame) {
    lock.lock();
    try {
      int bytes = frame.body().length;
      if (bytes == 0) {
        throw FrameCutter.protocolError("an empty data frame");
      }
      if (bytes > inboxCredit) {
        throw FrameCutter.protocolError("more data than its credit on stream " + id);
      }
      inboxCredit -= bytes;
      if (!abandoned) {
        inbox.add(frame);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** A note of the guest. */
  void note(Frame frame) {
    lock.lock();
    try {
      if (++notes > NOTES_MAX) {
        throw FrameCutter.protocolError("too many notes on stream " + id);
      }
      if (abandoned) {
        notes = 0;
      } else {
        inbox.add(frame);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether the guest has ended it, well or not. */
  boolean ended() {
    lock.lock();
    try {
      return over();
    } finally {
      lock.unlock();
    }
  }

  /** The guest takes more. */
  void grant(int bytes) {
    lock.lock();
    try {
      if (bytes <= 0 || bytes > Frame.CREDIT_MAX - sendCredit) {
        throw FrameCutter.protocolError("a credit of " + bytes + " bytes on stream " + id);
      }
      sendCredit += bytes;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void end(JsonNode value) {
    lock.lock();
    try {
      result = value;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void fail(SandboxException reason) {
    lock.lock();
    try {
      if (failure == null) {
        failure = reason;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private boolean over() {
    return result != null || failure != null;
  }

  private void throwIfFailed() {
    if (failure != null) {
      throw failure.again();
    }
  }

  private void await(BooleanSupplier condition, Duration patience) {
    long left = patience.toNanos();
    while (!condition.getAsBoolean()) {
      if (left <= 0) {
        throw link.unresponsive(patience);
      }
      try {
        left = changed.awaitNanos(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw SandboxException.passing(
            "cancelled", "the call into the guest was interrupted", "", e);
      }
    }
  }

  /** The unit in which patience is told to people. */
  static String seconds(Duration patience) {
    return TimeUnit.MILLISECONDS.toSeconds(patience.toMillis()) + " s";
  }
}
