package org.choir.sandbox.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.choir.core.Json;
import org.choir.sandbox.HypervisorProcess;
import org.choir.sandbox.SandboxException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One process over its API: states after lost answers, and what a save leaves. */
class FirecrackerHypervisorTest {
  private final List<String> did = new ArrayList<>();
  private Path folder;
  private Path root;
  private FakeFirecracker server;
  private FirecrackerHypervisor vm;

  @BeforeEach
  void start() throws IOException {
    folder = Files.createTempDirectory(Path.of("/tmp"), "fh");
    root = Files.createDirectories(folder.resolve("firecracker/c1/root"));
    server = new FakeFirecracker("1.16.2", root.resolve("a.sock"), root, new Recorder(), () -> {});
    Jail jail =
        new Jail(new FirecrackerOptions(Path.of("firecracker"), Path.of("j"), folder), "c1", 1);
    vm =
        new FirecrackerHypervisor(
            jail, folder, HypervisorProcess.NONE, new FirecrackerClient(jail.api()), null);
  }

  @AfterEach
  void stop() throws IOException {
    vm.kill();
    server.close();
    assertThat(root).doesNotExist();
    Files.delete(folder.resolve("firecracker"));
    Files.delete(folder);
  }

  private final class Recorder implements FakeFirecracker.Monitor {
    @Override
    public void start(ObjectNode configuration) {}

    @Override
    public void pause() {
      did.add("pause");
    }

    @Override
    public void resume() {
      did.add("resume");
    }

    @Override
    public void save(Path state, Path memory, ObjectNode configuration) throws IOException {
      did.add("save");
      Files.writeString(state, "devices");
      Files.write(memory, new byte[200_000]);
    }

    @Override
    public ObjectNode load(Path state, Path memory) {
      return Json.object();
    }
  }

  private void run() {
    try (FirecrackerClient client = new FirecrackerClient(root.resolve("a.sock"))) {
      client.put(
          "/snapshot/load",
          Json.parseObject(
              "{\"snapshot_path\":\"/s\",\"resume_vm\":true,\"mem_backend\":{\"backend_type\":\"File\",\"backend_path\":\"/m\"}}"),
          Duration.ofSeconds(5));
    }
    did.clear();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> all = Files.list(root)) {
      return all.map(path -> path.getFileName().toString()).toList();
    }
  }

  @Test
  void nothingIsPausedBeforeItRuns() {
    assertThatThrownBy(vm::pause)
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("vmm_state"));
  }

  /** Case 28: a request whose answer is lost does not leave the state to a guess. */
  @Test
  void aPauseWhoseAnswerIsLostIsAskedForAndNoMachineStaysFrozen() {
    run();
    server.loseAnswerOf = "PATCH /vm";
    vm.pause();
    assertThat(vm.state()).isEqualTo("Paused");
    server.loseAnswerOf = "PATCH /vm";
    vm.unpause();
    assertThat(vm.state()).isEqualTo("Running");
    // Done once each: what has happened is not asked for again.
    assertThat(did).containsExactly("pause", "resume");
    vm.unpause();
    assertThat(did).hasSize(2);
  }

  /** Case 26. */
  @Test
  void aRunningMachineIsNotSaved() throws IOException {
    run();
    assertThatThrownBy(() -> vm.save(new ByteArrayOutputStream()))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("vmm_state"));
    assertThat(files()).containsExactly("a.sock");
  }

  /** Case 34: the disk is full while the state is written; the machine can go on. */
  @Test
  void aSaveThatCannotBeWrittenLeavesNoFileAndTheMachineGoesOn() throws IOException {
    run();
    vm.pause();
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    assertThatThrownBy(() -> vm.save(full)).isInstanceOf(IOException.class);
    assertThat(files()).as("a guest's memory in the clear").containsExactly("a.sock");
    vm.unpause();
    assertThat(did).containsExactly("pause", "save", "resume");
    vm.pause();
    vm.save(new ByteArrayOutputStream());
    assertThat(files()).containsExactly("a.sock");
  }
}
