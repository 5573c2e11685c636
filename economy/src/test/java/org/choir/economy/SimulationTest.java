package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The figures that the treasury was designed for, by the rules that really run. */
class SimulationTest {
  private static final long DOLLAR = 1_000_000;

  private static Simulation.Result run(Scenario scenario) {
    return Simulation.run(scenario, Parameters.STANDARD);
  }

  @ParameterizedTest
  @CsvSource({
    "launch,750000,7500,5",
    "growth,7500000,75000,5",
    "maturity,75000000,750000,5",
    "five-dollars,15000000,150000,10"
  })
  void aCitationIsPaidWhatWasForeseen(String name, long capacity, long budget, long rate) {
    Simulation.Row first = run(Scenario.of(name).orElseThrow()).rows().getFirst();
    assertThat(first.capacity()).isEqualTo(capacity * DOLLAR);
    assertThat(first.budget()).isEqualTo(budget * DOLLAR);
    assertThat(first.rate()).isEqualTo(rate * DOLLAR);
  }

  @Test
  void aCrashCutsBudgetAndPayoutAndLeavesTheDebtBelowTheCapacity() {
    Simulation.Result result = run(Scenario.crash());
    List<Simulation.Row> rows = result.rows();
    Simulation.Row before = rows.getFirst();
    Simulation.Row last = rows.getLast();
    assertThat(before.budget()).isEqualTo(150_000 * DOLLAR);
    assertThat(before.rate()).isEqualTo(10 * DOLLAR);
    assertThat(rows.stream().anyMatch(Simulation.Row::paused)).isTrue();
    assertThat(last.average()).isEqualTo(DOLLAR / 2);
    // The CHIP that was taken from loans now belongs to the treasury and counts.
    long chip = Scenario.crash().chip() + last.taken();
    assertThat(last.capacity()).isEqualTo(BudgetRule.capacity(chip, DOLLAR / 2, 300_000));
    assertThat(last.budget()).isEqualTo(Shares.ppm(last.capacity(), 10_000));
    assertThat(last.rate()).isBetween(DOLLAR, DOLLAR + DOLLAR / 100);
    assertThat(last.debt()).isLessThan(last.capacity());
    assertThat(last.lending()).isEqualTo(before.lending()).isNotNegative();
    assertThat(last.taken()).isPositive();
    assertThat(last.uncovered()).isLessThanOrEqualTo(last.owed());
  }

  @Test
  void theTableNamesEveryColumnOnce() {
    String table = run(Scenario.launch()).table();
    assertThat(table.lines().toList().get(1)).contains("capacity", "budget", "citation");
    assertThat(table).contains("750,000.00", "7,500.00", "5.00");
  }
}
