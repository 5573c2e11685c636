package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.Test;

class PriceRuleTest {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");

  /** A market and what counts of it. */
  private static final class Tape {
    private final List<PricePoint> counted = new ArrayList<>();
    private Optional<Instant> paused = Optional.empty();

    PriceRule.Judged tell(Duration at, long micros) {
      PriceRule.Judged judged =
          PriceRule.judge(counted, paused, new PricePoint(T0.plus(at), micros, 1));
      paused = judged.pausedUntil();
      if (judged.verdict() != PriceRule.Verdict.IGNORED) {
        counted.add(judged.counted());
      }
      return judged;
    }

    long average(Duration at) {
      return PriceRule.average(counted, T0.plus(at)).orElseThrow().micros();
    }
  }

  private static Duration minutes(long minutes) {
    return Duration.ofMinutes(minutes);
  }

  @Test
  void aPriceStandsForItsTimeInTheAverage() {
    Tape tape = new Tape();
    tape.tell(minutes(0), 1_000_000);
    tape.tell(minutes(18 * 60), 1_200_000);
    assertThat(tape.average(minutes(24 * 60))).isEqualTo(1_050_000);
    // The window moves on: twelve hours at each.
    assertThat(tape.average(minutes(30 * 60))).isEqualTo(1_100_000);
    assertThat(tape.average(minutes(42 * 60))).isEqualTo(1_200_000);
  }

  @Test
  void anAverageSaysHowMuchOfItsWindowHasAPrice() {
    Tape tape = new Tape();
    tape.tell(minutes(0), 1_000_000);
    PriceRule.Average young = PriceRule.average(tape.counted, T0.plus(minutes(90))).orElseThrow();
    assertThat(young.covered()).isEqualTo(minutes(90));
    assertThat(young.full()).isFalse();
    PriceRule.Average old = PriceRule.average(tape.counted, T0.plus(minutes(2_000))).orElseThrow();
    assertThat(old.full()).isTrue();
    assertThat(old.stale(T0.plus(minutes(2_000)))).isTrue();
  }

  @Test
  void exactlyTwentyPercentIsWithinTheBand() {
    Tape tape = new Tape();
    tape.tell(minutes(0), 1_000_000);
    assertThat(tape.tell(minutes(1), 1_200_000).verdict()).isEqualTo(PriceRule.Verdict.COUNTED);
    // Within five minutes it is measured against both prices.
    assertThat(tape.tell(minutes(2), 1_200_001).verdict()).isEqualTo(PriceRule.Verdict.IGNORED);
  }

  @Test
  void aMoveInSmallStepsWithinFiveMinutesTripsTheBreakerToo() {
    Tape tape = new Tape();
    tape.tell(minutes(0), 1_000_000);
    tape.tell(minutes(1), 1_100_000);
    tape.tell(minutes(2), 1_190_000);
    PriceRule.Judged third = tape.tell(minutes(3), 1_250_000);
    assertThat(third.verdict()).isEqualTo(PriceRule.Verdict.IGNORED);
    assertThat(third.pausedUntil()).contains(T0.plus(minutes(63)));
    assertThat(third.reason()).contains("more than 20 %", "prices count again from");
  }

  @Test
  void theFirstPriceAfterThePauseEndsItOrCountsAtTheEdge() {
    Tape tape = new Tape();
    tape.tell(minutes(0), 1_000_000);
    tape.tell(minutes(10), 5_000_000);
    assertThat(tape.tell(minutes(30), 1_000_000).verdict()).isEqualTo(PriceRule.Verdict.IGNORED);
    PriceRule.Judged edge = tape.tell(minutes(70), 5_000_000);
    assertThat(edge.verdict()).isEqualTo(PriceRule.Verdict.CLAMPED);
    assertThat(edge.micros()).isEqualTo(1_200_000);
    assertThat(edge.pausedUntil()).contains(T0.plus(minutes(130)));
    PriceRule.Judged back = tape.tell(minutes(130), 1_150_000);
    assertThat(back.verdict()).isEqualTo(PriceRule.Verdict.COUNTED);
    assertThat(back.pausedUntil()).isEmpty();
  }

  @Test
  void anHonestCrashIsFollowedStepByStep() {
    Tape tape = new Tape();
    tape.tell(minutes(0), 10_000_000);
    for (int minute = 10; minute < 60 * 40; minute += 10) {
      tape.tell(minutes(minute), 1_000_000);
    }
    assertThat(tape.counted.getLast().micros()).isEqualTo(1_000_000);
    assertThat(tape.paused).isEmpty();
    // A band an hour: 0.8^11 < 0.1, so after eleven clamped hours and one pause it has arrived.
    long clamped = tape.counted.stream().filter(p -> p.micros() > 1_000_000).count();
    assertThat(clamped).isBetween(10L, 12L);
  }

  @Test
  void whatIsToldLateOrIsNoPriceDoesNotCount() {
    Tape tape = new Tape();
    tape.tell(minutes(10), 1_000_000);
    assertThat(tape.tell(minutes(5), 1_000_000).verdict()).isEqualTo(PriceRule.Verdict.IGNORED);
    assertThatThrownBy(() -> new PricePoint(T0, 0, 0)).isInstanceOf(ChoirException.class);
    assertThatThrownBy(() -> new PricePoint(T0, -1, 0)).isInstanceOf(ChoirException.class);
    assertThatThrownBy(() -> new PricePoint(T0, Long.MAX_VALUE, 0))
        .isInstanceOf(ChoirException.class);
  }

  @Test
  void noTapeMovesACountedPriceByMoreThanTheBandInFiveMinutes() {
    long seed = new Random().nextLong();
    System.out.println("seed of the tapes: " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      Tape tape = new Tape();
      long millis = 0;
      for (int i = 0; i < 60; i++) {
        millis += random.nextLong(1, 900_000);
        tape.tell(Duration.ofMillis(millis), random.nextLong(1_000, 100_000_000));
      }
      List<PricePoint> counted = tape.counted;
      for (int i = 1; i < counted.size(); i++) {
        for (int j = i - 1; j >= 0; j--) {
          long then = counted.get(j).micros();
          long moved = Math.abs(counted.get(i).micros() - then);
          assertThat(moved).isLessThanOrEqualTo(then / 5 + 1);
          if (counted.get(j).at().isBefore(counted.get(i).at().minus(PriceRule.BAND_TIME))) {
            break; // this one was in force five minutes before, the earlier ones were not
          }
        }
      }
    }
  }
}
