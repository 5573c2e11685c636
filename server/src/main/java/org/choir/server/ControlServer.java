package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import jdk.net.ExtendedSocketOptions;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;

/**
 * The control socket: accepts clients of the same system user, reads requests {@code {id, command,
 * arguments, user}}, and answers each on a thread of its own with any number of {@code {id, event}}
 * and one {@code {id, result}} or {@code {id, error}}. While a request is worked on, {@code {id,
 * alive}} tells the client that the server lives. A client that leaves interrupts its requests.
 */
public final class ControlServer implements AutoCloseable {
  /** Clients at once; one more is told to come back later. */
  static final int CLIENTS_MAX = 128;

  /** Requests of one client that are worked on at once. */
  static final int REQUESTS_MAX = 16;

  /** How often a client hears that its request is still worked on. */
  static final Duration ALIVE_EVERY = Duration.ofSeconds(5);

  /** How long a client may leave what it asked for unread before it is dropped. */
  private static final Duration WRITE_MAX = Duration.ofSeconds(60);

  /** How long requests may take to end when the server does. */
  private static final Duration DRAIN_MAX = Duration.ofMillis(500);

  private static final System.Logger LOG = System.getLogger(ControlServer.class.getName());

  private final Path path;
  private final ServerSocketChannel listener;
  private final UserPrincipal owner;
  private final Map<String, Request.Handler> handlers;
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();
  private final AtomicLong lastLeftNanos = new AtomicLong(System.nanoTime());
  private final AtomicInteger working = new AtomicInteger();
  private final Semaphore room = new Semaphore(CLIENTS_MAX);
  private volatile boolean closed;

  private ControlServer(
      Path path,
      ServerSocketChannel listener,
      UserPrincipal owner,
      Map<String, Request.Handler> handlers) {
    this.path = path;
    this.listener = listener;
    this.owner = owner;
    this.handlers = Map.copyOf(handlers);
  }

  /**
   * Listens. The caller holds the home's lock, so a socket that lies there already belongs to a
   * process that is gone, and is replaced.
   */
  public static ControlServer open(Path path, Map<String, Request.Handler> handlers) {
    try {
      Files.deleteIfExists(path);
      ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listener.bind(UnixDomainSocketAddress.of(path), 64);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      ControlServer server = new ControlServer(path, listener, Files.getOwner(path), handlers);
      Thread.ofVirtual().name("control-accept").start(server::accept);
      return server;
    } catch (IOException e) {
      throw ChoirException.fatal(
          "socket", "cannot listen at " + path + ": " + e.getMessage(), "check its folder", e);
    }
  }

  /** Clients that are connected now. */
  public int clients() {
    return clients.size();
  }

  /** How long no client has been here; zero while one is. */
  public Duration idle() {
    return clients.isEmpty()
        ? Duration.ofNanos(System.nanoTime() - lastLeftNanos.get())
        : Duration.ZERO;
  }

  private void accept() {
    while (!closed) {
      try {
        SocketChannel channel = listener.accept();
        Client client = new Client(channel);
        clients.add(client);
        Thread.ofVirtual().name("control-client").start(client::serve);
      } catch (IOException e) {
        if (!closed) {
          LOG.log(Level.WARNING, "accepting a client failed", e);
        }
      }
    }
  }

  /** Takes no more clients; those that are here are still answered. */
  public void stopListening() {
    closed = true;
    try {
      listener.close();
      Files.deleteIfExists(path);
    } catch (IOException e) {
      LOG.log(Level.WARNING, "closing the control socket failed", e);
    }
  }

  /** Stops listening, lets requests end that are about to, and drops every client. */
  @Override
  public void close() {
    stopListening();
    try {
      long deadline = System.nanoTime() + DRAIN_MAX.toNanos();
      while (working.get() > 0 && System.nanoTime() < deadline) {
        Thread.sleep(5);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    clients.forEach(Client::close);
  }

  private final class Client {
    private final SocketChannel channel;
    private final Wire wire;
    private final Set<Thread> workers = ConcurrentHashMap.newKeySet();
    private final Semaphore slots = new Semaphore(REQUESTS_MAX);

    Client(SocketChannel channel) {
      this.channel = channel;
      this.wire = new Wire(channel, Wire.LINE_BYTES_MAX);
    }

    void serve() {
      boolean admitted = room.tryAcquire();
      try {
        if (!admitted) {
          reject(-1, "server_busy", "too many clients at once (" + CLIENTS_MAX + ")");
          return;
        }
        UserPrincipal peer = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
        if (!peer.equals(owner)) {
          reject(-1, "wrong_user", "this server belongs to " + owner + ", not to " + peer);
          return;
        }
        for (Optional<ObjectNode> line = wire.read(); line.isPresent(); line = wire.read()) {
          begin(line.get());
        }
      } catch (ChoirException e) {
        reject(-1, e.code(), e.failure().message());
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "a client's connection broke", e);
      } finally {
        if (admitted) {
          room.release();
        }
        workers.forEach(Thread::interrupt);
        close();
        lastLeftNanos.set(System.nanoTime());
        clients.remove(this);
      }
    }

    private void begin(ObjectNode line) {
      long id = line.path("id").asLong(-1);
      if (!slots.tryAcquire()) {
        reject(id, "server_busy", "too many requests at once (" + REQUESTS_MAX + ")");
        return;
      }
      working.incrementAndGet();
      Thread.ofVirtual()
          .name("control-request")
          .start(
              () -> {
                workers.add(Thread.currentThread());
                Thread pulse = Thread.ofVirtual().name("control-pulse").start(() -> pulse(id));
                try {
                  ObjectNode reply = answer(id, line);
                  pulse.interrupt();
                  send(reply.put("id", id));
                } catch (ClientGone e) {
                  LOG.log(Level.DEBUG, "a client left before its answer", e);
                } finally {
                  pulse.interrupt();
                  workers.remove(Thread.currentThread());
                  working.decrementAndGet();
                  slots.release();
                }
              });
    }

    private ObjectNode answer(long id, ObjectNode line) {
      try {
        String command = line.path("command").asText();
        Request.Handler handler = handlers.get(command);
        if (handler == null) {
          throw ChoirException.usage(
              "unknown_command", "the server does not know '" + command + "'", "");
        }
        ObjectNode arguments =
            line.get("arguments") instanceof ObjectNode object ? object : Json.object();
        TenantId user = new TenantId(line.path("user").asText(TenantId.LOCAL.value()));
        ObjectNode result =
            handler.handle(
                new Request(command, user, arguments),
                event -> send(Json.object().put("id", id).set("event", event)));
        return Json.object().set("result", result);
      } catch (ChoirException e) {
        return Json.object().set("error", Wire.failure(e.failure()));
      } catch (InterruptedException | ClientGone e) {
        Thread.currentThread().interrupt();
        return error("interrupted", "the request was given up", "");
      } catch (RuntimeException e) {
        // A fault of this program: the client gets a name to search the log for.
        String mark = Long.toHexString(System.nanoTime());
        LOG.log(Level.ERROR, "request failed (" + mark + ")", e);
        return error(
            "internal",
            "the server failed: " + e.getClass().getSimpleName(),
            "look for " + mark + " in logs/server.0.log and report it");
      }
    }

    private ObjectNode error(String code, String message, String remedy) {
      return Json.object()
          .set("error", Wire.failure(new Failure(code, message, remedy, ExitStatus.FAILED, false)));
    }

    private void pulse(long id) {
      try {
        while (true) {
          Thread.sleep(ALIVE_EVERY);
          send(Json.object().put("id", id).put("alive", true));
        }
      } catch (InterruptedException | ClientGone e) {
        Thread.currentThread().interrupt();
      }
    }

    private void reject(long id, String code, String message) {
      try {
        send(error(code, message, "").put("id", id));
      } catch (ClientGone e) {
        LOG.log(Level.DEBUG, "a rejected client had gone");
      }
    }

    /** Writes within a deadline: a client that does not read is dropped. */
    private void send(ObjectNode object) {
      Thread guard =
          Thread.ofVirtual()
              .unstarted(
                  () -> {
                    try {
                      Thread.sleep(WRITE_MAX);
                      LOG.log(Level.WARNING, "dropped a client that does not read");
                      close();
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  });
      guard.start();
      try {
        wire.write(object);
      } catch (IOException e) {
        throw new ClientGone(e);
      } finally {
        guard.interrupt();
      }
    }

    private void close() {
      try {
        wire.close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "closing a client", e);
      }
    }
  }

  /** The client left while it was written to; ends the request, not the work it asked for. */
  private static final class ClientGone extends UncheckedIOException {
    ClientGone(@Nullable IOException cause) {
      super(cause == null ? new IOException("gone") : cause);
    }
  }
}
