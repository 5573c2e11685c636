package org.choir.backbone;

import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.choir.core.ChoirException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One reader of the whole state stream, on a thread of its own, over any number of restarts. */
final class Follower implements StateStream.Subscription {
  private static final Logger LOG = LoggerFactory.getLogger(Follower.class);
  private static final Duration WAIT = Duration.ofMillis(200);
  private static final Duration END = Duration.ofSeconds(5);

  private final Link link;
  private final StateStream state;
  private final Consumer<StateEntry> consumer;
  private final Thread thread;
  private long next;
  private volatile boolean closed;

  private Follower(Link link, StateStream state, long from, Consumer<StateEntry> consumer) {
    this.link = link;
    this.state = state;
    this.consumer = consumer;
    this.next = Math.max(1, from);
    this.thread = Thread.ofVirtual().name("state follower").unstarted(this::run);
  }

  static Follower start(Link link, StateStream state, long from, Consumer<StateEntry> consumer) {
    Follower follower = new Follower(link, state, from, consumer);
    follower.thread.start();
    return follower;
  }

  private void run() {
    while (!closed && !link.isClosed()) {
      String all = NatsConfiguration.STATE_PREFIX + "*";
      try (Pass pass = new Pass(link, NatsConfiguration.STATE, all, next)) {
        while (!closed && !link.isClosed()) {
          Message message = pass.next(WAIT);
          if (message != null && message.metaData().streamSequence() >= next) {
            deliver(message);
          }
        }
      } catch (IOException | JetStreamApiException | IllegalStateException e) {
        // The server is away, or was: the next pass starts where this one ended.
        LOG.debug("following the state stream is interrupted at {}", next, e);
        Link.pause(WAIT);
      } catch (InterruptedException e) {
        LOG.debug("following the state stream ends at {}", next, e);
        return;
      }
    }
  }

  private void deliver(Message message) {
    long sequence = message.metaData().streamSequence();
    try {
      StateEntry entry = state.read(message).entry();
      next = sequence + 1;
      consumer.accept(entry);
    } catch (ChoirException e) {
      if (e.failure().retryable()) {
        throw new IllegalStateException("the entry can be read later", e);
      }
      LOG.error("event {} is left out: {}", sequence, e.failure().message(), e);
      next = sequence + 1;
    } catch (RuntimeException e) {
      LOG.error("the reader of event {} has failed and misses it", sequence, e);
      next = sequence + 1;
    }
  }

  @Override
  public void close() {
    closed = true;
    if (Thread.currentThread().equals(thread)) {
      return;
    }
    try {
      if (!thread.join(END)) {
        LOG.warn("the reader of the state stream is still busy with event {}", next);
      }
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }
}
