package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.keys.FileDataKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenantLogTest {
  @TempDir Path folder;

  private TenantLog open(LogOptions options) {
    return TenantLog.open(
        folder.resolve("log"), Fixture.TENANT, Fixture.ORIGIN, Fixture.KEY, options);
  }

  private LogVerifier.Verification verify() {
    return LogVerifier.verify(folder.resolve("log"), Fixture.KEY.shown().vkey());
  }

  @Test
  void manyWritersGetOneIndexEachAndWhatTheyWrote() throws Exception {
    Set<Long> indexes = ConcurrentHashMap.newKeySet();
    try (TenantLog log = open(Fixture.quiet());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> writers = new ArrayList<>();
      for (int w = 0; w < 64; w++) {
        int writer = w;
        writers.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 20; i++) {
                    byte[] entry = (writer + ":" + i).getBytes(StandardCharsets.UTF_8);
                    long index = log.append(entry);
                    assertThat(indexes.add(index)).isTrue();
                    assertThat(log.entry(index)).isEqualTo(entry);
                  }
                }));
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
      assertThat(log.size()).isEqualTo(64 * 20);
    }
    var found = verify();
    assertThat(found.problems()).isEmpty();
    assertThat(found.size()).isEqualTo(64 * 20);
  }

  @Test
  void anEntryKnowsItsIndexAndTheLeafBefore() {
    try (TenantLog log = open(Fixture.quiet())) {
      for (int i = 0; i < 5; i++) {
        log.append((index, previous) -> (index + " " + previous).getBytes(StandardCharsets.UTF_8));
      }
    }
    try (TenantLog log = open(Fixture.quiet())) {
      log.append((index, previous) -> (index + " " + previous).getBytes(StandardCharsets.UTF_8));
      Digest previous = TreeHash.ofNothing();
      for (int i = 0; i < 6; i++) {
        byte[] entry = log.entry(i);
        assertThat(new String(entry, StandardCharsets.UTF_8)).isEqualTo(i + " " + previous);
        previous = TreeHash.ofEntry(entry);
      }
    }
  }

  @Test
  void anEntryThatCannotBeMadeFailsAlone() {
    try (TenantLog log = open(Fixture.quiet())) {
      assertThatThrownBy(
              () ->
                  log.append(
                      (index, previous) -> {
                        throw new IllegalStateException("no");
                      }))
          .isInstanceOf(IllegalStateException.class);
      assertThat(log.append(Fixture.entry(0))).isZero();
    }
  }

  @Test
  void refusesAnEntryAboveTheLimitOfABundle() {
    try (TenantLog log = open(Fixture.quiet())) {
      assertThat(log.append(new byte[65_535])).isZero();
      assertThatThrownBy(() -> log.append(new byte[65_536]))
          .isInstanceOfSatisfying(
              LogException.class, e -> assertThat(e.code()).isEqualTo("entry_too_large"));
      assertThat(log.append(new byte[0])).isEqualTo(1);
    }
    assertThat(verify().problems()).isEmpty();
  }

  @Test
  void provesEntriesAndSizesAcrossRestartsAndTiles() {
    List<byte[]> entries = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      entries.add(Fixture.entry(i));
    }
    for (int part = 0; part < 3; part++) {
      try (TenantLog log = open(Fixture.quiet())) {
        Fixture.fill(log, part * 200L, (part + 1) * 200L);
        long size = log.size();
        Digest root = new NaiveTree(entries).hash((int) size);
        assertThat(log.root(size)).isEqualTo(root);
        for (long i = 0; i < size; i += 13) {
          List<Digest> proof = log.proveInclusion(i, size);
          assertThat(TreeProof.includes(TreeHash.ofEntry(log.entry(i)), i, size, proof, root))
              .isTrue();
        }
        for (long from = 1; from < size; from += 17) {
          List<Digest> proof = log.proveConsistency(from, size);
          assertThat(TreeProof.extendsTo(from, size, log.root(from), root, proof)).isTrue();
        }
        ProofText proof = ProofText.parse(log.prove(150).format());
        Checkpoint head = proof.verify(Fixture.entry(150), Fixture.ORIGIN, log.key());
        assertThat(head.root()).isEqualTo(root);
      }
    }
    assertThat(verify().problems()).isEmpty();
    assertThat(folder.resolve("log/tile/0/000.p")).doesNotExist();
    assertThat(folder.resolve("log/tile/0/001")).hasSize(8_192);
    assertThat(folder.resolve("log/tile/1/000.p/2")).hasSize(64);
  }

  @Test
  void publishesByItselfAndKeepsThePartialTilesOfItsCheckpoints() {
    LogOptions often = Fixture.quiet().withPublishEvery(Duration.ofMillis(20));
    try (TenantLog log = open(often)) {
      log.append(Fixture.entry(0));
      await().until(() -> Files.exists(folder.resolve("log/checkpoints/1")));
      log.append(Fixture.entry(1));
      await().until(() -> Files.exists(folder.resolve("log/checkpoints/2")));
      assertThat(folder.resolve("log/tile/0/000.p/1")).exists();
      assertThat(verify().problems()).isEmpty();
    }
  }

  @Test
  void aSecondWriterIsRefused() throws Exception {
    try (TenantLog log = open(Fixture.quiet())) {
      assertThatThrownBy(() -> open(Fixture.quiet()))
          .isInstanceOfSatisfying(
              LogException.class, e -> assertThat(e.code()).isEqualTo("log_fenced"));
      log.append(Fixture.entry(0));
      // A file system that lost the lock: the epoch still tells.
      Files.writeString(folder.resolve("log/writer/epoch"), "99");
      assertThatThrownBy(() -> log.append(Fixture.entry(1)))
          .isInstanceOfSatisfying(
              LogException.class, e -> assertThat(e.code()).isEqualTo("log_fenced"));
      assertThatThrownBy(() -> log.append(Fixture.entry(2)))
          .isInstanceOfSatisfying(
              LogException.class, e -> assertThat(e.code()).isEqualTo("log_fenced"));
      assertThat(log.size()).isEqualTo(1);
    }
    try (TenantLog log = open(Fixture.quiet())) {
      assertThat(log.size()).isEqualTo(1);
    }
  }

  @Test
  void aRestartedWriterRefusesToGoOnBehindOrBesideItsAnchor() {
    MemoryAnchors anchors = new MemoryAnchors();
    LogOptions anchored = Fixture.quiet().withAnchors(List.of(anchors));
    SimulatedDisk old = new SimulatedDisk();
    try (TenantLog log = Fixture.open(old, anchored)) {
      Fixture.fill(log, 0, 5);
    }
    SimulatedDisk disk = old.afterKill();
    try (TenantLog log = Fixture.open(disk, anchored)) {
      Fixture.fill(log, 5, 9);
      Checkpoint head = Checkpoint.verified(log.checkpoint(), log.key());
      anchors.put(
          Anchor.next(
              Fixture.KEY, java.util.Optional.empty(), head, java.time.Instant.ofEpochSecond(0)));
    }
    Fixture.open(disk.afterKill(), anchored).close();
    assertThatThrownBy(() -> Fixture.open(old.afterKill(), anchored))
        .isInstanceOfSatisfying(
            LogException.class, e -> assertThat(e.code()).isEqualTo("log_rolled_back"));
    SimulatedDisk fork = old.afterKill();
    try (TenantLog log = Fixture.open(fork)) {
      Fixture.fill(log, 50, 60);
    }
    assertThatThrownBy(() -> Fixture.open(fork, anchored))
        .isInstanceOfSatisfying(
            LogException.class, e -> assertThat(e.code()).isEqualTo("log_forked"));
  }

  @Test
  void refusesToGoOnFromDamagedFiles() {
    SimulatedDisk disk = new SimulatedDisk();
    try (TenantLog log = Fixture.open(disk)) {
      Fixture.fill(log, 0, 10);
    }
    for (String file :
        List.of(
            "checkpoint",
            "checkpoints/10",
            "tile/0/000.p/10",
            "tile/entries/000.p/10",
            "log.vkey")) {
      SimulatedDisk bad = disk.afterKill();
      byte[] content = bad.content(Fixture.FOLDER.resolve(file));
      content[content.length / 2] ^= 1;
      bad.tamper(Fixture.FOLDER.resolve(file), content);
      assertThatThrownBy(() -> Fixture.open(bad))
          .as(file)
          .isInstanceOfSatisfying(
              LogException.class, e -> assertThat(e.code()).isIn("log_damaged", "log_key_changed"));
    }
  }

  @Test
  void bitRotInTheMiddleOfASegmentIsNotTakenForATornEnd() {
    SimulatedDisk disk = new SimulatedDisk();
    TenantLog log = Fixture.open(disk);
    for (int i = 0; i < 4; i++) {
      log.append(Fixture.entry(i));
    }
    SimulatedDisk killed = disk.afterKill();
    log.close();
    Path segment =
        killed.files().stream()
            .filter(f -> f.toString().endsWith(".segment"))
            .findFirst()
            .orElseThrow();
    byte[] content = killed.content(segment);
    for (int at = 0; at < content.length; at++) {
      SimulatedDisk rotten = killed.afterKill();
      byte[] changed = content.clone();
      changed[at] ^= 4;
      rotten.tamper(segment, changed);
      boolean inTheLastFrame =
          at >= content.length - LogFrame.FRAME_BYTES - 2 - Fixture.entry(3).length;
      try (TenantLog again = Fixture.open(rotten)) {
        assertThat(inTheLastFrame).as("byte " + at).isTrue();
        assertThat(again.size()).isEqualTo(3);
      } catch (LogException e) {
        assertThat(e.code()).isEqualTo("log_damaged");
        assertThat(inTheLastFrame).as("byte " + at).isFalse();
      }
    }
  }

  @Test
  void aClosedLogRefusesAppends() {
    TenantLog log = open(Fixture.quiet());
    log.close();
    assertThatThrownBy(() -> log.append(Fixture.entry(0)))
        .isInstanceOfSatisfying(
            LogException.class, e -> assertThat(e.code()).isEqualTo("log_unavailable"));
  }

  @Test
  void theSigningKeyIsNeverInClearOnDiskAndBelongsToItsLog() throws Exception {
    var keys = FileDataKeys.open(folder.resolve("keys"));
    Path file = folder.resolve("writer/key");
    TenantId tenant = Fixture.TENANT;
    LogKey made = LogKey.open(file, tenant, Fixture.ORIGIN, keys, new SecureRandom());
    LogKey again = LogKey.open(file, tenant, Fixture.ORIGIN, keys, new SecureRandom());
    assertThat(again.shown()).isEqualTo(made.shown());
    assertThat(Checkpoint.verified(again.sign(head().text()), made.shown())).isEqualTo(head());
    assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
    assertThat(made.toString()).isEqualTo("LogKey[" + made.shown().vkey() + "]");
    assertThatThrownBy(
            () -> LogKey.open(file, tenant, "choir.test/other", keys, new SecureRandom()))
        .isInstanceOf(LogException.class);
    TenantId other = new TenantId("other");
    assertThatThrownBy(() -> LogKey.open(file, other, Fixture.ORIGIN, keys, new SecureRandom()))
        .isInstanceOf(org.choir.core.ChoirException.class);
    // Another public key beside the same secret would sign under a false name.
    String text = Files.readString(file).replace(made.shown().vkey(), Fixture.KEY.shown().vkey());
    Files.writeString(file, text);
    assertThatThrownBy(() -> LogKey.open(file, tenant, Fixture.ORIGIN, keys, new SecureRandom()))
        .isInstanceOf(org.choir.core.ChoirException.class);
  }

  private static Checkpoint head() {
    return new Checkpoint(Fixture.ORIGIN, 0, TreeHash.ofNothing(), List.of());
  }
}
