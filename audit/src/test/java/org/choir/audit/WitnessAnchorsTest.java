package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WitnessAnchorsTest {
  @TempDir Path folder;
  private final LocalWitness witness = new LocalWitness(Fixture.KEY.shown());
  private final AnchorKeeper keeper = new AnchorKeeper(() -> Instant.ofEpochSecond(1_800_000_000L));

  @AfterEach
  void stop() {
    witness.close();
  }

  private WitnessAnchors anchors(String name, NoteKey key, URI address) {
    return new WitnessAnchors(
        new WitnessAnchors.Options(folder.resolve(name), address, key, Duration.ofMillis(1_500)));
  }

  private WitnessAnchors anchors(String name) {
    return anchors(name, witness.key(), witness.address());
  }

  private static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void aWitnessCosignsWhatExtendsWhatItHasSeen() {
    SimulatedDisk disk = new SimulatedDisk();
    try (TenantLog log = Fixture.open(disk);
        WitnessAnchors anchors = anchors("a")) {
      for (long i = 1; i <= 4; i++) {
        Fixture.fill(log, (i - 1) * 100, i * 100);
        Anchor put = keeper.anchor(log, anchors);
        assertThat(put.size()).isEqualTo(i * 100);
      }
      List<Anchor> all = anchors.all(Fixture.ORIGIN);
      assertThat(all).hasSize(4).allMatch(a -> anchors.problem(a).isEmpty());
      String cosigned = new String(all.get(2).evidence(), java.nio.charset.StandardCharsets.UTF_8);
      assertThat(Checkpoint.verified(cosigned, Fixture.KEY.shown()).size()).isEqualTo(300);
      assertThat(anchors.problem(all.get(2).with(all.get(1).evidence()))).isPresent();
      assertThat(anchors.problem(all.get(2).with(new byte[5]))).isPresent();
      var report =
          AnchorCheck.check(disk, Fixture.FOLDER, Fixture.KEY.shown().vkey(), List.of(anchors));
      assertThat(report.findings()).isEmpty();
    }
  }

  @Test
  void aFolderThatForgotGoesOnFromTheSizeTheWitnessNames() {
    try (TenantLog log = Fixture.open(new SimulatedDisk());
        WitnessAnchors first = anchors("a");
        WitnessAnchors forgetful = anchors("b")) {
      Fixture.fill(log, 0, 10);
      keeper.anchor(log, first);
      Fixture.fill(log, 10, 25);
      assertThat(keeper.anchor(log, forgetful).number()).isZero();
      assertThat(witness.seen()).isEqualTo(25);
    }
  }

  @Test
  void aWitnessRefusesARollbackAndAFork() {
    SimulatedDisk disk = new SimulatedDisk();
    SimulatedDisk old;
    try (TenantLog log = Fixture.open(disk);
        WitnessAnchors anchors = anchors("a")) {
      Fixture.fill(log, 0, 10);
      assertThat(log.checkpoint()).isNotBlank();
      old = disk.afterKill();
      Fixture.fill(log, 10, 20);
      keeper.anchor(log, anchors);
    }
    try (TenantLog behind = Fixture.open(old.afterKill());
        WitnessAnchors anchors = anchors("b")) {
      Fixture.fill(behind, 10, 12);
      requireFails(() -> keeper.anchor(behind, anchors), "log_rolled_back");
    }
    try (TenantLog beside = Fixture.open(old.afterKill());
        WitnessAnchors anchors = anchors("c")) {
      Fixture.fill(beside, 50, 60);
      requireFails(() -> keeper.anchor(beside, anchors), "log_forked");
      Fixture.fill(beside, 60, 65);
      requireFails(() -> keeper.anchor(beside, anchors), "log_forked");
    }
    assertThat(witness.seen()).isEqualTo(20);
  }

  @Test
  void refusesAnswersThatProveNothing() {
    try (TenantLog log = Fixture.open(new SimulatedDisk())) {
      Fixture.fill(log, 0, 3);
      NoteKey other = LogKey.witness("witness.test/w1", new SecureRandom()).shown();
      try (WitnessAnchors anchors = anchors("other", other, witness.address())) {
        requireFails(() -> keeper.anchor(log, anchors), "anchor_refused");
      }
      for (LocalWitness.Trick trick : LocalWitness.Trick.values()) {
        witness.play(trick);
        try (WitnessAnchors anchors = anchors("t" + trick)) {
          String code =
              switch (trick) {
                case GARBAGE, CUT_OFF, WRONG_TEXT, EMPTY -> "anchor_refused";
                case LATE, BROKEN -> "anchor_unreachable";
              };
          requireFails(() -> keeper.anchor(log, anchors), code);
          assertThat(anchors.all(Fixture.ORIGIN)).as("" + trick).isEmpty();
        }
      }
    }
  }

  @Test
  void anUnknownLogAndAnUnreachableWitnessAreToldApart() {
    LogKey stranger = LogKey.generate("choir.test/stranger", new SecureRandom());
    try (TenantLog log =
            TenantLog.open(
                Fixture.FOLDER,
                Fixture.TENANT,
                "choir.test/stranger",
                stranger,
                Fixture.quiet(),
                new SimulatedDisk());
        WitnessAnchors anchors = anchors("a")) {
      log.append(Fixture.entry(0));
      requireFails(() -> keeper.anchor(log, anchors), "anchor_refused");
    }
    URI nowhere = URI.create("http://127.0.0.1:1");
    try (TenantLog log = Fixture.open(new SimulatedDisk());
        WitnessAnchors anchors = anchors("b", witness.key(), nowhere)) {
      log.append(Fixture.entry(0));
      requireFails(() -> keeper.anchor(log, anchors), "anchor_unreachable");
    }
  }
}
