package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots and templates that are not what they should be. */
class DamageTest {
  @TempDir Path folder;
  private Sandboxes room;
  private Vm vm;

  @BeforeEach
  void suspended() {
    room = TestImage.open(TestImage.options(folder), InstantSource.system());
    vm = room.obtain("vm");
    Shell.run(vm, "echo kept > /workspace/f; echo kept > /tmp/m");
    room.suspend("vm");
  }

  @AfterEach
  void end() {
    room.list().forEach(info -> room.destroy(info.id()));
    room.close();
    assertThat(HypervisorProcess.withArgument(folder + "/vm-")).isEmpty();
  }

  private Path snapshot() throws Exception {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(p -> p.getFileName().toString().startsWith("snapshot-"))
          .findFirst()
          .orElseThrow();
    }
  }

  private void manifest(Consumer<ObjectNode> change) throws Exception {
    Path file = snapshot().resolve(Snapshot.MANIFEST);
    ObjectNode json = Json.parseObject(Files.readString(file));
    change.accept(json);
    Files.writeString(file, Json.pretty(json));
  }

  private void bootsAgainWithItsDisk(String reason) {
    VmState.Running running = room.resume("vm");
    assertThat(running.notice()).contains("booted again").contains(reason);
    assertThat(Shell.run(vm, "cat /workspace/f; cat /tmp/m").out()).isEqualTo("kept\n");
  }

  @Test
  void aSnapshotOfAnotherHypervisorVersionIsRefusedBeforeLaunchAndItsDiskBooted() throws Exception {
    manifest(json -> json.withObjectProperty("fit").put("version", "6.0.0"));
    bootsAgainWithItsDisk("version was 6.0.0");
    // Nothing was launched in vain, and the next snapshot is a good one again.
    room.suspend("vm");
    assertThat(room.resume("vm").notice()).isEmpty();
  }

  @Test
  void aTruncatedMemoryIsRefusedBeforeLaunch() throws Exception {
    Path memory = snapshot().resolve(Snapshot.MEMORY);
    try (FileChannel file = FileChannel.open(memory, StandardOpenOption.WRITE)) {
      file.truncate(file.size() / 2);
    }
    bootsAgainWithItsDisk(" bytes");
  }

  @Test
  void anEmptyMemoryIsRefusedBeforeLaunch() throws Exception {
    Files.write(snapshot().resolve(Snapshot.MEMORY), new byte[0]);
    bootsAgainWithItsDisk("has 0 of");
  }

  @Test
  void aChangedMemoryIsNoticedWhileItIsLoadedAndNeverRuns() throws Exception {
    try (RandomAccessFile file =
        new RandomAccessFile(snapshot().resolve(Snapshot.MEMORY).toFile(), "rw")) {
      file.seek(file.length() / 2);
      int old = file.read();
      file.seek(file.length() / 2);
      file.write(old ^ 1);
    }
    bootsAgainWithItsDisk("not authentic");
  }

  @Test
  void anothersSnapshotInItsPlaceDoesNotOpen() throws Exception {
    Path mine = snapshot();
    Vm other = room.obtain("other");
    Shell.run(other, "echo hers > /workspace/f");
    room.suspend("other");
    try (Stream<Path> all = Files.walk(folder)) {
      Path hers =
          all.filter(p -> p.endsWith("snapshot-1") && !p.equals(mine)).findFirst().orElseThrow();
      for (String part : List.of(Snapshot.MEMORY, Snapshot.OVERLAY, Snapshot.MANIFEST)) {
        Files.copy(hers.resolve(part), mine.resolve(part), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    assertThatThrownBy(() -> room.resume("vm"))
        .satisfies(e -> assertThat(SuspendTest.code(e)).isEqualTo("snapshot_damaged"));
    assertThat(room.list()).allSatisfy(info -> assertThat(info.state()).isEqualTo("suspended"));
  }

  @Test
  void aRepeatedGenerationIsRefusedByTheGuestAndItsMachineKilled() throws Exception {
    // A journal that was put back: the agent has had this number before.
    room.close();
    Path journal = snapshot().resolveSibling(Journal.FILE);
    ObjectNode json = Json.parseObject(Files.readString(journal));
    Files.writeString(journal, Json.pretty(json.put("generation", 1)));
    room = TestImage.open(TestImage.options(folder), InstantSource.system());
    room.recover();
    assertThatThrownBy(() -> room.resume("vm"))
        .satisfies(e -> assertThat(SuspendTest.code(e)).isEqualTo("restore_failed"))
        .hasMessageContaining("generation 2 after 2");
    assertThat(room.list()).singleElement().extracting(VmInfo::state).isEqualTo("suspended");
    assertThat(HypervisorProcess.withArgument(folder + "/vm-")).isEmpty();
    // The number that failed is used up; the next one is new to the guest.
    vm = room.find("vm").orElseThrow();
    assertThat(Shell.run(vm, "cat /workspace/f /tmp/m").out()).isEqualTo("kept\nkept\n");
  }

  @Test
  void aTemplateThatWasChangedIsNoticedAndMadeAnew() throws Exception {
    Path templates = folder.resolve("own-templates");
    Sandboxes.Options options = TestImage.options(folder.resolve("own")).withTemplates(templates);
    try (Sandboxes own = TestImage.open(options, InstantSource.system())) {
      own.obtain("one").close();
      Path memory = templates.resolve(template(templates)).resolve(QemuDriver.TEMPLATE_MEMORY);
      FileTime made = Files.getLastModifiedTime(memory);
      own.obtain("two").close();
      assertThat(Files.getLastModifiedTime(memory)).isEqualTo(made);
      try (RandomAccessFile file = new RandomAccessFile(memory.toFile(), "rw")) {
        file.seek(4096);
        file.write(1);
      }
      FileTime damaged = Files.getLastModifiedTime(memory);
      Vm three = own.obtain("three");
      assertThat(Shell.run(three, "echo fine").out()).isEqualTo("fine\n");
      assertThat(Files.getLastModifiedTime(memory)).isGreaterThan(damaged);
      three.close();
    }
  }

  @Test
  void aTemplateThatIsBeingMadeEndsWithItsServer() throws Exception {
    Path templates = folder.resolve("cut-templates");
    Sandboxes.Options options = TestImage.options(folder.resolve("cut")).withTemplates(templates);
    Sandboxes cut = TestImage.open(options, InstantSource.system());
    CompletableFuture<Void> asked =
        CompletableFuture.runAsync(() -> cut.obtain("never"), Thread::startVirtualThread);
    String making = templates.resolve("making-").toString();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> !HypervisorProcess.withArgument(making).isEmpty());
    cut.close();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> HypervisorProcess.withArgument(making).isEmpty());
    assertThat(asked).failsWithin(Duration.ofSeconds(60));
    assertThat(HypervisorProcess.withArgument(folder.resolve("cut").toString())).isEmpty();
  }

  @Test
  void whatADeadServerLeftOfATemplateIsRemovedByTheNext() throws Exception {
    Path templates = folder.resolve("left-templates");
    Path left = Files.createDirectories(templates.resolve("making-1"));
    Path disk = Files.writeString(left.resolve("overlay.img"), "half of it");
    // Whatever runs with this disk among its arguments was started for it.
    Process machine = new ProcessBuilder("tail", "-f", disk.toString()).start();
    try (Sandboxes next =
        TestImage.open(
            TestImage.options(folder.resolve("left")).withTemplates(templates),
            InstantSource.system())) {
      next.recover();
      assertThat(left).doesNotExist();
      assertThat(machine.waitFor(10, TimeUnit.SECONDS)).isTrue();
    } finally {
      machine.destroyForcibly();
    }
  }

  private static Path template(Path templates) throws Exception {
    try (Stream<Path> all = Files.list(templates)) {
      return all.filter(Files::isDirectory).findFirst().orElseThrow().getFileName();
    }
  }
}
