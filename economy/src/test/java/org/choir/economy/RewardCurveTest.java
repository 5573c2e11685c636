package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RewardCurveTest {
  @ParameterizedTest(name = "a score of {0} earns {1} CHIP")
  @CsvSource({
    "0,0",
    "19,0",
    "20,20",
    "25,25",
    "49,49",
    "50,50",
    "58,103",
    "65,150",
    "68,170",
    "72,196",
    "75,216",
    "79,243",
    "80,250",
    "85,500",
    "95,1000",
    "98,1150",
    "100,1250"
  })
  void earns(int score, long chip) {
    assertThat(RewardCurve.chip(score)).isEqualTo(chip);
  }

  @Test
  void neverFallsAsTheScoreRises() {
    for (int score = 1; score <= 100; score++) {
      assertThat(RewardCurve.chip(score)).isGreaterThanOrEqualTo(RewardCurve.chip(score - 1));
    }
  }

  @Test
  void refusesAScoreThatIsNone() {
    assertThatThrownBy(() -> RewardCurve.chip(101)).hasMessageContaining("101");
    assertThatThrownBy(() -> RewardCurve.chip(-1)).hasMessageContaining("-1");
  }
}
