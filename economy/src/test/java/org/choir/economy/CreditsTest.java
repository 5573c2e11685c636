package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.ExitStatus;
import org.choir.core.Money;
import org.choir.core.TenantId;
import org.junit.jupiter.api.Test;

/** Credits: what a start gives, what runs cost, what citations add. */
class CreditsTest {
  private final Economy e = new Economy();

  private long credits() {
    return e.available(Economy.ADA, Currency.CREDITS);
  }

  @Test
  void aSignUpIsGivenItsStartOnce() {
    e.signUp(Economy.ADA);
    e.signUp(Economy.ADA);
    assertThat(credits()).isEqualTo(500);
    assertThat(e.chip(Chart.starter(Economy.ADA))).isEqualTo(50 * Economy.CHIP);
  }

  @Test
  void aSecondAccountOfOnePersonIsGivenNothing() {
    e.signUp(Economy.ADA);
    SignUps.Proof same = new SignUps.Proof("email", Digest.of("card of ada"));
    assertThatThrownBy(() -> e.signUps.grant(Economy.BEN, same))
        .isInstanceOfSatisfying(
            ChoirException.class, x -> assertThat(x.code()).isEqualTo("person_known"));
    assertThat(e.available(Economy.BEN, Currency.CREDITS)).isZero();
    SignUps.Proof other = new SignUps.Proof("email", Digest.of("another person"));
    assertThatThrownBy(() -> e.signUps.grant(Economy.ADA, other))
        .isInstanceOfSatisfying(
            ChoirException.class, x -> assertThat(x.code()).isEqualTo("account_known"));
    assertThat(credits()).isEqualTo(500);
  }

  @Test
  void aStartThatWasKilledIsCompletedByTheNextCall() {
    for (boolean after : new boolean[] {false, true}) {
      TenantId user = new TenantId(after ? "after" : "before");
      e.ledger.kill(1, after);
      assertThatThrownBy(() -> e.signUp(user)).hasMessage("kill -9");
      e.restart();
      e.signUp(user);
      assertThat(e.available(user, Currency.CREDITS)).isEqualTo(500);
      assertThat(e.chip(Chart.starter(user))).isEqualTo(50 * Economy.CHIP);
    }
  }

  @Test
  void aRunIsReservedAtItsStartAndChargedAtItsEnd() {
    e.signUp(Economy.ADA);
    e.runs.reserve("r", Economy.ADA, RunClass.DEEP);
    e.runs.reserve("r", Economy.ADA, RunClass.DEEP);
    assertThat(credits()).isEqualTo(350);
    assertThat(e.books.balance(Chart.usedCredits()).posted()).isZero();
    e.runs.charge("r");
    e.runs.charge("r");
    e.runs.release("r");
    assertThat(credits()).isEqualTo(350);
    assertThat(e.books.balance(Chart.usedCredits()).posted()).isEqualTo(150);
  }

  @Test
  void aFailedRunGetsItsPriceBackAndPaysAgainWhenItIsResumed() {
    e.signUp(Economy.ADA);
    e.runs.reserve("r", Economy.ADA, RunClass.STANDARD);
    e.runs.release("r");
    e.runs.charge("r");
    assertThat(credits()).isEqualTo(500);
    e.runs.reserve("r", Economy.ADA, RunClass.STANDARD);
    assertThat(credits()).isEqualTo(450);
    e.runs.charge("r");
    assertThat(e.runs.reserve("r", Economy.ADA, RunClass.STANDARD).state())
        .isEqualTo(RunCharges.State.CHARGED);
    assertThat(credits()).isEqualTo(450);
  }

  @Test
  void aRunThatIsTooDearDoesNotStart() {
    e.signUp(Economy.ADA);
    for (int i = 0; i < 3; i++) {
      e.runs.reserve("r" + i, Economy.ADA, RunClass.DEEP);
    }
    assertThatThrownBy(() -> e.runs.reserve("dear", Economy.ADA, RunClass.DEEP))
        .isInstanceOfSatisfying(
            ChoirException.class,
            x -> {
              assertThat(x.code()).isEqualTo("too_few_credits");
              assertThat(x.failure().exit()).isEqualTo(ExitStatus.BUDGET);
              assertThat(x.getMessage()).contains("150", "50");
            });
    e.runs.release("r0");
    assertThat(e.runs.reserve("dear", Economy.ADA, RunClass.DEEP).state())
        .isEqualTo(RunCharges.State.RESERVED);
    assertThatThrownBy(() -> e.runs.reserve("dear", Economy.BEN, RunClass.DEEP))
        .hasMessageContaining("ada's");
  }

  @Test
  void theUserLocalIsNotMeteredUnlessConfigured() {
    e.runs.reserve("r", TenantId.LOCAL, RunClass.DEEP);
    e.runs.charge("r");
    RunCharges metered =
        new RunCharges(e.database, e.ledger, () -> e.parameters, () -> e.now, true);
    assertThatThrownBy(() -> metered.reserve("s", TenantId.LOCAL, RunClass.QUICK))
        .hasMessageContaining("costs 20 credits and local has 0");
  }

  @Test
  void aKilledServersReservationsFollowTheirRuns() {
    e.signUp(Economy.ADA);
    for (boolean after : new boolean[] {false, true}) {
      for (String end : new String[] {"completed", "failed", "running"}) {
        e.ledger.kill(1, after);
        String run = end + "-" + after;
        assertThatThrownBy(() -> e.runs.reserve(run, Economy.ADA, RunClass.QUICK))
            .hasMessage("kill -9");
        e.restart();
      }
    }
    e.runs.recover(
        run ->
            run.startsWith("completed")
                ? RunCharges.RunEnd.COMPLETED
                : run.startsWith("failed") ? RunCharges.RunEnd.FAILED : RunCharges.RunEnd.RUNNING);
    assertThat(e.books.balance(Chart.usedCredits()).posted()).isEqualTo(2 * 20);
    assertThat(credits()).isEqualTo(500 - 4 * 20);
    e.runs.recover(run -> RunCharges.RunEnd.FAILED);
    assertThat(credits()).isEqualTo(500 - 2 * 20);
  }

  @Test
  void aKilledChargeOrReleaseIsEndedAsItWasBegun() {
    e.signUp(Economy.ADA);
    for (boolean after : new boolean[] {false, true}) {
      e.runs.reserve("c" + after, Economy.ADA, RunClass.QUICK);
      e.runs.reserve("r" + after, Economy.ADA, RunClass.QUICK);
      e.ledger.kill(1, after);
      assertThatThrownBy(() -> e.runs.charge("c" + after)).hasMessage("kill -9");
      e.restart();
      e.ledger.kill(1, after);
      assertThatThrownBy(() -> e.runs.release("r" + after)).hasMessage("kill -9");
      e.restart();
    }
    e.runs.recover(run -> RunCharges.RunEnd.RUNNING);
    assertThat(credits()).isEqualTo(500 - 2 * 20);
    assertThat(e.books.balance(Chart.usedCredits()).posted()).isEqualTo(2 * 20);
  }

  @Test
  void aForecastTellsCostRestAndWhatWouldBeBought() {
    e.signUp(Economy.ADA);
    Forecast plain = e.runs.forecast(Economy.ADA, RunClass.DEEP, Forecast.Autopurchase.NONE);
    assertThat(plain).isEqualTo(new Forecast(150, 500, 0, 350, 2, true));
    Forecast.Autopurchase terms =
        new Forecast.Autopurchase(400, 500, Money.parse("10", Currency.USD), 1);
    assertThat(e.runs.forecast(Economy.ADA, RunClass.DEEP, terms))
        .isEqualTo(new Forecast(150, 500, 500, 850, 5, true));
    assertThat(Forecast.of(20, 50, Forecast.Autopurchase.NONE).affordable()).isFalse();
  }

  private void earn(long micro) {
    Purses.open(e.ledger, Economy.ADA);
    e.ledger.require(
        Transfer.move(
            java.util.UUID.randomUUID(),
            Chart.bank("test"),
            Chart.citations(Economy.ADA),
            micro,
            "test",
            Explanation.NONE));
  }

  @Test
  void theBonusFollowsWhatWasEarnedInAllAndIsNeverGivenTwice() {
    EarningBonus bonus = new EarningBonus(e.ledger, () -> e.parameters);
    earn(9_999_999);
    assertThat(bonus.give(Economy.ADA)).isZero();
    earn(1);
    assertThat(bonus.give(Economy.ADA)).isEqualTo(100);
    assertThat(bonus.give(Economy.ADA)).isZero();
    earn(25_000_000);
    assertThat(bonus.give(Economy.ADA)).isEqualTo(200);
    earn(5_000_000);
    e.ledger.kill(1, true);
    assertThatThrownBy(() -> bonus.give(Economy.ADA)).hasMessage("kill -9");
    e.restart();
    assertThat(bonus.give(Economy.ADA)).isZero();
    assertThat(credits()).isEqualTo(400);
  }
}
