package org.choir.backbone;

import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.Nats;
import io.nats.client.PurgeOptions;
import io.nats.client.api.StreamInfo;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.keys.DataKeys;
import org.choir.keys.PrivateFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The NATS server as a supervised child process, and the one connection to it. Closing ends both.
 *
 * <p>What it promises: an acknowledged append survives the end of any process ({@code CRASH}) and
 * of the machine's power ({@code POWER}). It does not promise to survive a disk that loses or
 * changes what it has written: the hash chains show that, and a backup helps. A copy of the folder
 * is consistent if it was made after {@link #close}; put somewhere else, it starts there. A copy
 * has lost the attribute that {@code POWER} needs, and the start says so.
 */
public final class Backbone implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Backbone.class);

  private final Deque<AutoCloseable> open;
  private final Path folder;
  private final int port;
  private final NatsBinary binary;
  private final Credentials credentials;
  private final NatsServer server;
  private final Link link;
  private final Blobs blobs;
  private final StateStream state;
  private final FileStore files;
  private final ControlMessages control;
  private final PublicEvents events;

  /** How an append is acknowledged: once the operating system has it, or once the disk has it. */
  public enum Durability {
    CRASH,
    POWER
  }

  /**
   * What a start needs.
   *
   * @param folder owned by this backbone: configuration, credentials, JetStream store, log
   * @param port a loopback port, 0 for a free one
   */
  public record Options(Path folder, int port, Durability durability) {
    public Options {
      if (port < 0 || port > 65_535) {
        throw ChoirException.usage(
            "bad_port", port + " is not a port", "choose one from 1 to 65535, or 0 for a free one");
      }
    }
  }

  /**
   * How the backbone is.
   *
   * @param pid of nats-server
   * @param restarts how often nats-server was started again since {@link #start}
   * @param bytes on disk, of histories and files
   * @param messages in the histories
   */
  public record Status(
      long pid, int port, String version, int restarts, long bytes, long messages) {}

  private Backbone(
      Deque<AutoCloseable> open,
      Options options,
      Path folder,
      DataKeys keys,
      InstantSource clock,
      Tuning tuning)
      throws IOException {
    this.open = open;
    this.folder = folder;
    this.binary = NatsBinary.find(tuning.binaryFolders());
    PrivateFiles.folder(folder);
    open.push(lock(folder));
    Path configuration = folder.resolve("nats-server.conf");
    Orphans.end(configuration);
    StoreFolder.prepare(folder.resolve("store"), options.durability());
    this.credentials = Credentials.open(folder.resolve("credentials.json"));
    this.port = choosePort(options.port());
    boolean syncAlways = options.durability() == Durability.POWER && binary.hasSyncInterval();
    String text = NatsConfiguration.text(folder, port, credentials, syncAlways);
    PrivateFiles.write(configuration, text.getBytes(StandardCharsets.UTF_8));
    this.server = NatsServer.start(binary, configuration);
    open.push(server);
    int target = tuning.connectPort() == 0 ? port : tuning.connectPort();
    this.link = Link.connect(target, credentials.choir().signingIn(), tuning, folder, server);
    open.push(link);
    Streams.require(link, Streams.state(tuning.duplicateWindow()));
    Streams.require(link, Streams.files());
    Streams.require(link, Streams.events());
    this.events = new PublicEvents(link);
    this.blobs = new Blobs(link, keys);
    this.state = new StateStream(link, new StateMessage(keys, blobs), clock);
    this.files = new FileStore(blobs);
    this.control = new ControlMessages(link, keys, clock);
  }

  /**
   * Starts nats-server (restarting it whenever it dies, until closed) and creates or checks the
   * streams. A nats-server that a killed predecessor left behind is ended first.
   *
   * @throws ChoirException {@code no_nats_server}, {@code nats_version}, {@code port_in_use},
   *     {@code backbone_in_use}, {@code stream_settings}, {@code nats_failed}, {@code
   *     no_power_durability}, {@code store_not_synchronous}, {@code credentials_unsafe}, {@code
   *     credentials_damaged}, {@code backbone_folder}, {@code disk_full}, {@code
   *     backbone_unavailable}
   */
  public static Backbone start(Options options, DataKeys keys, InstantSource clock) {
    return start(options, keys, clock, Tuning.standard());
  }

  static Backbone start(Options options, DataKeys keys, InstantSource clock, Tuning tuning) {
    Path folder = options.folder().toAbsolutePath().normalize();
    Deque<AutoCloseable> open = new ArrayDeque<>();
    try {
      return new Backbone(open, options, folder, keys, clock, tuning);
    } catch (IOException e) {
      closeAll(open);
      throw ChoirException.fatal(
          "backbone_folder",
          "cannot use the folder " + folder + ": " + e.getMessage(),
          "check its owner, its permissions and the space on its disk",
          e);
    } catch (RuntimeException e) {
      closeAll(open);
      throw e;
    }
  }

  /** Held while this process lives, so that nobody takes its nats-server for an orphan. */
  private static FileChannel lock(Path folder) throws IOException {
    FileChannel channel =
        FileChannel.open(
            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean held = false;
    try {
      held = channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      LOG.debug("this process itself holds the lock of {}", folder, e);
    } finally {
      if (!held) {
        channel.close();
      }
    }
    if (!held) {
      throw ChoirException.fatal(
          "backbone_in_use",
          "another Choir process uses " + folder,
          "stop it (choir down), or give this one a CHOIR_HOME of its own");
    }
    return channel;
  }

  private static int choosePort(int asked) throws IOException {
    try (ServerSocket socket = new ServerSocket(asked, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      return socket.getLocalPort();
    } catch (BindException e) {
      throw ChoirException.fatal(
          "port_in_use",
          "port " + asked + " of 127.0.0.1 is in use by another program",
          "stop that program (ss -ltnp 'sport = :" + asked + "' names it), or set the port to 0",
          e);
    }
  }

  /** The histories of agents. */
  public StateStream state() {
    return state;
  }

  /** The artifacts. */
  public FileStore files() {
    return files;
  }

  /** Messages to running agents. */
  public ControlMessages control() {
    return control;
  }

  /** News that anybody may read, and services. */
  public PublicEvents events() {
    return events;
  }

  /**
   * Removes everything of one agent: its files, then its history. It is repeatable after a crash.
   * For the archiver and {@code choir rm}; the history goes under an identity that may do nothing
   * else, and the identity that appends cannot do it.
   */
  public void forget(AgentId agent) {
    files.forget(agent);
    blobs.names(StateMessage.spillFolder(agent)).forEach(blobs::delete);
    String subject = StateMessage.subject(agent);
    link.call("remove the history of " + agent, () -> purge(subject));
  }

  private boolean purge(String subject)
      throws IOException, JetStreamApiException, InterruptedException {
    try (Connection archiver =
        Nats.connect(
            Link.options(port, credentials.archiver().signingIn(), NatsConfiguration.ARCHIVER_INBOX)
                .noReconnect()
                .build())) {
      return archiver
          .jetStreamManagement()
          .purgeStream(NatsConfiguration.STATE, PurgeOptions.subject(subject))
          .isSuccess();
    }
  }

  /** How it is, asked of the running server. */
  public Status status() {
    return link.call(
        "tell its state",
        () -> {
          StreamInfo histories = link.management().getStreamInfo(NatsConfiguration.STATE);
          StreamInfo objects = link.management().getStreamInfo(NatsConfiguration.FILES);
          return new Status(
              pid(),
              port,
              binary.version().toString(),
              server.restarts(),
              histories.getStreamState().getByteCount() + objects.getStreamState().getByteCount(),
              histories.getStreamState().getMsgCount());
        });
  }

  /** The process id of nats-server; another one after a restart. */
  public long pid() {
    return server.pid();
  }

  /** The loopback port it listens on. */
  public int port() {
    return port;
  }

  /** Names folder and port. */
  @Override
  public String toString() {
    return "Backbone[" + folder + ", port " + port + "]";
  }

  /** Stops nats-server gracefully; repeatable. Calls that are under way fail. */
  @Override
  public void close() {
    closeAll(open);
  }

  private static void closeAll(Deque<AutoCloseable> open) {
    synchronized (open) {
      while (!open.isEmpty()) {
        AutoCloseable next = open.pop();
        try {
          next.close();
        } catch (Exception e) {
          LOG.warn("{} was not closed properly", next, e);
        }
      }
    }
  }
}
