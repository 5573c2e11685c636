package org.choir.sandbox;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.choir.core.Json;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/**
 * One stream that a guest has opened: bytes both ways under credit, then one end or error of the
 * host. What a guest may pile up here is its credit. A reader that waits too long, or a guest that
 * takes nothing, costs this stream and not the machine: behind it stands one tool, not the agent.
 */
final class IncomingStream {
  private static final int MESSAGE_MAX = 500;

  private final int id;
  private final GuestStreams.Sender sender;
  private final Consumer<IncomingStream> over;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<byte[]> inbox = new ArrayDeque<>();
  private int inboxCredit = Frame.CREDIT_START;
  private int sendCredit = Frame.CREDIT_START;
  private boolean finished;
  private boolean ended;
  private @Nullable String cancelled;
  private Runnable onCancel = () -> {};

  IncomingStream(int id, GuestStreams.Sender sender, Consumer<IncomingStream> over) {
    this.id = id;
    this.sender = sender;
    this.over = over;
  }

  int id() {
    return id;
  }

  /** Called once when the guest gives this stream up; at once if it has. */
  void onCancel(Runnable action) {
    boolean now;
    lock.lock();
    try {
      onCancel = action;
      now = cancelled != null;
    } finally {
      lock.unlock();
    }
    if (now) {
      action.run();
    }
  }

  /**
   * The guest's bytes; a read fails with {@link SocketTimeoutException} after {@code patience} and
   * with an {@link IOException} once the guest has given the stream up.
   */
  InputStream input(Supplier<Duration> patience) {
    return new InputStream() {
      private byte[] chunk = {};
      private int at;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
          return 0;
        }
        if (at == chunk.length) {
          byte @Nullable [] next = next(patience.get());
          if (next == null) {
            return -1;
          }
          chunk = next;
          at = 0;
        }
        int n = Math.min(length, chunk.length - at);
        System.arraycopy(chunk, at, into, offset, n);
        at += n;
        return n;
      }
    };
  }

  /** Takes bytes to the guest, as fast as it grants credit; fails as {@link #input} does. */
  OutputStream output(Supplier<Duration> patience) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        int at = offset;
        while (at < offset + length) {
          int n = credit(Math.min(Frame.CHUNK, offset + length - at), patience.get());
          sender.send(
              new Frame(id, Frame.DATA, (byte) 0, Arrays.copyOfRange(bytes, at, at + n)),
              GuestVm.PATIENCE);
          at += n;
        }
      }
    };
  }

  private byte @Nullable [] next(Duration patience) throws IOException {
    byte[] chunk;
    lock.lock();
    try {
      await(() -> !inbox.isEmpty() || finished || ended || cancelled != null, patience);
      if (cancelled != null) {
        throw new IOException(cancelled);
      }
      if (inbox.isEmpty()) {
        return null;
      }
      chunk = inbox.remove();
      inboxCredit += chunk.length;
    } finally {
      lock.unlock();
    }
    sender.send(Frame.credit(id, chunk.length), GuestVm.PATIENCE);
    return chunk;
  }

  private int credit(int wanted, Duration patience) throws IOException {
    lock.lock();
    try {
      await(() -> sendCredit > 0 || ended || cancelled != null, patience);
      if (cancelled != null || ended) {
        throw new IOException(cancelled == null ? "the stream has ended" : cancelled);
      }
      int n = Math.min(wanted, sendCredit);
      sendCredit -= n;
      return n;
    } finally {
      lock.unlock();
    }
  }

  /** Answers well and ends; without effect on an ended stream. */
  void end(ObjectNode result) {
    close(Frame.control(id, Frame.END, result));
  }

  /** Answers with a failure and ends; without effect on an ended stream. */
  void fail(String code, String message) {
    close(
        Frame.control(
            id,
            Frame.ERROR,
            Json.object().put("code", code).put("message", Text.visible(message, MESSAGE_MAX))));
  }

  private void close(Frame answer) {
    lock.lock();
    try {
      if (ended) {
        return;
      }
      ended = true;
      inbox.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    over.accept(this);
    sender.send(answer, GuestVm.PATIENCE);
  }

  /** Whether the guest has given it up. */
  boolean cancelled() {
    lock.lock();
    try {
      return cancelled != null;
    } finally {
      lock.unlock();
    }
  }

  /** What the guest may still send. */
  int creditLeft() {
    lock.lock();
    try {
      return inboxCredit;
    } finally {
      lock.unlock();
    }
  }

  void data(Frame frame) {
    lock.lock();
    try {
      int bytes = frame.body().length;
      if (bytes == 0 || finished) {
        throw FrameCutter.protocolError(
            bytes == 0 ? "an empty data frame" : "data after the end of its stream");
      }
      if (bytes > inboxCredit) {
        throw FrameCutter.protocolError(
            "more data than its credit on stream " + Integer.toUnsignedString(id));
      }
      inboxCredit -= bytes;
      if (!ended && cancelled == null) {
        inbox.add(frame.body());
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  void grant(int bytes) {
    lock.lock();
    try {
      if (bytes < 0 || bytes > Frame.CREDIT_MAX - sendCredit) {
        throw FrameCutter.protocolError(
            "too much credit on stream " + Integer.toUnsignedString(id));
      }
      sendCredit += bytes;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void finish() {
    lock.lock();
    try {
      finished = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Nobody in the guest waits any more; the host still ends the stream. */
  void cancel(String why) {
    Runnable action;
    lock.lock();
    try {
      if (cancelled != null) {
        return;
      }
      cancelled = why;
      inbox.clear();
      changed.signalAll();
      action = onCancel;
    } finally {
      lock.unlock();
    }
    // Not on the thread that reads from the guest: closing a socket may take its time.
    Thread.startVirtualThread(action);
  }

  private void await(BooleanSupplier condition, Duration patience) throws IOException {
    long left = patience.toNanos();
    while (!condition.getAsBoolean()) {
      if (left <= 0) {
        throw new SocketTimeoutException("nothing happened for " + Call.seconds(patience));
      }
      try {
        left = changed.awaitNanos(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("the wait for the guest was interrupted");
      }
    }
  }
}
