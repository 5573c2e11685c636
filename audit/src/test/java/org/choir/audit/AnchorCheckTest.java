package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.choir.audit.AnchorCheck.Finding;
import org.choir.audit.AnchorCheck.Report;
import org.choir.core.Digest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is done to a chain of anchors, or to the log behind it, is found and told apart. */
class AnchorCheckTest {
  private final AtomicLong seconds = new AtomicLong(1_000);
  private final InstantSource clock = () -> Instant.ofEpochSecond(seconds.incrementAndGet());
  private final SimulatedDisk disk = new SimulatedDisk();
  private final MemoryAnchors store = new MemoryAnchors();
  private final MemoryAnchors second = new MemoryAnchors();
  private SimulatedDisk old = disk;
  @TempDir Path folder;

  @BeforeEach
  void aLogWithFiveAnchors() {
    AnchorKeeper keeper = new AnchorKeeper(clock);
    try (TenantLog log = Fixture.open(disk)) {
      for (int i = 0; i < 5; i++) {
        Fixture.fill(log, i * 7L, (i + 1) * 7L);
        Anchor anchor = keeper.anchor(log, store);
        assertThat(anchor.number()).isEqualTo(i);
        assertThat(keeper.anchor(log, store)).as("nothing new").isEqualTo(anchor);
        keeper.anchor(log, second);
        if (i == 2) {
          old = disk.afterKill();
        }
      }
    }
  }

  private Report check(SimulatedDisk of) {
    return AnchorCheck.check(
        of, Fixture.FOLDER, Fixture.KEY.shown().vkey(), List.of(store, second));
  }

  private List<String> kinds() {
    return check(disk).findings().stream().map(Finding::kind).distinct().toList();
  }

  @Test
  void anUntouchedChainIsRight() {
    Report report = check(disk);
    assertThat(report.findings()).isEmpty();
    assertThat(report.ok()).isTrue();
    assertThat(report.stores()).hasSize(2);
    assertThat(report.stores().getFirst().anchors()).hasSize(5);
  }

  @Test
  void findsEachMissingAnchorButTheLast() {
    List<Anchor> all = List.copyOf(store.anchors);
    for (int i = 0; i < 4; i++) {
      store.anchors.clear();
      store.anchors.addAll(all);
      store.anchors.remove(i);
      assertThat(kinds()).as("without " + i).contains("anchor_missing");
      assertThat(check(disk).findings().getFirst().number()).isEqualTo(i);
    }
  }

  @Test
  void findsEveryExchange() {
    List<Anchor> all = List.copyOf(store.anchors);
    for (int i = 0; i < 5; i++) {
      for (int j = i + 1; j < 5; j++) {
        store.anchors.clear();
        store.anchors.addAll(all);
        Collections.swap(store.anchors, i, j);
        assertThat(kinds()).as(i + " and " + j).contains("anchor_reordered");
      }
    }
  }

  @Test
  void findsAnAnchorThatTheKeysHolderOverwrote() {
    Anchor third = store.anchors.get(2);
    Checkpoint head = new Checkpoint(Fixture.ORIGIN, third.size(), third.root(), List.of());
    Optional<Anchor> before = Optional.of(store.anchors.get(1));
    store.anchors.set(2, Anchor.next(Fixture.KEY, before, head, third.at().plusSeconds(1)));
    assertThat(kinds()).containsExactly("anchor_overwritten");
    assertThat(check(disk).findings().getFirst().number()).isEqualTo(2);
  }

  @Test
  void findsAForgedAnchor() {
    Anchor third = store.anchors.get(2);
    Checkpoint head = new Checkpoint(Fixture.ORIGIN, third.size(), third.root(), List.of());
    LogKey thief = LogKey.generate(Fixture.ORIGIN, new SecureRandom());
    Optional<Anchor> before = Optional.of(store.anchors.get(1));
    store.anchors.set(2, Anchor.next(thief, before, head, third.at()));
    assertThat(kinds()).contains("anchor_forged");
    String changed = third.note().replace("number 2", "number 3");
    store.anchors.set(2, Anchor.parse(changed, new byte[0]));
    assertThat(kinds()).contains("anchor_forged", "anchor_missing");
  }

  @Test
  void findsARollback() {
    List<Finding> findings = check(old).findings();
    assertThat(findings).hasSize(4).allMatch(f -> f.kind().equals("log_rolled_back"));
  }

  @Test
  void findsAFork() {
    SimulatedDisk fork = old.afterKill();
    try (TenantLog log = Fixture.open(fork)) {
      Fixture.fill(log, 500, 520);
    }
    List<Finding> findings = check(fork).findings();
    assertThat(findings).isNotEmpty().allMatch(f -> f.kind().equals("log_forked"));
    assertThat(findings).anyMatch(f -> f.message().contains("does not extend"));
  }

  @Test
  void findsASplitViewBetweenTwoStoresWithoutTheLog() {
    Anchor last = second.anchors.getLast();
    Checkpoint other = new Checkpoint(Fixture.ORIGIN, last.size(), Digest.of("other"), List.of());
    Optional<Anchor> before = Optional.of(second.anchors.get(3));
    second.anchors.set(4, Anchor.next(Fixture.KEY, before, other, last.at()));
    assertThat(check(disk).findings())
        .anyMatch(
            f -> f.kind().equals("log_forked") && f.message().contains("another root than memory"));
  }

  @Test
  void anAnchorNeverPassesAsACheckpointNorACheckpointAsAnAnchor() {
    String anchor = store.anchors.getFirst().note();
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> Checkpoint.verified(anchor, Fixture.KEY.shown()))
        .isInstanceOf(LogException.class);
    String checkpoint =
        Fixture.KEY.sign(new Checkpoint(Fixture.ORIGIN, 1, Digest.of(""), List.of()).text());
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> Anchor.parse(checkpoint, new byte[0]))
        .isInstanceOf(LogException.class);
  }

  @Test
  void filesKeepAnchorsAndNeverReplaceOne() throws Exception {
    AnchorFiles files = new AnchorFiles(folder);
    List<Anchor> some = new ArrayList<>(store.anchors);
    some.forEach(files::put);
    assertThat(files.all(Fixture.ORIGIN))
        .extracting(Anchor::note)
        .isEqualTo(some.stream().map(Anchor::note).toList());
    assertThat(files.all("choir.test/other")).isEmpty();
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> files.put(some.get(1)))
        .isInstanceOfSatisfying(
            AnchorException.class, e -> assertThat(e.code()).isEqualTo("anchor_exists"));
    assertThat(files.protects()).contains("does not protect");
    Path file;
    try (var all = java.nio.file.Files.walk(folder)) {
      file = all.filter(f -> f.toString().endsWith("14.anchor")).findFirst().orElseThrow();
    }
    java.nio.file.Files.writeString(file, "{}");
    Report report =
        AnchorCheck.check(disk, Fixture.FOLDER, Fixture.KEY.shown().vkey(), List.of(files));
    assertThat(report.findings()).extracting(Finding::kind).containsExactly("anchor_unreadable");
  }
}
