package org.choir.backbone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nats.client.Dispatcher;
import io.nats.client.Message;
import io.nats.client.Subscription;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes, approvals and cancels for a running agent from others: subjects {@code
 * vibewriter.control.<agentId>}. The loop copies them into its state; they are not stored
 * themselves. Thread-safe.
 */
public final class ControlMessages {
  private static final Logger LOG = LoggerFactory.getLogger(ControlMessages.class);
  private static final int WAITING_MAX = 1_000;

  private final Link link;
  private final DataKeys keys;
  private final InstantSource clock;
  private final ReentrantLock creating = new ReentrantLock();
  private @Nullable Dispatcher dispatcher;

  ControlMessages(Link link, DataKeys keys, InstantSource clock) {
    this.link = link;
    this.keys = keys;
    this.clock = clock;
  }

  /**
   * Sends one message, for example {@code {"kind":"note","text":"..."}}.
   *
   * @return whether a listener has it; an agent that does not listen misses it for good
   * @throws ChoirException {@code backbone_unavailable}, {@code message_too_large}
   */
  public boolean send(TenantId tenant, AgentId agent, ObjectNode message) {
    String subject = subject(agent);
    byte[] plain = Json.write(message).getBytes(StandardCharsets.UTF_8);
    String id = UUID.randomUUID().toString();
    byte[] body =
        Envelope.seal(keys, tenant, subject, id, clock.instant(), "control", plain).bytes();
    if (body.length > NatsConfiguration.MAX_PAYLOAD_BYTES / 2) {
      throw ChoirException.usage(
          "message_too_large",
          "the message for " + agent + " has " + plain.length + " bytes",
          "say it in less than " + NatsConfiguration.MAX_PAYLOAD_BYTES / 4 + " bytes");
    }
    // The listener drops a repetition by its id, so that a lost answer may be asked for again.
    return link.call(
        "send a message to " + agent,
        () -> {
          Message answer = link.connection().request(subject, body, link.tuning().attempt());
          return answer != null && !answer.isStatusMessage();
        });
  }

  /**
   * Delivers what is sent to this agent until closed, in order, on a thread of its own. At most
   * 1,000 messages wait; one beyond that is refused to its sender.
   */
  public StateStream.Subscription listen(AgentId agent, Consumer<ObjectNode> consumer) {
    Listener listener = new Listener(agent, consumer);
    Dispatcher shared = dispatcher();
    Subscription subscription =
        link.call("listen for " + agent, () -> shared.subscribe(subject(agent), listener::accept));
    link.call("listen for " + agent, () -> flushed());
    Thread.ofVirtual().name("control " + agent).start(listener::run);
    return () -> {
      listener.close();
      if (!link.isClosed() && subscription.isActive()) {
        shared.unsubscribe(subscription);
      }
    };
  }

  /** After this the server knows of the subscription. */
  private boolean flushed() throws IOException, InterruptedException {
    try {
      link.connection().flush(link.tuning().attempt());
      return true;
    } catch (TimeoutException e) {
      throw new IOException("no answer to a ping", e);
    }
  }

  private Dispatcher dispatcher() {
    creating.lock();
    try {
      Dispatcher shared = dispatcher;
      if (shared == null) {
        shared = link.connection().createDispatcher();
        dispatcher = shared;
      }
      return shared;
    } finally {
      creating.unlock();
    }
  }

  private static String subject(AgentId agent) {
    return NatsConfiguration.CONTROL_PREFIX + agent;
  }

  /** One agent's queue. */
  private final class Listener {
    private final AgentId agent;
    private final Consumer<ObjectNode> consumer;

    /** An empty one wakes the thread up, so that it sees the end. */
    private final BlockingQueue<Optional<ObjectNode>> waiting =
        new ArrayBlockingQueue<>(WAITING_MAX);

    private @Nullable String lastId;
    private volatile boolean closed;

    Listener(AgentId agent, Consumer<ObjectNode> consumer) {
      this.agent = agent;
      this.consumer = consumer;
    }

    /** On the dispatcher's one thread. */
    void accept(Message message) {
      try {
        Envelope envelope = Envelope.parse(message.getData());
        boolean taken =
            envelope.id().equals(lastId)
                || waiting.offer(Optional.of(content(envelope, message.getSubject())));
        if (!taken) {
          LOG.warn("a message for {} is refused: {} are waiting", agent, WAITING_MAX);
          return;
        }
        lastId = envelope.id();
        String reply = message.getReplyTo();
        if (reply != null) {
          link.connection().publish(reply, new byte[0]);
        }
      } catch (ChoirException e) {
        LOG.warn("a message for {} is dropped: {}", agent, e.failure().message(), e);
      }
    }

    private ObjectNode content(Envelope envelope, String subject) {
      byte[] plain = envelope.open(keys, subject);
      return Json.parseObject(new String(plain, StandardCharsets.UTF_8));
    }

    void close() {
      closed = true;
      // If there is no room, the thread is not waiting, and sees the end by itself.
      boolean woken = waiting.offer(Optional.empty());
      LOG.trace("listening for {} ends, woken: {}", agent, woken);
    }

    void run() {
      try {
        while (!closed && !link.isClosed()) {
          Optional<ObjectNode> message = waiting.take();
          if (message.isPresent() && !closed) {
            deliver(message.get());
          }
        }
      } catch (InterruptedException e) {
        LOG.debug("listening for {} ends", agent, e);
      }
    }

    private void deliver(ObjectNode message) {
      try {
        consumer.accept(message);
      } catch (RuntimeException e) {
        LOG.error("the receiver of a message for {} has failed", agent, e);
      }
    }
  }
}
