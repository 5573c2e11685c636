package org.choir.sandbox.firecracker;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.Hypervisor;
import org.choir.sandbox.HypervisorProcess;
import org.choir.sandbox.SandboxException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One Firecracker process in its jail, steered over its API. */
final class FirecrackerHypervisor implements Hypervisor {
  static final String STATE = "s.vmstate";
  static final String MEMORY = "s.mem";

  private static final Logger LOG = LoggerFactory.getLogger(FirecrackerHypervisor.class);

  /** Every change but moving memory is answered at once; on a busy host that takes its time. */
  static final Duration CONTROL = Duration.ofSeconds(20);

  /** Moving a guest's memory; 64 GiB at 200 MB/s take 330 s. */
  static final Duration TRANSFER = Duration.ofMinutes(10);

  private static final int TAIL_BYTES = 500;

  private final Jail jail;
  private final Path folder;
  private final HypervisorProcess process;
  private final FirecrackerClient api;
  private @Nullable ServerSocketChannel listener;

  /**
   * @param listener where the guest will dial; null if somebody was connected before, and another
   *     is to be opened
   */
  FirecrackerHypervisor(
      Jail jail,
      Path folder,
      HypervisorProcess process,
      FirecrackerClient api,
      @Nullable ServerSocketChannel listener) {
    this.jail = jail;
    this.folder = folder;
    this.process = process;
    this.api = api;
    this.listener = listener;
  }

  static Path agentSocket(Jail jail) {
    return HybridVsock.listener(jail.vsock(), Jail.AGENT_PORT);
  }

  @Override
  public HypervisorProcess process() {
    return process;
  }

  /** The guest dials, and begins with its hello each time. */
  @Override
  public synchronized Pipe connect(Duration patience) throws IOException {
    Path file = agentSocket(jail);
    ServerSocketChannel open = listener == null ? HybridVsock.listen(file, jail.uid()) : listener;
    listener = null;
    return new Pipe(HybridVsock.accept(open, file, patience), true);
  }

  @Override
  public void pause() {
    reach("Paused", "Paused");
  }

  @Override
  public void unpause() {
    reach("Resumed", "Running");
  }

  /**
   * Brings the machine into a state. A request whose answer is lost leaves that unknown, so it is
   * asked for: a machine is never left frozen, nor taken for frozen, by a guess.
   */
  private void reach(String order, String state) {
    for (int attempt = 0; !state().equals(state); attempt++) {
      try {
        api.patch("/vm", Json.object().put("state", order), CONTROL);
        return;
      } catch (SandboxException e) {
        if (!e.code().equals("vmm_unreachable") || attempt > 0) {
          throw e;
        }
        LOG.warn("{}; asking what became of it", e.getMessage());
      }
    }
  }

  /** {@code Not started}, {@code Running} or {@code Paused}. */
  String state() {
    return api.get("/", CONTROL).path("state").asText();
  }

  @Override
  public void save(OutputStream out) throws IOException {
    try {
      create();
      SavedState.write(jail.root().resolve(STATE), jail.root().resolve(MEMORY), out);
    } finally {
      dropFiles(jail);
    }
  }

  @Override
  public void saveTemplate(Path target) throws IOException {
    Files.createDirectories(target);
    try {
      create();
      new SharedState(target).take(jail.root());
    } finally {
      dropFiles(jail);
    }
  }

  private void create() {
    api.put(
        "/snapshot/create",
        Json.object()
            .put("snapshot_type", "Full")
            .put("snapshot_path", "/" + STATE)
            .put("mem_file_path", "/" + MEMORY),
        TRANSFER);
  }

  /** Loads what lies in the jail; the machine is paused then. */
  void load() throws IOException {
    ObjectNode order =
        Json.object()
            .put("snapshot_path", "/" + STATE)
            .put("track_dirty_pages", false)
            .put("resume_vm", false);
    order.putObject("mem_backend").put("backend_type", "File").put("backend_path", "/" + MEMORY);
    try {
      api.put("/snapshot/load", order, TRANSFER);
    } catch (SandboxException e) {
      throw new IOException(e.getMessage(), e);
    }
    // It keeps the memory mapped; the names are not needed any more.
    dropFiles(jail);
  }

  static void dropFiles(Jail jail) throws IOException {
    Files.deleteIfExists(jail.root().resolve(STATE));
    Files.deleteIfExists(jail.root().resolve(MEMORY));
  }

  @Override
  public void kill() {
    process.kill();
    api.close();
    closeListener();
    jail.clean();
  }

  private synchronized void closeListener() {
    try {
      if (listener != null) {
        listener.close();
        listener = null;
      }
    } catch (IOException e) {
      throw SandboxException.lasting(
          "cannot_clean", "cannot close " + agentSocket(jail) + ": " + e.getMessage(), "", e);
    }
  }

  @Override
  public String complaint() {
    return complaint(jail, folder);
  }

  static String complaint(Jail jail, Path folder) {
    String log = tail(jail.root().resolve("log"));
    String printed = tail(folder.resolve("jailer.log"));
    Optional<FcExit> end = FcExit.of(log);
    String text =
        end.map(e -> "%s (%d); ".formatted(e.word(), e.code())).orElse("") + log + printed;
    return text.isBlank() ? "it printed nothing" : Text.visible(text.strip(), 600);
  }

  private static String tail(Path file) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      int from = Math.max(0, bytes.length - TAIL_BYTES);
      return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return ""; // never written
    }
  }
}
