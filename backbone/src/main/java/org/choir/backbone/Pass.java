package org.choir.backbone;

import io.nats.client.Connection;
import io.nats.client.ConsumeOptions;
import io.nats.client.IterableConsumer;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamStatusCheckedException;
import io.nats.client.Message;
import io.nats.client.OrderedConsumerContext;
import io.nats.client.api.DeliverPolicy;
import io.nats.client.api.OrderedConsumerConfiguration;
import io.nats.client.impl.NatsJetStreamMetaData;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One way through the messages of a subject in their order, from a sequence on. It pulls a bounded
 * batch ahead, so that a slow reader costs no memory. It ends with the connection it was made on;
 * whoever reads on makes another.
 */
final class Pass implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Pass.class);
  private static final int BATCH = 256;

  private final Link link;
  private final String stream;
  private final long connects;
  private final OrderedConsumerContext context;
  private final IterableConsumer messages;
  private @Nullable String consumer;
  private long delivered;

  Pass(Link link, String stream, String subject, long from)
      throws IOException, JetStreamApiException {
    this.link = link;
    this.stream = stream;
    this.connects = link.connects();
    OrderedConsumerConfiguration configuration =
        new OrderedConsumerConfiguration()
            .filterSubject(subject)
            .deliverPolicy(DeliverPolicy.ByStartSequence)
            .startSequence(Math.max(1, from));
    this.context = link.stream().getStreamContext(stream).createOrderedConsumer(configuration);
    this.messages = context.iterate(ConsumeOptions.builder().batchSize(BATCH).build());
  }

  /**
   * The next message, or null if there was none within the wait.
   *
   * @throws IOException if this pass has ended with its connection, or missed a message
   */
  @Nullable Message next(Duration wait) throws IOException, InterruptedException {
    try {
      Message message = messages.nextMessage(wait);
      if (message == null) {
        requireConnected();
      } else {
        requireNext(message.metaData());
      }
      return message;
    } catch (JetStreamStatusCheckedException e) {
      throw new IOException("the server has ended the delivery", e);
    }
  }

  private void requireConnected() throws IOException {
    if (link.connects() != connects
        || link.isClosed()
        || link.connection().getStatus() != Connection.Status.CONNECTED) {
      throw new IOException("the connection was lost");
    }
  }

  /**
   * The client library loses a message that arrives while the connection goes: asking for more
   * fails, and the message in its hand is dropped, after which it goes on with the next one. The
   * server's own count within one consumer shows that.
   */
  private void requireNext(NatsJetStreamMetaData data) throws IOException {
    String name = data.getConsumer();
    if (consumer == null) {
      consumer = name;
    }
    delivered++;
    if (!name.equals(consumer) || data.consumerSequence() != delivered) {
      throw new IOException("message " + delivered + " of the delivery was lost");
    }
  }

  @Override
  public void close() {
    try {
      messages.close();
      String name = context.getConsumerName();
      if (name != null && !link.isClosed()) {
        link.management().deleteConsumer(stream, name);
      }
    } catch (Exception e) {
      // The server forgets the consumer by itself after a while; nothing is lost but its memory.
      LOG.debug("a consumer of {} was not tidied up", stream, e);
    }
  }
}
