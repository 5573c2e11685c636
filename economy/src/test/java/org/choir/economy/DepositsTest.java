package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.choir.economy.TreasuryTest.requireFails;

import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Deposits: principal one for one, yield from a surplus alone. */
@ExtendWith(OneDatabase.class)
class DepositsTest {
  private static final long DOLLAR = TreasuryWorld.DOLLAR;
  private static final TenantId ADA = TreasuryWorld.ADA;
  private static final TenantId BEN = TreasuryWorld.BEN;

  private final TreasuryWorld world;

  DepositsTest(Database database) {
    world = new TreasuryWorld(database);
  }

  @BeforeEach
  void money() {
    world.pay(Chart.available(ADA, org.choir.core.Currency.USDC), 1_000);
    world.pay(Chart.available(BEN, org.choir.core.Currency.USDC), 1_000);
  }

  private void covered() {
    for (long seq = 0; seq <= world.books.seq(); seq++) {
      assertThat(world.deposits.covered(seq)).isTrue();
    }
  }

  @Test
  void principalIsCoveredOneForOneAfterEveryEntry() {
    Deposits.Deposit first = world.deposits.deposit(ADA, 400 * DOLLAR, "one");
    world.deposits.deposit(ADA, 400 * DOLLAR, "one");
    world.deposits.deposit(BEN, 100 * DOLLAR, "one");
    assertThat(world.posted(Chart.depositReserve())).isEqualTo(500 * DOLLAR);
    assertThat(world.posted(Chart.depositLiability())).isEqualTo(-500 * DOLLAR);
    world.pass(Duration.ofDays(30));
    world.deposits.withdraw(ADA, first.id());
    assertThat(world.usdc(ADA)).isEqualTo(1_000 * DOLLAR);
    assertThat(world.posted(Chart.depositReserve())).isEqualTo(100 * DOLLAR);
    covered();
    // The check notices a reserve that somebody else has touched.
    world.move(Chart.depositReserve(), Chart.bank("test"), 1, "theft");
    assertThat(world.deposits.covered(world.books.seq())).isFalse();
  }

  @Test
  void anEarlyExitIsRefusedWithTheDate() {
    Deposits.Deposit deposit = world.deposits.deposit(ADA, 400 * DOLLAR, "one");
    world.pass(Duration.ofDays(30).minusSeconds(1));
    assertThatThrownBy(() -> world.deposits.withdraw(ADA, deposit.id()))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("deposit_locked");
              assertThat(e.getMessage()).contains("2026-01-31T00:00:00Z");
            });
    world.pass(Duration.ofSeconds(1));
    assertThat(world.deposits.withdraw(ADA, deposit.id()).state()).isEqualTo("withdrawn");
    assertThat(world.deposits.withdraw(ADA, deposit.id()).state()).isEqualTo("withdrawn");
    assertThat(world.usdc(ADA)).isEqualTo(1_000 * DOLLAR);
    requireFails(() -> world.deposits.withdraw(BEN, deposit.id()), "no_such_deposit");
  }

  @Test
  void nobodyDepositsMoreThanTheyHave() {
    requireFails(
        () -> world.deposits.deposit(ADA, 1_001 * DOLLAR, "one"), "ledger_exceeds_credits");
    assertThat(world.deposits.of(ADA)).isEmpty();
    world.deposits.deposit(ADA, 1_000 * DOLLAR, "one");
    requireFails(() -> world.deposits.deposit(ADA, 999 * DOLLAR, "one"), "key_reused");
  }

  @Test
  void yieldComesFromASurplusByPrincipalAndDays() {
    world.deposits.deposit(ADA, 300 * DOLLAR, "one");
    world.pass(Duration.ofDays(10));
    world.deposits.deposit(BEN, 300 * DOLLAR, "one");
    world.pass(Duration.ofDays(10));
    LocalDate since = LocalDate.of(2026, 1, 1);
    LocalDate until = LocalDate.of(2026, 1, 21);
    requireFails(() -> world.deposits.share(since, until, 30 * DOLLAR, "jan"), "surplus_too_small");
    world.pay(Chart.revenue(), 100);
    requireFails(() -> world.deposits.share(since, until, 30 * DOLLAR, "jan"), "surplus_too_small");
    world.deposits.setAside(31 * DOLLAR, "q1");
    world.deposits.setAside(31 * DOLLAR, "q1");
    world.deposits.share(since, until, 30 * DOLLAR, "jan");
    world.deposits.share(since, until, 30 * DOLLAR, "jan");
    // 20 days against 10.
    assertThat(world.usdc(ADA)).isEqualTo(720 * DOLLAR);
    assertThat(world.usdc(BEN)).isEqualTo(710 * DOLLAR);
    assertThat(world.posted(Chart.surplus())).isEqualTo(DOLLAR);
    assertThat(world.posted(Chart.depositReserve())).isEqualTo(600 * DOLLAR);
    requireFails(() -> world.deposits.share(since, until, DOLLAR, "again"), "bad_period");
    requireFails(
        () -> world.deposits.share(until, until.plusDays(1), DOLLAR, "later"), "bad_period");
    covered();
  }

  @Test
  void aServerKilledAnywhereKeepsGivesBackAndSharesOnce() {
    for (int n = 1; n <= 5; n++) {
      for (boolean after : new boolean[] {false, true}) {
        TreasuryWorld fresh = new TreasuryWorld(world.database);
        fresh.pay(Chart.available(ADA, org.choir.core.Currency.USDC), 100);
        fresh.pay(Chart.revenue(), 10);
        fresh.ledger.kill(n, after);
        attempt(fresh, () -> fresh.deposits.deposit(ADA, 60 * DOLLAR, "one"));
        fresh.pass(Duration.ofDays(30));
        attempt(fresh, () -> fresh.deposits.setAside(10 * DOLLAR, "s"));
        attempt(
            fresh,
            () ->
                fresh.deposits.share(
                    LocalDate.of(2026, 1, 1), LocalDate.of(2026, 1, 11), 10 * DOLLAR, "jan"));
        String id = fresh.deposits.of(ADA).getFirst().id();
        attempt(fresh, () -> fresh.deposits.withdraw(ADA, id));
        assertThat(fresh.usdc(ADA)).isEqualTo(110 * DOLLAR);
        assertThat(fresh.posted(Chart.depositLiability())).isZero();
        for (long seq = 0; seq <= fresh.books.seq(); seq++) {
          assertThat(fresh.deposits.covered(seq)).isTrue();
        }
      }
    }
  }

  private static void attempt(TreasuryWorld world, Runnable work) {
    for (int i = 0; i < 5; i++) {
      try {
        work.run();
        return;
      } catch (ChoirException e) {
        assertThat(e.code()).isEqualTo("killed");
        world.restart();
        world.deposits.finish();
      }
    }
    throw new AssertionError("it never ends");
  }

  @Test
  void randomSharesNeverExceedTheSurplusAndSplittingGainsNothing() {
    long seed = new Random().nextLong();
    System.out.println("seed of the shares: " + seed);
    Random random = new Random(seed);
    LocalDate since = LocalDate.of(2026, 1, 1);
    for (int round = 0; round < 500; round++) {
      List<SurplusRule.Kept> kept = new ArrayList<>();
      for (int i = 0; i < random.nextInt(1, 20); i++) {
        LocalDate from = since.plusDays(random.nextInt(-30, 60));
        Optional<LocalDate> to =
            random.nextBoolean()
                ? Optional.empty()
                : Optional.of(from.plusDays(random.nextInt(30, 60)));
        kept.add(
            new SurplusRule.Kept("d" + i, ADA, random.nextLong(1, Requests.AMOUNT_MAX), from, to));
      }
      long amount = random.nextLong(1, Requests.AMOUNT_MAX);
      LocalDate until = since.plusDays(31);
      List<SurplusRule.Part> parts = SurplusRule.parts(amount, kept, since, until);
      long sum = parts.stream().mapToLong(SurplusRule.Part::amount).sum();
      assertThat(sum).isLessThanOrEqualTo(amount);
      assertThat(parts).allMatch(p -> p.days() > 0 && p.days() <= 31 && p.amount() >= 0);
      if (!parts.isEmpty()) {
        assertThat(sum).isGreaterThan(amount - parts.size());
        SurplusRule.Kept first = parts.getFirst().kept();
        long half = first.principal() / 2;
        List<SurplusRule.Kept> split = new ArrayList<>(kept);
        split.remove(first);
        split.add(with(first, "a", half));
        split.add(with(first, "b", first.principal() - half));
        long gained =
            SurplusRule.parts(amount, split, since, until).stream()
                .filter(p -> p.kept().deposit().matches("[ab]"))
                .mapToLong(SurplusRule.Part::amount)
                .sum();
        assertThat(gained).isLessThanOrEqualTo(parts.getFirst().amount() + 1);
      }
    }
  }

  private static SurplusRule.Kept with(SurplusRule.Kept kept, String id, long principal) {
    return new SurplusRule.Kept(id, kept.owner(), principal, kept.from(), kept.to());
  }
}
