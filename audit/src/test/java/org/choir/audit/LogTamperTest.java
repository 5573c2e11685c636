package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.choir.audit.LogVerifier.Verification;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every way to tamper with a small log is found, and the first bad index named. */
class LogTamperTest {

  private static SimulatedDisk log(long size, long... checkpoints) {
    SimulatedDisk disk = new SimulatedDisk();
    try (TenantLog log = Fixture.open(disk)) {
      long at = 0;
      for (long checkpoint : checkpoints) {
        Fixture.fill(log, at, checkpoint);
        assertThat(log.checkpoint()).contains("\n" + checkpoint + "\n");
        at = checkpoint;
      }
      Fixture.fill(log, at, size);
    }
    assertThat(Fixture.verify(disk).problems()).isEmpty();
    assertThat(Fixture.verify(disk).size()).isEqualTo(size);
    return disk;
  }

  private static Path path(String below) {
    return Fixture.FOLDER.resolve(below);
  }

  private static Verification after(SimulatedDisk disk, Consumer<SimulatedDisk> tampering) {
    SimulatedDisk copy = disk.afterKill();
    tampering.accept(copy);
    return Fixture.verify(copy);
  }

  private static void bundle(SimulatedDisk disk, String file, UnaryOperator<List<byte[]>> change) {
    List<byte[]> entries = new ArrayList<>(TileEntries.decode(disk.content(path(file))));
    disk.tamper(path(file), TileEntries.encode(change.apply(entries)));
  }

  @Test
  void findsEveryEditedDeletedInsertedAndReorderedEvent() {
    int size = 16;
    SimulatedDisk disk = log(size, 7);
    String file = "tile/entries/000.p/16";
    for (int at = 0; at < size; at++) {
      int i = at;
      requireFound(i, after(disk, d -> bundle(d, file, e -> edited(e, i))));
      requireFound(i, after(disk, d -> bundle(d, file, e -> without(e, i))));
      requireFound(i, after(disk, d -> bundle(d, file, e -> with(e, i))));
      for (int other = i + 1; other < size; other++) {
        int j = other;
        requireFound(i, after(disk, d -> bundle(d, file, e -> swapped(e, i, j))));
      }
    }
    requireFound(size, after(disk, d -> bundle(d, file, e -> with(e, size))));
  }

  private static void requireFound(long index, Verification found) {
    assertThat(found.ok()).isFalse();
    assertThat(found.firstBadIndex()).as("%s", found.problems()).isEqualTo(index);
    assertThat(found.problems()).allMatch(p -> !p.message().isBlank() && !p.file().isBlank());
  }

  private static List<byte[]> edited(List<byte[]> entries, int at) {
    byte[] changed = entries.get(at).clone();
    changed[changed.length - 1] ^= 1;
    entries.set(at, changed);
    return entries;
  }

  private static List<byte[]> without(List<byte[]> entries, int at) {
    entries.remove(at);
    return entries;
  }

  private static List<byte[]> with(List<byte[]> entries, int at) {
    entries.add(at, Fixture.entry(1_000));
    return entries;
  }

  private static List<byte[]> swapped(List<byte[]> entries, int one, int other) {
    Collections.swap(entries, one, other);
    return entries;
  }

  @Test
  void findsABundleCutAtEveryByte() {
    SimulatedDisk disk = log(12, 5);
    String file = "tile/entries/000.p/12";
    byte[] whole = disk.content(path(file));
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = java.util.Arrays.copyOf(whole, length);
      int good = TileEntries.decodeStart(cut).entries().size();
      requireFound(good, after(disk, d -> d.tamper(path(file), cut)));
    }
  }

  @Test
  void findsAFlippedBitInEveryByteOfEveryFile() {
    assertThat(flipAll(log(13, 5), 1)).isGreaterThan(1_200);
    assertThat(flipAll(log(270, 256), 97)).isGreaterThan(100);
  }

  @Test
  @Tag("long")
  void findsAFlippedBitInEveryByteOfALogOfTwoTiles() {
    assertThat(flipAll(log(270, 3, 256, 262), 1)).isGreaterThan(10_000);
  }

  private static int flipAll(SimulatedDisk disk, int step) {
    int flips = 0;
    for (Path file : disk.files()) {
      String below = Fixture.FOLDER.relativize(file).toString();
      if (below.startsWith("writer")) {
        continue;
      }
      byte[] content = disk.content(file);
      for (int at = 0; at < content.length; at += step) {
        byte[] changed = content.clone();
        changed[at] ^= (byte) (1 << (at % 8));
        Verification found = after(disk, d -> d.tamper(file, changed));
        assertThat(found.ok()).as("bit of byte %s of %s", at, below).isFalse();
        assertThat(found.problems()).as("byte %s of %s", at, below).anyMatch(p -> names(p, below));
        if (below.equals("tile/0/000") || below.equals("tile/0/000.p/13")) {
          assertThat(found.firstBadIndex()).isEqualTo(at / TreeHash.BYTES);
        }
        flips++;
      }
    }
    return flips;
  }

  /** A leaf hash that differs from its entry is told as the entry's, with the tile in the text. */
  private static boolean names(LogVerifier.Problem problem, String file) {
    return problem.file().equals(file) || problem.message().contains(file);
  }

  @Test
  void findsEveryMissingTruncatedAndExtraFile() {
    SimulatedDisk disk = log(270, 3, 256);
    for (Path file : disk.files()) {
      String below = Fixture.FOLDER.relativize(file).toString();
      boolean needed =
          below.startsWith("tile") || below.equals("checkpoint") || below.endsWith("/270");
      if (needed && !below.startsWith("writer")) {
        Verification gone = after(disk, d -> d.remove(file));
        assertThat(gone.problems()).as("without " + below).anyMatch(p -> p.file().equals(below));
        byte[] half = java.util.Arrays.copyOf(disk.content(file), disk.content(file).length - 1);
        Verification cut = after(disk, d -> d.tamper(file, half));
        assertThat(cut.problems()).as("cut " + below).anyMatch(p -> p.file().equals(below));
      }
    }
    byte[] tile = disk.content(path("tile/0/000"));
    for (String extra :
        List.of(
            "tile/0/002",
            "tile/0/001.p/15",
            "tile/2/000.p/1",
            "tile/entries/007",
            "tile/0/000.p/0",
            "tile/0/1",
            "tile/nonsense",
            "checkpoints/x",
            "checkpoints/271")) {
      Verification found = after(disk, d -> d.tamper(path(extra), tile));
      assertThat(found.problems()).as(extra).anyMatch(p -> p.file().equals(extra));
    }
    Verification wrong = after(disk, d -> d.tamper(path("tile/0/000.p/9"), new byte[9 * 32]));
    assertThat(wrong.problems()).anyMatch(p -> p.file().equals("tile/0/000.p/9"));
  }

  @Test
  void findsARollbackToAnOlderSnapshot() {
    SimulatedDisk disk = log(40, 10, 25);
    byte[] old = disk.content(path("checkpoints/25"));
    Verification found = after(disk, d -> d.tamper(path("checkpoint"), old));
    assertThat(found.problems())
        .anyMatch(p -> p.kind().equals("checkpoint_inconsistent") && p.index() == 25);
  }

  @Test
  void findsAHistoryRewrittenWholeByTheHolderOfTheKey() {
    // Another log under the same key: everything in it agrees with itself.
    SimulatedDisk forged = new SimulatedDisk();
    try (TenantLog log = Fixture.open(forged)) {
      Fixture.fill(log, 0, 20);
      log.append(Fixture.entry(999));
      Fixture.fill(log, 21, 40);
    }
    SimulatedDisk disk = log(40, 10, 25);
    byte[] ten = disk.content(path("checkpoints/10"));
    byte[] twentyFive = disk.content(path("checkpoints/25"));
    forged.tamper(path("checkpoints/10"), ten);
    forged.tamper(path("checkpoints/25"), twentyFive);
    Verification found = Fixture.verify(forged);
    assertThat(found.ok()).isFalse();
    assertThat(found.problems()).hasSize(1);
    assertThat(found.problems().getFirst().file()).isEqualTo("checkpoints/25");
    assertThat(found.firstBadIndex()).as("proved up to the checkpoint before").isEqualTo(10);
  }

  @Test
  void doesNotTakeAnotherKeysLog() {
    SimulatedDisk disk = log(5, 2);
    LogKey other = LogKey.generate(Fixture.ORIGIN, new java.security.SecureRandom());
    Verification found = LogVerifier.verify(disk, Fixture.FOLDER, other.shown().vkey());
    assertThat(found.ok()).isFalse();
    assertThat(found.problems())
        .extracting(LogVerifier.Problem::kind)
        .contains("checkpoint_invalid");
  }

  @Test
  void namesAnEntryThatOnlyTheRootDisprovesWhenItsTilesWereForgedToo() {
    SimulatedDisk disk = log(30, 12);
    Verification found =
        after(
            disk,
            d -> {
              bundle(d, "tile/entries/000.p/30", e -> edited(e, 17));
              byte[] tile = d.content(path("tile/0/000.p/30"));
              byte[] leaf = new TreeHash().leaf(entryAt(d, 17));
              System.arraycopy(leaf, 0, tile, 17 * TreeHash.BYTES, TreeHash.BYTES);
              d.tamper(path("tile/0/000.p/30"), tile);
            });
    assertThat(found.firstBadIndex()).isEqualTo(12);
    assertThat(found.problems().getFirst().message()).contains("12 to 29");
  }

  private static byte[] entryAt(SimulatedDisk disk, int index) {
    return TileEntries.decode(disk.content(path("tile/entries/000.p/30"))).get(index);
  }
}
