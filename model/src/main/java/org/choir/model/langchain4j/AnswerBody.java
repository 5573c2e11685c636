package org.choir.model.langchain4j;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer: filled by the HTTP client's thread, read by the calling one. One piece is
 * asked for at a time, so a slow reader slows the provider down instead of filling the memory. A
 * read ends with the deadline, with an interrupt and with a limit; each of them releases the
 * connection.
 */
final class AnswerBody extends InputStream implements BodySubscriber<InputStream> {
  /** How long the connection may stay open after the provider has said that all is said. */
  private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private sealed interface Piece {}

  private record Bytes(List<ByteBuffer> buffers) implements Piece {}

  private record End(@Nullable Throwable cause) implements Piece {}

  /** Demand is one piece; one place more is for the end. */
  private final BlockingQueue<Piece> pieces = new ArrayBlockingQueue<>(3);

  private final Queue<ByteBuffer> buffers = new ArrayDeque<>();
  private final Deadline deadline;
  private final Limits limits;
  private final Failures failures;
  private volatile Flow.@Nullable Subscription subscription;
  private volatile boolean closed;
  private boolean finished;
  private boolean ended;
  private long total;
  private int line;

  AnswerBody(Deadline deadline, Limits limits, Failures failures) {
    this.deadline = deadline;
    this.limits = limits;
    this.failures = failures;
  }

  /** From here on the stream's end is awaited for a moment only. */
  void finish() {
    finished = true;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (buffers.isEmpty() || !buffers.element().hasRemaining()) {
      if (buffers.poll() == null && !fetch()) {
        return -1;
      }
    }
    ByteBuffer buffer = buffers.element();
    int count = Math.min(length, buffer.remaining());
    buffer.get(target, offset, count);
    measure(target, offset, count);
    return count;
  }

  private boolean fetch() throws IOException {
    if (ended || closed) {
      return false;
    }
    Piece piece;
    try {
      long wait = deadline.remainingNanos();
      piece = pieces.poll(finished ? Math.min(wait, GRACE_NANOS) : wait, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      close();
      Thread.currentThread().interrupt();
      throw failures.interrupted(e);
    }
    switch (piece) {
      case null -> {
        close();
        if (!finished) {
          throw failures.timeout(deadline);
        }
        return false;
      }
      case Bytes bytes -> {
        buffers.addAll(bytes.buffers());
        demand();
        return true;
      }
      case End end -> {
        ended = true;
        if (end.cause() != null && !finished) {
          throw new IOException("the connection broke", end.cause());
        }
        return false;
      }
    }
  }

  private void measure(byte[] bytes, int offset, int count) {
    total += count;
    if (total > limits.answerBytes()) {
      close();
      throw failures.tooLarge("an answer", limits.answerBytes());
    }
    for (int i = offset; i < offset + count; i++) {
      line = bytes[i] == '\n' ? 0 : line + 1;
      if (line > limits.lineBytes()) {
        close();
        throw failures.tooLarge("a line", limits.lineBytes());
      }
    }
  }

  private void demand() {
    Flow.Subscription current = subscription;
    if (current != null) {
      current.request(1);
    }
  }

  /** Releases the connection, unless the answer has been read to its end. */
  @Override
  public void close() {
    closed = true;
    Flow.Subscription current = subscription;
    if (current != null) {
      current.cancel();
    }
  }

  @Override
  public CompletionStage<InputStream> getBody() {
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    if (closed) {
      given.cancel();
    } else {
      given.request(1);
    }
  }

  @Override
  public void onNext(List<ByteBuffer> item) {
    pieces.add(new Bytes(item));
  }

  @Override
  public void onError(Throwable cause) {
    pieces.add(new End(cause));
  }

  @Override
  public void onComplete() {
    pieces.add(new End(null));
  }
}
