package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.choir.audit.SimulatedDisk.Fault;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A fault at every file operation of a small log: afterwards a whole check passes and nothing that
 * was acknowledged is missing. The log crosses a tile's end, publishes three times and reopens.
 */
class LogFaultTest {
  private static final int BEFORE = 253;
  private static final long SEED = new SplittableRandom().nextLong();
  private static final Logger QUIET = Logger.getLogger(TenantLog.class.getName());
  private static SimulatedDisk base = new SimulatedDisk();

  /** What was acknowledged, by index, and how much was asked for. */
  private static final class Ledger {
    private final TreeMap<Long, byte[]> acknowledged = new TreeMap<>();
    private int asked;
    private int refused;
  }

  @BeforeAll
  static void aLogThatIsAlmostATile() {
    System.out.println("LogFaultTest seed " + SEED);
    // Thousands of faults, each of which a server would warn of.
    QUIET.setLevel(Level.OFF);
    SimulatedDisk disk = new SimulatedDisk();
    try (TenantLog log = Fixture.open(disk)) {
      Fixture.fill(log, 0, BEFORE);
    }
    base = disk;
  }

  @AfterAll
  static void warnAgain() {
    QUIET.setLevel(null);
  }

  /** Two sessions; whatever fails is let go, as a server would. */
  private static Ledger work(SimulatedDisk disk) {
    Ledger ledger = new Ledger();
    session(disk, ledger, 4);
    session(disk, ledger, 2);
    return ledger;
  }

  private static void session(SimulatedDisk disk, Ledger ledger, int appends) {
    TenantLog log;
    try {
      log = Fixture.open(disk);
    } catch (ChoirException e) {
      return;
    }
    try {
      for (int i = 0; i < appends; i++) {
        byte[] entry =
            ("asked " + ledger.asked++).getBytes(java.nio.charset.StandardCharsets.UTF_8);
        try {
          ledger.acknowledged.put(log.append(entry), entry);
        } catch (ChoirException e) {
          ledger.refused++;
        }
        if (i == 1) {
          checkpoint(log);
        }
      }
    } finally {
      log.close();
    }
  }

  private static void checkpoint(TenantLog log) {
    try {
      assertThat(log.checkpoint()).startsWith(Fixture.ORIGIN);
    } catch (ChoirException e) {
      assertThat(e.code()).isEqualTo("log_unavailable");
    }
  }

  private static void requireWhole(SimulatedDisk disk, Ledger ledger, String what) {
    disk.planNothing();
    try (TenantLog log = Fixture.open(disk)) {
      assertThat(log.size()).as(what).isGreaterThanOrEqualTo(BEFORE + ledger.acknowledged.size());
      for (int i = 0; i < BEFORE; i++) {
        assertThat(log.entry(i)).as(what).isEqualTo(Fixture.entry(i));
      }
      ledger.acknowledged.forEach(
          (index, entry) -> assertThat(log.entry(index)).as(what).isEqualTo(entry));
      assertThat(Fixture.verify(disk).problems()).as(what).isEmpty();
      log.append(Fixture.entry(0));
    }
    var verification = Fixture.verify(disk);
    assertThat(verification.problems()).as(what).isEmpty();
    assertThat(verification.size()).as(what).isGreaterThan(BEFORE);
  }

  private static int operations() {
    SimulatedDisk disk = base.afterKill();
    disk.planNothing();
    Ledger ledger = work(disk);
    assertThat(ledger.acknowledged).hasSize(6);
    return disk.operations();
  }

  /** Runs the work with a fault at each operation; returns how many appends were refused in all. */
  private static int each(Fault fault, java.util.function.UnaryOperator<SimulatedDisk> crash) {
    int count = operations();
    assertThat(count).isGreaterThan(80);
    int refused = 0;
    for (int at = 0; at < count; at++) {
      SimulatedDisk disk = base.afterKill();
      disk.plan(at, fault);
      Ledger ledger = work(disk);
      refused += ledger.refused;
      requireWhole(crash.apply(disk), ledger, fault + " at operation " + at);
    }
    return refused;
  }

  @Test
  void survivesAFailureOfEveryOperation() {
    int refused = each(Fault.FAIL, SimulatedDisk::afterKill);
    assertThat(refused).as("appends that were refused").isPositive();
  }

  @Test
  void survivesAHalfDoneOperation() {
    each(Fault.TEAR, SimulatedDisk::afterKill);
  }

  @Test
  void survivesAFullDiskAndGoesOnWhenThereIsSpace() {
    int refused = each(Fault.FULL, SimulatedDisk::afterKill);
    assertThat(refused).as("appends that were refused").isPositive();
  }

  @Test
  void survivesADiskThatIsGoneForAWhileAndAKillAfterwards() {
    int refused = each(Fault.GONE, SimulatedDisk::afterKill);
    assertThat(refused).as("appends that were refused").isPositive();
  }

  @Test
  @Tag("long")
  void survivesAKillBeforeEveryOperation() {
    each(Fault.KILL, SimulatedDisk::afterKill);
  }

  @Test
  void survivesAKillInEveryOperation() {
    each(Fault.TEAR_AND_KILL, SimulatedDisk::afterKill);
  }

  @Test
  void survivesPowerLossAtEveryOperationWhenNothingUnforcedIsKept() {
    each(Fault.KILL, disk -> disk.afterPowerLoss(null));
  }

  @Test
  void survivesPowerLossAtEveryOperationWhateverOfTheUnforcedIsKept() {
    SplittableRandom random = new SplittableRandom(SEED);
    each(Fault.TEAR_AND_KILL, disk -> disk.afterPowerLoss(random));
  }

  @Test
  @Tag("long")
  void survivesPowerLossManyTimesOver() {
    for (int round = 1; round < 20; round++) {
      SplittableRandom random = new SplittableRandom(SEED + round);
      each(Fault.TEAR_AND_KILL, disk -> disk.afterPowerLoss(random));
    }
  }

  @Test
  @Tag("long")
  void survivesAForceThatFailsAndLosesWhatItHeldFollowedByPowerLoss() {
    each(Fault.TEAR, disk -> disk.afterPowerLoss(null));
  }

  @Test
  void aDiskThatLiesAboutForcingIsFoundOutByTheAnchor() {
    int count = operations();
    int found = 0;
    for (int at = 0; at < count; at++) {
      SimulatedDisk disk = base.afterKill();
      disk.plan(at, Fault.LIE);
      Ledger ledger = work(disk);
      Checkpoint head = Checkpoint.verified(headOf(disk), Fixture.KEY.shown());
      MemoryAnchors anchors = new MemoryAnchors();
      anchors.put(
          Anchor.next(
              Fixture.KEY, java.util.Optional.empty(), head, java.time.Instant.ofEpochSecond(1)));
      SimulatedDisk after = disk.afterPowerLoss(null);
      after.planNothing();
      LogOptions options = Fixture.quiet().withAnchors(java.util.List.of(anchors));
      try (TenantLog log = Fixture.open(after, options)) {
        assertThat(log.size()).isGreaterThanOrEqualTo(head.size());
        ledger.acknowledged.forEach(
            (index, entry) -> assertThat(log.entry(index)).isEqualTo(entry));
      } catch (LogException e) {
        assertThat(e.code()).isIn("log_damaged", "log_rolled_back");
        found++;
      }
    }
    assertThat(found).as("lies that cost entries").isPositive();
  }

  private static String headOf(SimulatedDisk disk) {
    byte[] note = disk.content(Fixture.FOLDER.resolve("checkpoint"));
    return new String(note, java.nio.charset.StandardCharsets.UTF_8);
  }
}
