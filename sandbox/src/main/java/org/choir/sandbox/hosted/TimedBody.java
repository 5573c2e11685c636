package org.choir.sandbox.hosted;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** An answer's body with a deadline: the client's own covers its first line and headers only. */
final class TimedBody extends FilterInputStream {
  private final CompletableFuture<Void> watch;
  private volatile boolean late;

  TimedBody(InputStream in, Duration patience) {
    super(in);
    watch =
        CompletableFuture.runAsync(
            this::end,
            CompletableFuture.delayedExecutor(
                patience.toMillis(), TimeUnit.MILLISECONDS, Thread::startVirtualThread));
  }

  private void end() {
    late = true;
    try {
      in.close();
    } catch (IOException e) {
      // Its reader is told by its own read.
      throw new java.io.UncheckedIOException(e);
    }
  }

  private interface Read {
    int now() throws IOException;
  }

  private int timed(Read read) throws IOException {
    try {
      int n = read.now();
      if (n < 0 && late) {
        throw new HttpTimeoutException("no end of the answer in time");
      }
      return n;
    } catch (IOException e) {
      if (late && !(e instanceof HttpTimeoutException)) {
        HttpTimeoutException timeout = new HttpTimeoutException("no end of the answer in time");
        timeout.initCause(e);
        throw timeout;
      }
      throw e;
    }
  }

  @Override
  public int read() throws IOException {
    return timed(super::read);
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    return timed(() -> super.read(bytes, from, length));
  }

  @Override
  public void close() throws IOException {
    watch.cancel(false);
    super.close();
  }
}
