package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.choir.core.TenantId;
import org.choir.knowledge.CitationEdge;
import org.choir.knowledge.CitationRow;
import org.choir.knowledge.CitationWeights;
import org.choir.knowledge.Trust;
import org.junit.jupiter.api.Test;

/** What the rules promise, over random worlds; each prints its seed. */
class IncentiveRulesTest {
  private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");
  private static final int ROUNDS = 500;

  private static void randomly(Consumer<Random> property) {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS; round++) {
      property.accept(random);
    }
  }

  static CitationRow row(String id, String from, String to, Instant at) {
    return row(id, from, from, to, to, true, at);
  }

  static CitationRow row(
      String id,
      String from,
      String fromOwner,
      String to,
      String toOwner,
      boolean supported,
      Instant at) {
    return new CitationRow(
        id,
        "by-" + from + id,
        from,
        fromOwner,
        "of-" + to,
        to,
        toOwner,
        "report",
        "claim",
        "quote",
        supported,
        supported ? "" : "the text does not say so",
        at,
        Optional.empty(),
        true,
        false);
  }

  /** What each author is paid in a month in which these are all citations. */
  static Map<String, Long> pay(
      List<CitationRow> rows, Set<String> seeds, CitationRule.Terms terms) {
    return pay(rows, seeds, Map.of(), terms);
  }

  static Map<String, Long> pay(
      List<CitationRow> rows,
      Set<String> seeds,
      Map<String, Set<String>> frozen,
      CitationRule.Terms terms) {
    List<CitationWeights.Weighed> weighed = CitationWeights.of(rows, frozen);
    Set<String> trusted = new HashSet<>();
    List<CitationEdge> edges =
        weighed.stream()
            .filter(w -> w.weight() == 1)
            .map(w -> new CitationEdge(w.citation().citingAuthor(), w.citation().citedAuthor(), 1))
            .toList();
    Trust.flow(edges, seeds)
        .forEach(
            (name, share) -> {
              if (share > 0) {
                trusted.add(name);
              }
            });
    List<Cited> cited = FromKnowledge.cited(weighed, trusted);
    Map<String, CitationRule.Pay> pays = CitationRule.settle(terms, cited);
    Map<String, Long> byAuthor = new TreeMap<>();
    for (Cited c : cited) {
      byAuthor.merge(c.author().value(), amount(pays, c), Long::sum);
    }
    return byAuthor;
  }

  static long amount(Map<String, CitationRule.Pay> pays, Cited cited) {
    return Objects.requireNonNull(pays.get(cited.citation())).amount();
  }

  private static CitationRule.Terms terms(Random random) {
    // Often so little that rounding decides.
    long budget = random.nextBoolean() ? random.nextLong(400) : random.nextLong(100_000_000);
    return new CitationRule.Terms(budget, random.nextInt(50), 1 + random.nextInt(30), 20);
  }

  private static List<CitationRow> world(Random random, int authors, int citations) {
    List<CitationRow> rows = new ArrayList<>();
    for (int i = 0; i < citations; i++) {
      String from = "h" + random.nextInt(authors);
      String to = "h" + random.nextInt(authors);
      rows.add(row("c" + i, from, to, START.plusSeconds(random.nextInt(2_000_000))));
    }
    return rows;
  }

  @Test
  void sybilsThatTouchOnlyEachOtherChangeNobodysPay() {
    randomly(
        random -> {
          CitationRule.Terms terms = terms(random);
          List<CitationRow> rows = world(random, 8, random.nextInt(60));
          Map<String, Long> before = pay(rows, Set.of("h0", "h1"), terms);
          int sybils = 2 + random.nextInt(20);
          for (int i = 0; i < random.nextInt(400); i++) {
            String from = "s" + random.nextInt(sybils);
            String to = "s" + random.nextInt(sybils);
            rows.add(row("s" + i, from, to, START.plusSeconds(random.nextInt(2_000_000))));
          }
          Map<String, Long> after = pay(rows, Set.of("h0", "h1"), terms);
          after.forEach(
              (author, amount) -> {
                if (author.startsWith("s")) {
                  assertThat(amount).as(author).isZero();
                }
              });
          after.keySet().removeIf(author -> author.startsWith("s"));
          assertThat(after).isEqualTo(before);
        });
  }

  @Test
  void splittingAnAccountGainsNothingInCitations() {
    randomly(
        random -> {
          CitationRule.Terms terms = terms(random);
          int parts = 2 + random.nextInt(9);
          List<Cited> whole = new ArrayList<>();
          List<Cited> split = new ArrayList<>();
          for (int i = 0; i < random.nextInt(1, 200); i++) {
            String reader = "r" + random.nextInt(6);
            Instant at = START.plusSeconds(random.nextInt(1_000));
            TenantId part = new TenantId("m" + random.nextInt(parts));
            whole.add(new Cited("c" + i, "a", new TenantId("m"), reader, "mallory", at, ""));
            split.add(new Cited("c" + i, "a", part, reader, "mallory", at, ""));
          }
          assertThat(sum(terms, split)).isLessThanOrEqualTo(sum(terms, whole));
        });
  }

  private static long sum(CitationRule.Terms terms, List<Cited> cited) {
    return CitationRule.settle(terms, cited).values().stream()
        .mapToLong(CitationRule.Pay::amount)
        .sum();
  }

  @Test
  void allFurtherRewardsOfAnEpochTogetherAreWorthLessThanTheBestOne() {
    randomly(
        random -> {
          long sum = 0;
          long best = 0;
          for (int earlier = 0; earlier < 2 + random.nextInt(80); earlier++) {
            int score = random.nextInt(101);
            sum += worth(score, 1, 1, 1_000_000, earlier);
            best = Math.max(best, worth(score, 1, 1, 1_000_000, 0));
          }
          assertThat(sum).isBetween(0L, Math.max(0, 2 * best));
        });
  }

  @Test
  void aDuplicateEarnsExactlyNothing() {
    randomly(
        random -> {
          long claims = random.nextLong(1, 101);
          RewardRule.Findings duplicate =
              new RewardRule.Findings(0, random.nextLong(claims + 1), claims, 1_000_000);
          assertThat(RewardRule.worth(duplicate, 0, Parameters.STANDARD).micro()).isZero();
        });
  }

  @Test
  void anyFactorOfNothingIsNothingAndMoreOfEachIsNeverLess() {
    randomly(
        random -> {
          int score = random.nextInt(100);
          long claims = random.nextLong(1, 101);
          long supported = random.nextLong(claims);
          int earlier = random.nextInt(80);
          long worth = worth(score, supported, claims, 900_000, earlier);
          assertThat(worth(score, 0, claims, 1_000_000, 0)).isZero();
          assertThat(worth(score, supported, claims, 799_999, 0)).isZero();
          assertThat(worth(score, 0, 0, 1_000_000, 0)).isZero();
          assertThat(worth(score + 1, supported, claims, 900_000, earlier))
              .isGreaterThanOrEqualTo(worth);
          assertThat(worth(score, supported + 1, claims, 900_000, earlier))
              .isGreaterThanOrEqualTo(worth);
          assertThat(worth(score, supported, claims, 900_000, earlier + 1)).isEqualTo(worth / 2);
        });
  }

  private static long worth(int score, long supported, long claims, long quality, int earlier) {
    RewardRule.Findings findings = new RewardRule.Findings(score, supported, claims, quality);
    return RewardRule.worth(findings, earlier, Parameters.STANDARD).micro();
  }

  @Test
  void permutingIdsChangesNobodysPay() {
    randomly(
        random -> {
          CitationRule.Terms terms = terms(random);
          List<CitationRow> rows = world(random, 8, 80);
          List<Integer> order = new ArrayList<>();
          for (int i = 0; i < rows.size(); i++) {
            order.add(i);
          }
          Collections.shuffle(order, random);
          List<CitationRow> renamed = new ArrayList<>();
          for (int i = 0; i < rows.size(); i++) {
            CitationRow r = rows.get(i);
            renamed.add(row("c" + order.get(i), r.citingAuthor(), r.citedAuthor(), r.at()));
          }
          Collections.shuffle(renamed, random);
          assertThat(pay(renamed, Set.of(), terms)).isEqualTo(pay(rows, Set.of(), terms));
        });
  }

  @Test
  void oneMoreIndependentCitationNeverPaysItsAuthorLess() {
    randomly(
        random -> {
          CitationRule.Terms terms = terms(random);
          List<Cited> cited = new ArrayList<>();
          for (int i = 0; i < random.nextInt(150); i++) {
            TenantId author = new TenantId("u" + random.nextInt(4));
            cited.add(Economy.cited("c" + i, author, "r" + i, START));
          }
          long before = of(terms, cited, "u0");
          cited.add(Economy.cited("one-more", new TenantId("u0"), "someone-new", START));
          assertThat(of(terms, cited, "u0")).isGreaterThanOrEqualTo(before);
        });
  }

  private static long of(CitationRule.Terms terms, List<Cited> cited, String author) {
    Map<String, CitationRule.Pay> pays = CitationRule.settle(terms, cited);
    return cited.stream()
        .filter(c -> c.author().value().equals(author))
        .mapToLong(c -> amount(pays, c))
        .sum();
  }

  @Test
  void theSumOfPayNeverExceedsTheBudget() {
    randomly(
        random -> {
          CitationRule.Terms terms = terms(random);
          List<Cited> cited = new ArrayList<>();
          for (int i = 0; i < random.nextInt(500); i++) {
            TenantId author = new TenantId("u" + random.nextInt(20));
            cited.add(Economy.cited("c" + i, author, "r" + random.nextInt(40), START));
          }
          assertThat(sum(terms, cited)).isBetween(0L, terms.budget());
        });
  }

  @Test
  void theRewardsOfAnEpochNeverExceedItsCapInAnyOrder() {
    randomly(
        random -> {
          long cap = 1 + random.nextLong(1_000_000);
          List<Emission.Claim> claims = new ArrayList<>();
          for (int day = 0; day < 30; day++) {
            for (int i = 0; i < random.nextInt(3); i++) {
              claims.add(new Emission.Claim("a" + claims.size(), random.nextLong(300_000), 0, 0));
            }
            Map<String, Long> changes = new HashMap<>();
            long made = claims.stream().mapToLong(Emission.Claim::made).sum();
            for (Emission.Change change : Emission.settle(cap, claims)) {
              made += change.amount();
              assertThat(made).isBetween(0L, cap);
              changes.put(change.article(), change.amount());
            }
            claims.replaceAll(
                c -> {
                  long change = changes.getOrDefault(c.article(), 0L);
                  // Some of what was made becomes its author's and can not be taken back.
                  long loose = c.loose() + change;
                  assertThat(loose).isNotNegative();
                  return new Emission.Claim(
                      c.article(), c.worth(), c.made() + change, loose - loose / 30);
                });
          }
          long all = claims.stream().mapToLong(Emission.Claim::worth).sum();
          if (all <= cap) {
            claims.forEach(c -> assertThat(c.made()).isEqualTo(c.worth()));
          }
        });
  }

  @Test
  void vestingReachesExactlyTheWholeAndNeverGoesBack() {
    randomly(
        random -> {
          long total = random.nextLong(2_000_000_000);
          long days = random.nextLong(1, 91);
          long atOnce = random.nextLong(1_000_001);
          long before = Vesting.due(total, atOnce, 0, days);
          assertThat(before).isEqualTo(Shares.part(total, atOnce, 1_000_000));
          for (int day = 1; day <= days; day++) {
            long due = Vesting.due(total, atOnce, day, days);
            assertThat(due).isBetween(before, total);
            before = due;
          }
          assertThat(before).isEqualTo(total);
          assertThat(Vesting.due(total, atOnce, days + 5, days)).isEqualTo(total);
        });
  }
}
