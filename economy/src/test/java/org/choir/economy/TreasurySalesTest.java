package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.economy.TreasuryTest.requireFails;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.choir.database.Database;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The treasury's own offers as a market. */
@ExtendWith(OneDatabase.class)
class TreasurySalesTest {
  private final TreasuryWorld world;
  private final TreasurySales sales;
  private final PriceBook prices;

  TreasurySalesTest(Database database) {
    world = new TreasuryWorld(database);
    sales = new TreasurySales(database, world.ledger, () -> world.now);
    prices = new PriceBook(database, sales, () -> world.now);
  }

  @Test
  void anOfferIsToldAtOnceAndEveryHourWhileItStands() {
    assertThat(sales.after(Instant.EPOCH, 100)).isEmpty();
    sales.offer(500_000, "operator");
    Instant first = world.now;
    world.pass(Duration.ofMinutes(150));
    sales.offer(550_000, "operator");
    world.pass(Duration.ofMinutes(10));
    List<PricePoint> told = sales.after(Instant.EPOCH, 100);
    assertThat(told.stream().map(PricePoint::at))
        .containsExactly(
            first, first.plusSeconds(3_600), first.plusSeconds(7_200), first.plusSeconds(9_000));
    assertThat(told.getLast().micros()).isEqualTo(550_000);
    assertThat(sales.after(first.plusSeconds(3_600), 1)).hasSize(1);
    assertThat(sales.after(told.getLast().at(), 100)).isEmpty();
  }

  @Test
  void readingTwiceCountsOnce() {
    sales.offer(500_000, "operator");
    world.pass(Duration.ofHours(30));
    assertThat(prices.read()).isEqualTo(31);
    assertThat(prices.read()).isZero();
    PriceRule.Average average = prices.requireFull();
    assertThat(average.micros()).isEqualTo(500_000);
    assertThat(average.depth()).isZero();
  }

  @Test
  void onlyWhatWasReallyBoughtLatelyIsDepth() {
    sales.offer(500_000, "operator");
    world.give(TreasuryWorld.ADA, 100);
    world.pass(Duration.ofDays(20));
    world.give(TreasuryWorld.ADA, 30);
    assertThat(sales.after(world.now.minusSeconds(7_200), 10).getLast().depth())
        .isEqualTo(130 * TreasuryWorld.CHIP);
    world.pass(Duration.ofDays(20));
    assertThat(sales.after(world.now.minusSeconds(7_200), 10).getLast().depth())
        .isEqualTo(30 * TreasuryWorld.CHIP);
  }

  @Test
  void anOfferOutsideTheBandDoesNotCount() {
    sales.offer(500_000, "operator");
    world.pass(Duration.ofMinutes(1));
    sales.offer(700_000, "operator");
    prices.read();
    requireFails(prices::require, "price_paused");
    assertThat(prices.standing().micros()).isEqualTo(500_000);
    requireFails(() -> sales.offer(0, "operator"), "bad_price");
  }

  @Test
  void withoutAnyPriceNothingIsDecided() {
    requireFails(prices::require, "no_price");
    assertThat(prices.quote()).isEmpty();
  }
}
