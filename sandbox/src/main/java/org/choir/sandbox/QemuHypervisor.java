package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.choir.core.Json;

/** One QEMU process, steered over its control socket. */
final class QemuHypervisor implements Hypervisor {
  /** Changes of the machine's state are answered at once; on a busy host at once takes its time. */
  private static final Duration CONTROL = Duration.ofSeconds(20);

  /** Moving a guest's memory; 64 GiB at 200 MB/s take 330 s. */
  private static final Duration TRANSFER = Duration.ofMinutes(10);

  private static final long POLL_MILLIS = 2;
  private static final int COPY_BYTES = 1 << 20;

  private final Path folder;
  private final HypervisorProcess process;
  private boolean fresh;

  /**
   * @param fresh whether nobody has spoken with the guest yet
   */
  QemuHypervisor(Path folder, HypervisorProcess process, boolean fresh) {
    this.folder = folder;
    this.process = process;
    this.fresh = fresh;
  }

  static Path agentSocket(Path folder) {
    return RuntimeFolder.socket(folder, "agent");
  }

  static Path controlSocket(Path folder) {
    return RuntimeFolder.socket(folder, "qmp");
  }

  @Override
  public HypervisorProcess process() {
    return process;
  }

  @Override
  public Pipe connect(Duration patience) throws IOException {
    boolean first = fresh;
    fresh = false;
    return new Pipe(dial(agentSocket(folder), patience), first);
  }

  /** Connects as soon as the process listens there. */
  private SocketChannel dial(Path socket, Duration patience) throws IOException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      try {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
      } catch (IOException e) {
        if (!process.alive() || System.nanoTime() > deadline) {
          throw e;
        }
        process.ended(Duration.ofMillis(POLL_MILLIS)); // cut short when the process ends
      }
    }
  }

  private Qmp control(Duration patience) throws IOException {
    dial(controlSocket(folder), CONTROL).close(); // waits until it listens
    return Qmp.connect(controlSocket(folder), patience);
  }

  @Override
  public void pause() {
    command("stop");
  }

  @Override
  public void unpause() {
    command("cont");
  }

  private void command(String name) {
    try (Qmp qmp = control(CONTROL)) {
      qmp.ask(name);
    } catch (IOException e) {
      throw SandboxException.passing(
          "hypervisor_unresponsive",
          "QEMU process %d did not %s: %s".formatted(process.pid(), name, e.getMessage()),
          "its VM is stopped; the next call gets a new one",
          e);
    }
  }

  @Override
  public void save(OutputStream out) throws IOException {
    save(out, false);
  }

  @Override
  public void saveTemplate(Path target) throws IOException {
    Files.createDirectories(target);
    try (OutputStream out = Files.newOutputStream(target.resolve(QemuDriver.TEMPLATE_STATE))) {
      save(out, true);
    }
    Files.move(
        folder.resolve(QemuDriver.TEMPLATE_MEMORY),
        target.resolve(QemuDriver.TEMPLATE_MEMORY),
        StandardCopyOption.ATOMIC_MOVE);
  }

  /** QEMU connects to a socket of ours and writes its state there. */
  private void save(OutputStream out, boolean memoryStays) throws IOException {
    Path socket = Launch.saving(folder);
    Files.deleteIfExists(socket);
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        Qmp qmp = control(TRANSFER)) {
      server.bind(UnixDomainSocketAddress.of(socket), 1);
      Launch.admit(folder, socket);
      prepare(qmp, memoryStays);
      CompletableFuture<Void> copied = new CompletableFuture<>();
      Thread copier = Thread.ofVirtual().start(() -> receive(server, out, copied));
      try {
        qmp.ask("migrate", Json.object().put("uri", "unix:" + Launch.SAVING));
        // Not «completed» alone: it is that only once all has been taken at this end.
        await(qmp, copied);
        copied.get(TRANSFER.toSeconds(), TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("the saving was interrupted", e);
      } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
        throw e.getCause() instanceof IOException io
            ? new IOException(io.getMessage(), io)
            : new IOException(e);
      } finally {
        server.close(); // ends the copier too, if QEMU never came
        copier.interrupt();
        cancel(qmp, copied);
      }
    } finally {
      Files.deleteIfExists(socket);
    }
  }

  private static void receive(
      ServerSocketChannel server, OutputStream out, CompletableFuture<Void> copied) {
    try (SocketChannel from = server.accept();
        InputStream in = Channels.newInputStream(from)) {
      byte[] chunk = new byte[COPY_BYTES];
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        out.write(chunk, 0, n);
      }
      copied.complete(null);
    } catch (IOException | RuntimeException e) {
      copied.completeExceptionally(e);
    }
  }

  /** After a failure QEMU must not go on with it: the machine is to run again. */
  private static void cancel(Qmp qmp, CompletableFuture<Void> copied) throws IOException {
    if (copied.isCompletedExceptionally() || !copied.isDone()) {
      qmp.ask("migrate_cancel");
    }
  }

  private static void prepare(Qmp qmp, boolean memoryStays) throws IOException {
    ObjectNode capabilities = Json.object();
    capabilities
        .putArray("capabilities")
        .addObject()
        .put("capability", "x-ignore-shared")
        .put("state", memoryStays);
    qmp.ask("migrate-set-capabilities", capabilities);
    // The default spares a network; here both ends are this machine.
    qmp.ask("migrate-set-parameters", Json.object().put("max-bandwidth", 1L << 40));
  }

  private void await(Qmp qmp, CompletableFuture<Void> copied) throws IOException {
    while (true) {
      JsonNode said = qmp.ask("query-migrate");
      String status = said.path("status").asText("none");
      switch (status) {
        case "completed" -> {
          return;
        }
        case "failed", "cancelled" -> {
          if (copied.isCompletedExceptionally()) {
            return; // the failure of this end is the cause
          }
          throw new IOException("QEMU says " + status + ": " + said.path("error-desc").asText());
        }
        default -> {
          if (copied.isCompletedExceptionally()) {
            return;
          }
          if (process.ended(Duration.ofMillis(POLL_MILLIS))) {
            throw new IOException("QEMU ended: " + complaint());
          }
        }
      }
    }
  }

  /** Loads a state into a process that was started to wait for one. */
  void load(InputStream state, boolean memoryStays) throws IOException {
    Path socket = Launch.loading(folder);
    try (Qmp qmp = control(TRANSFER)) {
      prepare(qmp, memoryStays);
      qmp.ask("migrate-incoming", Json.object().put("uri", "unix:" + Launch.LOADING));
      try (SocketChannel to = dial(socket, CONTROL);
          OutputStream out = Channels.newOutputStream(to)) {
        byte[] chunk = new byte[COPY_BYTES];
        for (int n = state.read(chunk); n >= 0; n = state.read(chunk)) {
          out.write(chunk, 0, n);
        }
      }
      while (qmp.ask("query-status").path("status").asText().equals("inmigrate")) {
        if (process.ended(Duration.ofMillis(POLL_MILLIS))) {
          throw new IOException("QEMU ended: " + complaint());
        }
      }
    } finally {
      Files.deleteIfExists(socket);
    }
  }

  @Override
  public void kill() {
    process.kill();
    QemuDriver.removeSockets(folder);
    Launch.release(folder);
  }

  @Override
  public String complaint() {
    Launch.settle(process);
    return QemuDriver.complaint(folder);
  }
}
