package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.junit.jupiter.api.Test;

/** Citation payments over real tables: pending, settled, void, and killed in the middle. */
class CitationPaymentsTest {
  private static final YearMonth JANUARY = YearMonth.of(2026, 1);
  private static final YearMonth FEBRUARY = YearMonth.of(2026, 2);
  private final Economy e = new Economy();

  private static List<Cited> citations(TenantId author, int count, Instant at) {
    List<Cited> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(Economy.cited(author + "-" + i, author, "reader" + i, at));
    }
    return all;
  }

  private Balance earned(TenantId author) {
    return e.books.balance(Chart.citations(author));
  }

  @Test
  void aCitationIsPendingUntilTheMonthsEndAndPaidThen() {
    e.open(JANUARY, 500 * Economy.DOLLAR, 100);
    List<Cited> all = citations(Economy.ADA, 3, e.now);
    assertThat(e.citations.observe(all)).isEqualTo(3);
    assertThat(e.citations.observe(all)).isZero();
    assertThat(earned(Economy.ADA).creditsPending()).isEqualTo(15 * Economy.DOLLAR);
    assertThat(e.available(Economy.ADA, Currency.USDC)).isZero();
    assertThatThrownBy(() -> e.citations.close(JANUARY, all)).hasMessageContaining("not over");
    e.days(31);
    assertThat(e.citations.close(JANUARY, all).paid()).isEqualTo(15 * Economy.DOLLAR);
    assertThat(e.citations.close(JANUARY, all).state()).isEqualTo(CitationMonth.State.CLOSED);
    assertThat(e.available(Economy.ADA, Currency.USDC)).isEqualTo(15 * Economy.DOLLAR);
    assertThat(e.available(Economy.ADA, Currency.CREDITS)).isEqualTo(100);
    assertThat(e.chip(Chart.citationBudget(JANUARY))).isZero();
    assertThat(e.chip(Chart.treasury(Currency.USDC))).isEqualTo(485 * Economy.DOLLAR);
    assertThat(e.citations.average(FEBRUARY)).isEqualTo(1);
  }

  @Test
  void everyPaymentSaysHowItCameAbout() {
    e.open(JANUARY, 450 * Economy.DOLLAR, 100);
    List<Cited> all = citations(Economy.ADA, 1, e.now);
    e.citations.observe(all);
    e.days(31);
    e.citations.close(JANUARY, all);
    LedgerEntry receipt =
        e.books.statement(Chart.citations(Economy.ADA), Long.MAX_VALUE, 10).stream()
            .filter(x -> x.transfer().reason().equals("citation_paid"))
            .findFirst()
            .orElseThrow();
    assertThat(receipt.transfer().explanation().formula()).contains("budget / max(");
    assertThat(receipt.transfer().explanation().inputs())
        .containsEntry("budget", "450 USDC")
        .containsEntry("average", "100")
        .containsEntry("floor", "100")
        .containsEntry("eligible", "1")
        .containsEntry("rate", "4.5 USDC")
        .containsEntry("citation", "ada-0");
  }

  @Test
  void theBusHearsOfPendingPaidAndVoid() {
    e.open(JANUARY, 450 * Economy.DOLLAR, 100);
    List<Cited> all = citations(Economy.ADA, 2, e.now);
    e.citations.observe(all);
    all.set(1, Economy.without(all.get(1), "withdrawn: by its author"));
    e.days(31);
    e.citations.close(JANUARY, all);
    List<String> told =
        e.database.transaction(
            c ->
                Rows.list(
                    c,
                    "select type || ' ' || subject || ' ' || tenant || ' '"
                        + " || (data ->> 'amount') from economy.news order by seq",
                    Economy::first));
    assertThat(told)
        .containsExactly(
            "citation_pending citation.reward.article-of-ada ada 4.5 USDC",
            "citation_pending citation.reward.article-of-ada ada 4.5 USDC",
            "citation_void citation.reward.article-of-ada ada 4.5 USDC",
            "citation_paid citation.reward.article-of-ada ada 4.5 USDC");
  }

  @Test
  void aWithdrawnOrFrozenCitationIsVoidBeforeTheMonthsEndAndCountsInALaterOne() {
    e.open(JANUARY, 500 * Economy.DOLLAR, 100);
    List<Cited> all = citations(Economy.ADA, 2, e.now);
    e.citations.observe(all);
    List<Cited> frozen =
        List.of(
            Economy.without(all.get(0), "frozen: in ring-1"),
            Economy.without(all.get(1), "withdrawn: today"));
    assertThat(e.citations.observe(frozen)).isEqualTo(2);
    assertThat(earned(Economy.ADA).creditsPending()).isZero();
    e.days(31);
    assertThat(e.citations.close(JANUARY, frozen).paid()).isZero();
    e.open(FEBRUARY, 600 * Economy.DOLLAR, 100);
    List<Cited> released = List.of(all.get(0), frozen.get(1));
    e.citations.observe(released);
    e.days(28);
    assertThat(e.citations.close(FEBRUARY, released).paid()).isEqualTo(6 * Economy.DOLLAR);
    assertThat(e.available(Economy.ADA, Currency.USDC)).isEqualTo(6 * Economy.DOLLAR);
  }

  @Test
  void whatWasPaidIsNotPaidAgainNorTakenBack() {
    e.open(JANUARY, 500 * Economy.DOLLAR, 100);
    List<Cited> all = citations(Economy.ADA, 1, e.now);
    e.days(31);
    e.citations.close(JANUARY, all);
    e.open(FEBRUARY, 500 * Economy.DOLLAR, 100);
    e.citations.observe(List.of(Economy.without(all.getFirst(), "withdrawn: late")));
    e.citations.observe(all);
    e.days(28);
    e.citations.close(FEBRUARY, all);
    assertThat(e.available(Economy.ADA, Currency.USDC)).isEqualTo(5 * Economy.DOLLAR);
  }

  @Test
  void moreThanTheAverageShareTheBudgetProRata() {
    e.open(JANUARY, 100 * Economy.DOLLAR, 0);
    List<Cited> all = new ArrayList<>(citations(Economy.ADA, 90, e.now));
    e.citations.observe(all);
    assertThat(earned(Economy.ADA).creditsPending()).isEqualTo(90 * Economy.DOLLAR);
    all.addAll(citations(Economy.BEN, 60, e.now));
    e.citations.observe(all);
    assertThat(earned(Economy.ADA).creditsPending() + earned(Economy.BEN).creditsPending())
        .isLessThanOrEqualTo(100 * Economy.DOLLAR);
    e.days(31);
    CitationMonth closed = e.citations.close(JANUARY, all);
    assertThat(closed.eligible()).isEqualTo(150);
    assertThat(e.available(Economy.ADA, Currency.USDC)).isEqualTo(60 * Economy.DOLLAR);
    assertThat(e.available(Economy.BEN, Currency.USDC)).isEqualTo(40 * Economy.DOLLAR);
  }

  @Test
  void aBudgetThatTheTreasuryDoesNotHoldOpensNoMonth() {
    CitationBudget budget = new CitationBudget(JANUARY, 1_000, 0, Explanation.NONE);
    assertThatThrownBy(() -> e.citations.open(budget)).isInstanceOf(LedgerException.class);
    assertThat(e.citations.month(JANUARY)).isEmpty();
    List<Cited> all = citations(Economy.ADA, 1, e.now);
    assertThat(e.citations.observe(all)).as("waits for a month").isZero();
    e.treasuryBorrows(1_000);
    assertThat(e.citations.open(budget).state()).isEqualTo(CitationMonth.State.OPEN);
    CitationBudget more = new CitationBudget(JANUARY, 5_000, 0, Explanation.NONE);
    assertThat(e.citations.open(more).terms().budget()).as("fixed").isEqualTo(1_000);
    assertThat(e.citations.observe(all)).isEqualTo(1);
  }

  @Test
  void whereverItIsKilledTheMonthEndsTheSame() {
    Economy.whereverItIsKilled(
        x -> {
          CitationBudget budget =
              new CitationBudget(JANUARY, 100 * Economy.DOLLAR, 0, Explanation.NONE);
          x.step(
              () -> {
                if (x.chip(Chart.treasury(Currency.USDC)) == 0
                    && x.citations.month(JANUARY).isEmpty()) {
                  x.treasuryBorrows(100 * Economy.DOLLAR);
                }
              });
          x.step(() -> x.citations.open(budget));
          List<Cited> all = new ArrayList<>(citations(Economy.ADA, 70, x.now));
          x.step(() -> x.citations.observe(all));
          all.addAll(citations(Economy.BEN, 50, x.now));
          all.set(0, Economy.without(all.getFirst(), "frozen: ring"));
          x.step(() -> x.citations.observe(all));
          all.addAll(citations(new TenantId("late"), 2, x.now));
          x.days(31);
          x.step(() -> x.citations.close(JANUARY, all));
          return x.available(Economy.ADA, Currency.USDC)
              + " "
              + x.available(Economy.BEN, Currency.USDC)
              + " "
              + x.available(new TenantId("late"), Currency.USDC)
              + " "
              + x.available(Economy.ADA, Currency.CREDITS)
              + " "
              + x.chip(Chart.treasury(Currency.USDC))
              + " "
              + x.count("select count(*) from economy.news where type = 'citation_paid'");
        });
  }

  @Test
  void randomMonthsNeverPayMoreThanTheirBudgetAndWhatTheRuleSays() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 5; round++) {
      Economy x = new Economy();
      long budget = random.nextInt(1_000, 50_000_000);
      long average = random.nextInt(150);
      x.open(JANUARY, budget, average);
      Map<String, Cited> all = new HashMap<>();
      for (int step = 0; step < 6; step++) {
        for (int i = 0; i < random.nextInt(40); i++) {
          String id = "c" + random.nextInt(150);
          TenantId author = new TenantId("u" + Math.floorMod(id.hashCode(), 4));
          Cited cited = Economy.cited(id, author, "r" + random.nextInt(30), x.now);
          Cited before = all.getOrDefault(id, cited);
          all.put(id, random.nextInt(4) == 0 ? Economy.without(before, "frozen: x") : before);
        }
        x.citations.observe(List.copyOf(all.values()));
        long pending = x.books.balance(Chart.citationBudget(JANUARY)).debitsPending();
        assertThat(pending).isLessThanOrEqualTo(budget);
      }
      x.days(31);
      List<Cited> last = List.copyOf(all.values());
      CitationMonth closed = x.citations.close(JANUARY, last);
      assertThat(closed.paid()).isLessThanOrEqualTo(budget);
      Map<String, CitationRule.Pay> rule = CitationRule.settle(closed.terms(), last);
      Map<TenantId, Long> expected = new HashMap<>();
      last.forEach(c -> expected.merge(c.author(), IncentiveRulesTest.amount(rule, c), Long::sum));
      expected.forEach(
          (author, amount) -> {
            assertThat(x.available(author, Currency.USDC)).isEqualTo(amount);
          });
      assertThat(x.chip(Chart.treasury(Currency.USDC))).isEqualTo(budget - closed.paid());
    }
  }
}
