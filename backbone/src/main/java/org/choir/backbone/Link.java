package org.choir.backbone;

import io.nats.client.AuthHandler;
import io.nats.client.Connection;
import io.nats.client.ConnectionListener;
import io.nats.client.Consumer;
import io.nats.client.ErrorListener;
import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.JetStreamOptions;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Nats;
import io.nats.client.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.choir.core.ChoirException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection to nats-server, and the rule for calls over it: what fails because the server
 * is away is tried again until a deadline, everything else is a typed failure at once. A call must
 * therefore be safe to repeat.
 */
final class Link implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Link.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(250);

  /** nats-server reads its whole store before it listens. */
  private static final Duration START = Duration.ofSeconds(60);

  /** Refused for so long while connected: JetStream is off, and only a new start brings it back. */
  private static final Duration REFUSED_LONG = Duration.ofSeconds(2);

  /** Silent for so long while connected: JetStream hangs, as 2.9.10 does after a full disk. */
  private static final Duration SILENT_LONG = Duration.ofSeconds(8);

  /** With less than this, nats-server is about to fail or has failed: it writes indexes too. */
  private static final long SPACE_BYTES_MIN = 1 << 20;

  /** JetStream errors that say the service, not the request, is wrong: ADR-7's numbers. */
  private static final Set<Integer> SERVICE_AWAY = Set.of(10008, 10039, 10074, 10076);

  private static final Set<Integer> OUT_OF_RESOURCES = Set.of(10023, 10047);
  private static final int STORE_FAILED = 10077;

  private final Tuning tuning;
  private final Path folder;
  private final NatsServer server;
  private final AtomicLong connects;
  private final Connection connection;
  private final JetStream stream;
  private final JetStreamManagement management;
  private volatile boolean closed;
  private volatile boolean wasFull;

  private Link(
      Tuning tuning, Path folder, NatsServer server, AtomicLong connects, Connection connection)
      throws IOException {
    this.tuning = tuning;
    this.folder = folder;
    this.server = server;
    this.connects = connects;
    this.connection = connection;
    JetStreamOptions options = JetStreamOptions.builder().requestTimeout(tuning.attempt()).build();
    this.stream = connection.jetStream(options);
    this.management = connection.jetStreamManagement(options);
  }

  /** Something asked of nats-server that may be asked again. */
  interface Call<T> {
    T run() throws IOException, JetStreamApiException, InterruptedException;
  }

  /** Connects, waiting for the server to come up, which takes as long as its store is large. */
  static Link connect(
      int port, AuthHandler identity, Tuning tuning, Path folder, NatsServer server) {
    AtomicLong connects = new AtomicLong();
    Options options =
        options(port, identity, NatsConfiguration.CHOIR_INBOX)
            .maxReconnects(-1)
            .connectionListener(listener(connects))
            .build();
    long end = System.nanoTime() + START.toNanos();
    while (true) {
      server.requireAlive();
      try {
        return new Link(tuning, folder, server, connects, Nats.connect(options));
      } catch (IOException e) {
        if (System.nanoTime() - end > 0) {
          throw unavailable("start", START, folder, e);
        }
        pause(FIRST_PAUSE);
      } catch (InterruptedException e) {
        throw Command.interrupted(e);
      }
    }
  }

  /** What every connection of ours has in common. */
  static Options.Builder options(int port, AuthHandler identity, String inbox) {
    return Options.builder()
        .server("nats://127.0.0.1:" + port)
        .authHandler(identity)
        .connectionName("choir")
        .inboxPrefix(inbox)
        .maxControlLine(NatsConfiguration.MAX_CONTROL_LINE_BYTES)
        .connectionTimeout(Duration.ofSeconds(2))
        .reconnectWait(Duration.ofMillis(50))
        .reconnectJitter(Duration.ofMillis(20))
        .pingInterval(Duration.ofSeconds(5))
        // A request made while the server is away fails at once and is repeated by the rule above;
        // kept in a buffer it would arrive after its caller has given up.
        .reconnectBufferSize(0)
        .errorListener(new Errors());
  }

  @SuppressWarnings("deprecation") // the one abstract method of the interface
  private static ConnectionListener listener(AtomicLong connects) {
    return (connection, event) -> {
      LOG.debug("connection to nats-server: {}", event);
      if (event == ConnectionListener.Events.CONNECTED
          || event == ConnectionListener.Events.RECONNECTED) {
        connects.incrementAndGet();
      }
    };
  }

  /**
   * Runs a call, again and again while the server is away.
   *
   * @param what is being done, for the message: an infinitive
   * @throws ChoirException {@code backbone_unavailable} (retryable) after the deadline, {@code
   *     disk_full}, {@code backbone_closed}, {@code backbone_refused}
   */
  <T> T call(String what, Call<T> call) {
    long begin = System.nanoTime();
    long uselessSince = begin;
    Duration pause = FIRST_PAUSE;
    while (true) {
      requireOpen();
      Exception cause;
      long attempt = System.nanoTime();
      try {
        return call.run();
      } catch (JetStreamApiException e) {
        requireService(what, e);
        cause = e;
      } catch (IOException | IllegalStateException e) {
        // No answer, no connection, or one that was lost in between.
        cause = e;
      } catch (InterruptedException e) {
        throw Command.interrupted(e);
      }
      requireOpen();
      requireSpace(cause);
      long now = System.nanoTime();
      boolean connected = connection.getStatus() == Connection.Status.CONNECTED;
      boolean quick = now - attempt < tuning.attempt().toNanos() / 2;
      uselessSince = !connected ? now : uselessSince;
      Duration patience = wasFull ? Duration.ZERO : quick ? REFUSED_LONG : SILENT_LONG;
      if (connected && now - uselessSince > patience.toNanos()) {
        server.recycle("it does not " + what + ": " + cause.getMessage());
        uselessSince = now;
        wasFull = false;
      }
      if (now - begin > tuning.deadline().toNanos()) {
        throw unavailable(what, tuning.deadline(), folder, cause);
      }
      LOG.debug("again: {}", what, cause);
      pause(pause);
      Duration twice = pause.multipliedBy(2);
      pause = twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
    }
  }

  private void requireService(String what, JetStreamApiException e) {
    int code = e.getApiErrorCode();
    String text = String.valueOf(e.getErrorDescription()).toLowerCase(Locale.ROOT);
    if (OUT_OF_RESOURCES.contains(code)
        || (code == STORE_FAILED && (text.contains("no space") || text.contains("quota")))) {
      throw diskFull(e);
    }
    if (!SERVICE_AWAY.contains(code) && e.getErrorCode() != 503) {
      throw ChoirException.fatal(
          "backbone_refused",
          "the NATS server refuses to " + what + ": " + e.getMessage(),
          "its log is " + folder.resolve("nats-server.log"),
          e);
    }
  }

  private void requireSpace(Exception cause) {
    try {
      if (Files.getFileStore(folder).getUsableSpace() < SPACE_BYTES_MIN) {
        throw diskFull(cause);
      }
    } catch (IOException e) {
      LOG.debug("the space left for {} is unknown", folder, e);
    }
  }

  private ChoirException diskFull(Exception cause) {
    // nats-server has switched JetStream off now, and it stays off when there is space again.
    wasFull = true;
    return ChoirException.fatal(
        "disk_full",
        "there is no space left on the disk of " + folder,
        "free some, then go on with: choir resume RUN",
        cause);
  }

  private void requireOpen() {
    if (closed) {
      throw ChoirException.fatal(
          "backbone_closed", "Choir is shutting down", "start it again: choir up");
    }
  }

  private static ChoirException unavailable(
      String what, Duration deadline, Path folder, @Nullable Throwable cause) {
    return ChoirException.retryable(
        "backbone_unavailable",
        "the NATS server did not " + what + " within " + deadline.toSeconds() + " s",
        "look at " + folder.resolve("nats-server.log") + ", then try again",
        cause);
  }

  static void pause(Duration duration) {
    try {
      Thread.sleep(duration);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  Connection connection() {
    return connection;
  }

  JetStream stream() {
    return stream;
  }

  JetStreamManagement management() {
    return management;
  }

  Tuning tuning() {
    return tuning;
  }

  boolean isClosed() {
    return closed;
  }

  /** How often a connection was made; a change means that consumers on the server may be gone. */
  long connects() {
    return connects.get();
  }

  @Override
  public void close() {
    closed = true;
    try {
      connection.close();
    } catch (InterruptedException e) {
      LOG.debug("no time left to close the connection gracefully", e);
      Thread.currentThread().interrupt();
    }
  }

  /** What the client library reports outside a call goes to the log. */
  private static final class Errors implements ErrorListener {
    @Override
    public void errorOccurred(Connection connection, String error) {
      LOG.warn("nats-server reports: {}", error);
    }

    @Override
    public void exceptionOccurred(Connection connection, Exception e) {
      // Each lost connection and each failed attempt to connect again: the calls report it.
      LOG.debug("on the connection to nats-server", e);
    }

    @Override
    public void slowConsumerDetected(Connection connection, Consumer consumer) {
      LOG.warn("messages of nats-server were dropped: a reader is too slow");
    }

    @Override
    public void heartbeatAlarm(
        Connection connection,
        JetStreamSubscription subscription,
        long lastStreamSequence,
        long lastConsumerSequence) {
      LOG.debug("no heartbeat from nats-server since message {}", lastStreamSequence);
    }
  }
}
