package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.keys.FileVolumeKeys;
import org.choir.keys.VolumeKeys;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * An encrypted volume in real VMs. The tests are in order since they tell one volume's life: a boot
 * of its own for each would take a minute.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class VolumeTest {
  private static final TenantId ADA = new TenantId("ada");
  private static final String PLANTED = "planted-plaintext-" + "q".repeat(40);
  private static final long SIZE = 48L << 20;

  @TempDir static Path folder;
  private static Sandboxes room;
  private static VolumeKeys keys;
  private static Volumes volumes;
  private static Volume volume;
  private static Vm vm;

  @BeforeAll
  static void boot() {
    room = TestImage.open(TestImage.options(folder.resolve("vms")), InstantSource.system());
    keys = new FileVolumeKeys(folder.resolve("volume-keys"), TestImage.keys(folder));
    volumes = new Volumes(folder.resolve("volumes"), keys);
    volume = volumes.obtain(ADA, "work", SIZE);
    vm = room.obtain(spec("holder"));
  }

  private static VmSpec spec(String id) {
    return new VmSpec(id, ADA, 1, 256, 256, List.of(volume.disk()));
  }

  @AfterAll
  static void stop() {
    room.list().forEach(info -> room.destroy(info.id()));
    room.close();
  }

  @Test
  @Order(1)
  void whatTheGuestWritesIsCiphertextOnTheHostsDisk() throws Exception {
    assertThat(volumes.state(vm).word()).isEqualTo("closed");
    Volumes.State state = volumes.unlock(vm, volume);
    assertThat(state.word()).isEqualTo("open");
    assertThat(state.bytes()).isBetween(SIZE * 7 / 10, SIZE);
    Shell written =
        Shell.run(
            vm,
            "set -e; echo "
                + PLANTED
                + " > /volume/secret; echo "
                + PLANTED
                + " > /workspace/drafts/open; sync; cat /volume/secret");
    assertThat(written.out()).as(written.err()).isEqualTo(PLANTED + "\n");
    assertThat(holds(volume.file(), PLANTED)).isFalse();
    // The control: the same search finds the same words on the disk that is not encrypted.
    assertThat(holds(overlay(), PLANTED)).isTrue();
    assertThat(Files.size(volume.file())).isEqualTo(SIZE);
  }

  @Test
  @Order(2)
  void theKeyIsInNoCommandLineLogOrJournal() throws Exception {
    byte[] key = keys.fetch(ADA, "work");
    String hex = java.util.HexFormat.of().formatHex(key);
    String base64 = java.util.Base64.getEncoder().encodeToString(key);
    String raw = new String(key, StandardCharsets.ISO_8859_1);
    String commandLine = Files.readString(Path.of("/proc/" + vm.pid() + "/cmdline"));
    assertThat(commandLine).contains("choir-volume").doesNotContain(hex, base64, raw);
    try (var all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        for (String form : List.of(hex, base64, raw)) {
          assertThat(holds(file, form)).as("%s", file).isFalse();
        }
      }
    }
    assertThat(volume.toString()).doesNotContain(hex, base64);
    // Tools reach neither the disk below nor what maps it.
    assertThat(Shell.run(vm, "ls /dev/mapper /dev/vd* /dev/dm-0 2>/dev/null | wc -l").out())
        .isEqualTo("0\n");
    assertThat(Shell.run(vm, "/usr/sbin/cryptsetup status choir-volume").code()).isNotZero();
  }

  @Test
  @Order(3)
  void aSuspendedVmsVolumeGoesOnWithIt() {
    Shell.run(vm, "echo before >> /volume/log; cp /volume/log /tmp/log");
    room.suspend("holder");
    refused("volume_in_use", () -> room.obtain(spec("thief")));
    assertThat(volumes.unlock(vm, volume).word()).isEqualTo("open");
    assertThat(Shell.run(vm, "echo after >> /volume/log; cat /volume/log /tmp/log").out())
        .isEqualTo("before\nafter\nbefore\n");
  }

  @Test
  @Order(4)
  void aToolThatWritesWhileTheVolumeIsLockedWaitsForTheKey() {
    Shell.run(vm, "(sleep 2; echo late >> /volume/log) > /dev/null 2>&1 & sleep 0.1");
    volumes.suspend(vm);
    assertThat(volumes.state(vm).word()).isEqualTo("suspended");
    VolumeKeys wrong = otherKeys();
    wrong.create(ADA, "work");
    refused(
        "wrong_volume_key", () -> new Volumes(folder.resolve("volumes"), wrong).unlock(vm, volume));
    assertThat(volumes.state(vm).word()).isEqualTo("suspended");
    assertThat(volumes.unlock(vm, volume).word()).isEqualTo("open");
    assertThat(Shell.run(vm, "echo more >> /volume/log; tail -n 1 /volume/log").out())
        .isEqualTo("more\n");
  }

  @Test
  @Order(5)
  void anotherKeyDoesNotOpenIt() {
    volumes.close(vm);
    refused(
        "wrong_volume_key",
        () -> new Volumes(folder.resolve("volumes"), otherKeys()).unlock(vm, volume));
    assertThat(Shell.run(vm, "cat /volume/secret 2>&1").code()).isNotZero();
    assertThat(volumes.open(vm, volume, true).word()).isEqualTo("open");
    assertThat(Shell.run(vm, "cat /volume/secret").out()).isEqualTo(PLANTED + "\n");
  }

  private static VolumeKeys otherKeys() {
    return new FileVolumeKeys(
        folder.resolve("other-volume-keys"), TestImage.keys(folder.resolve("other")));
  }

  @Test
  @Order(6)
  void survivesTheKillingOfItsVmAndGrows() throws Exception {
    Shell.run(vm, "head -c 2000000 /dev/urandom > /volume/whole; sync");
    String digest = Shell.run(vm, "sha256sum < /volume/whole").out();
    Thread writer =
        Thread.ofVirtual()
            .start(
                () ->
                    assertThatThrownBy(
                            () ->
                                Shell.run(
                                    vm,
                                    "touch /volume/began; i=0; while :; do i=$((i+1));"
                                        + " head -c 100000 /dev/urandom > /volume/f$((i % 40));"
                                        + " done"))
                        .isInstanceOf(SandboxException.class));
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> Shell.run(vm, "test -s /volume/f5 && echo yes").out().equals("yes\n"));
    HypervisorProcess.of(vm.pid()).orElseThrow().kill();
    writer.join();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> !(room.host().find("holder").orElse(null) instanceof VmState.Running));
    long grown = 96L << 20;
    volume = volumes.grow(volume, grown);
    refused("volume_shrinks", () -> volumes.grow(volume, SIZE));

    // What was there of it in memory is of before: the VM boots again, with the same volume.
    Vm again = room.obtain(spec("holder"));
    Volumes.State state = volumes.open(again, volume, true); // reads the whole file system
    assertThat(state.bytes()).isBetween(grown * 7 / 10, grown);
    assertThat(Shell.run(again, "sha256sum < /volume/whole").out()).isEqualTo(digest);
    assertThat(Shell.run(again, "cat /volume/secret").out()).isEqualTo(PLANTED + "\n");
    vm = again;
  }

  @Test
  @Order(7)
  void withoutItsKeyItIsGone() throws Exception {
    volumes.close(vm);
    Path copy = folder.resolve("stolen.img");
    Files.copy(volume.file(), copy);
    volumes.destroy(ADA, "work");
    assertThat(volume.file()).doesNotExist();
    assertThat(volumes.find(ADA, "work")).isEmpty();
    refused("no_volume_key", () -> keys.fetch(ADA, "work"));
    refused("no_volume_key", () -> volumes.unlock(vm, volume));
    // A new volume of that name has a new key; the copy of the old one stays shut.
    assertThat(volumes.obtain(ADA, "work", SIZE).bytes()).isEqualTo(SIZE);
    Files.delete(folder.resolve("volumes/ada/work.img.fresh"));
    refused("wrong_volume_key", () -> volumes.unlock(vm, volume));
  }

  @Test
  void refusesNamesAndSizesThatCannotBe() {
    refused("bad_volume", () -> volumes.obtain(ADA, "../x", SIZE));
    refused("bad_volume", () -> volumes.obtain(ADA, "tiny", 1 << 20));
    assertThat(volumes.find(new TenantId("bob"), "work")).isEmpty();
  }

  private static void refused(String code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static Path overlay() throws IOException {
    try (var all = Files.walk(folder.resolve("vms"), 2)) {
      return all.filter(p -> p.endsWith("overlay.img") && p.toString().contains("/vm-"))
          .findFirst()
          .orElseThrow();
    }
  }

  /** Whether a file has these bytes anywhere (one Latin-1 character each). */
  static boolean holds(Path file, String text) throws IOException {
    byte[] wanted = text.getBytes(StandardCharsets.ISO_8859_1);
    try (FileChannel in = FileChannel.open(file)) {
      ByteBuffer piece = ByteBuffer.allocate((4 << 20) + wanted.length);
      for (long at = 0; at < in.size(); at += 4 << 20) {
        piece.clear();
        while (piece.hasRemaining() && in.read(piece, at + piece.position()) > 0) {
          // until it is full or the file ends
        }
        String chunk = new String(piece.array(), 0, piece.position(), StandardCharsets.ISO_8859_1);
        if (chunk.contains(text)) {
          return true;
        }
      }
      return false;
    }
  }
}
