package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.choir.economy.AllowanceRule.Asked;
import org.choir.economy.AllowanceRule.Kind;
import org.choir.economy.AllowanceRule.Ruling;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What agents may do of themselves in a day, over real tables. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AllowancesTest {
  private static final TenantId ADA = Economy.ADA;
  private static final long UNIT = 1_000_000;

  private final Database database = TestDatabase.fresh();
  private Instant now = Instant.EPOCH;
  private Allowances allowances;

  @AfterAll
  void close() {
    database.close();
  }

  @BeforeEach
  void fresh() {
    now = Instant.parse("2026-03-01T23:00:00Z");
    database.transaction(
        c -> Rows.update(c, "truncate economy.allowance, economy.allowance_claim"));
    allowances = new Allowances(database, () -> now);
  }

  private Ruling usdc(String action, long units) {
    return claim(action, new Asked(Kind.USDC, units * UNIT));
  }

  private Ruling claim(String action, Asked... asked) {
    return allowances.claim(ADA, action, Digest.of(action + List.of(asked)), List.of(asked));
  }

  private void allow(long chip, long usdc, long publications) {
    allowances.set(ADA, new Allowance(chip * UNIT, usdc * UNIT, publications));
  }

  @Test
  void withoutAWordOfTheUserEveryActionAsks() {
    Ruling ruling = usdc("r1:1:1", 1);
    assertThat(ruling.alone()).isFalse();
    assertThat(ruling.words()).isEqualTo("1 USDC asked, 0 used today, at most 0 a day");
    assertThat(claim("r1:1:2", new Asked(Kind.PUBLICATIONS, 1)).alone()).isFalse();
  }

  @Test
  void manySmallTransfersBelowTheThresholdAreStoppedByTheirSum() {
    allow(0, 10, 0);
    List<Boolean> alone = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      alone.add(usdc("r1:" + i + ":1", 1).alone());
    }
    assertThat(alone.subList(0, 10)).doesNotContain(false);
    assertThat(alone.subList(10, 20)).doesNotContain(true);
    assertThat(allowances.usedToday(ADA)).isEqualTo(new Allowance(0, 10 * UNIT, 0));
    assertThat(usdc("r1:21:1", 1).words())
        .isEqualTo("1 USDC asked, 10 used today, at most 10 a day");
  }

  @Test
  void splittingOverRunsAndSubagentsDoesNotHelp() {
    allow(0, 10, 0);
    assertThat(usdc("r1:1:1", 4).alone()).isTrue();
    assertThat(usdc("r1-2:1:1", 4).alone()).isTrue();
    assertThat(usdc("r2:1:1", 4).alone()).isFalse();
    assertThat(usdc("r2-1:1:1", 2).alone()).isTrue();
    assertThat(usdc("r3:1:1", 1).alone()).isFalse();
  }

  @Test
  void theSameActionGetsTheSameRulingAndCountsOnce() {
    allow(0, 10, 0);
    Ruling first = usdc("r1:1:1", 6);
    Ruling held = usdc("r1:1:2", 6);
    assertThat(held.alone()).isFalse();
    allow(0, 100, 0);
    assertThat(usdc("r1:1:1", 6)).isEqualTo(first);
    assertThat(usdc("r1:1:2", 6)).isEqualTo(held);
    now = now.plusSeconds(7_200);
    assertThat(
            new Allowances(database, () -> now)
                .claim(
                    ADA,
                    "r1:1:1",
                    Digest.of("r1:1:1" + List.of(new Asked(Kind.USDC, 6 * UNIT))),
                    List.of(new Asked(Kind.USDC, 6 * UNIT))))
        .isEqualTo(first);
    assertThat(allowances.usedToday(ADA)).isEqualTo(Allowance.NONE);
  }

  @Test
  void changedArgumentsAreAnotherAction() {
    allow(0, 10, 0);
    assertThat(usdc("r1:1:1", 6).alone()).isTrue();
    assertThat(usdc("r1:1:1", 7).alone()).isFalse();
    assertThat(allowances.usedToday(ADA).usdc()).isEqualTo(6 * UNIT);
  }

  @Test
  void aDayBeginsAtMidnightUtc() {
    allow(0, 10, 0);
    assertThat(usdc("r1:1:1", 10).alone()).isTrue();
    now = Instant.parse("2026-03-01T23:59:59.999Z");
    assertThat(usdc("r1:2:1", 1).alone()).isFalse();
    now = Instant.parse("2026-03-02T00:00:00Z");
    assertThat(usdc("r1:3:1", 10).alone()).isTrue();
  }

  @Test
  void whatWasRefusedAfterwardsIsGivenBackAndNeverDone() {
    allow(0, 10, 0);
    assertThat(usdc("r1:1:1", 10).alone()).isTrue();
    assertThat(allowances.refusal(ADA, "r1:1:1")).isEmpty();
    allowances.giveBack(ADA, "r1:1:1", "too little");
    allowances.giveBack(ADA, "r1:1:1", "again");
    assertThat(allowances.refusal(ADA, "r1:1:1")).contains("too little");
    assertThat(usdc("r1:2:1", 10).alone()).isTrue();
    assertThat(allowances.refusal(new TenantId("ben"), "r1:1:1")).isEmpty();
  }

  @Test
  void everythingAnActionTakesMustFit() {
    allow(50, 0, 1);
    Asked article = new Asked(Kind.PUBLICATIONS, 1);
    Ruling both = claim("r1:1:1", article, new Asked(Kind.CHIP, 100 * UNIT));
    assertThat(both.alone()).isFalse();
    assertThat(both.words())
        .isEqualTo(
            "1 publication asked, 0 used today, at most 1 a day"
                + " and 100 CHIP asked, 0 used today, at most 50 a day");
    assertThat(claim("r1:1:2", article).alone()).isTrue();
    assertThat(claim("r1:1:3", article).alone()).isFalse();
    assertThat(claim("r1:1:4").words()).isEqualTo("nothing asked");
  }

  @Test
  void aLoweredAllowanceStopsWhatFollows() {
    allow(0, 10, 0);
    assertThat(usdc("r1:1:1", 8).alone()).isTrue();
    allow(0, 5, 0);
    assertThat(usdc("r1:2:1", 1).words()).isEqualTo("1 USDC asked, 8 used today, at most 5 a day");
    assertThat(usdc("r1:3:1", 1).alone()).isFalse();
  }

  @Test
  void anothersAllowanceIsNotTouched() {
    TenantId ben = new TenantId("ben");
    allow(0, 10, 0);
    Ruling his =
        allowances.claim(ben, "r9:1:1", Digest.of("x"), List.of(new Asked(Kind.USDC, UNIT)));
    assertThat(his.alone()).isFalse();
    assertThat(usdc("r1:1:1", 10).alone()).isTrue();
  }

  @Test
  void twoRunsAtOnceCannotBothTakeTheLastOfIt() throws Exception {
    allow(0, 10, 0);
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Boolean>> work = new ArrayList<>();
      for (int run = 0; run < 8; run++) {
        int number = run;
        work.add(() -> usdc("r" + number + ":1:1", 3).alone());
      }
      int taken = 0;
      for (Future<Boolean> each : pool.invokeAll(work)) {
        taken += each.get() ? 1 : 0;
      }
      assertThat(taken).isEqualTo(3);
    }
    assertThat(allowances.usedToday(ADA).usdc()).isEqualTo(9 * UNIT);
  }

  @ParameterizedTest
  @CsvSource({
    "-1,0,0",
    "0,-1,0",
    "0,0,-1",
    "1000000001,0,0",
    "0,5000000001,0",
    "0,0,101",
    "9223372036854775807,0,0",
    "-9223372036854775808,0,0"
  })
  void anAllowanceHasBounds(long chip, long usdc, long publications) {
    assertThatThrownBy(() -> new Allowance(chip, usdc, publications))
        .isInstanceOf(ChoirException.class)
        .hasMessageContaining("is no allowance");
  }

  @Test
  void hugeAmountsAreHeldAndNeverWrap() {
    allow(1_000, 5_000, 100);
    assertThat(claim("r1:1:1", new Asked(Kind.USDC, Long.MAX_VALUE)).alone()).isFalse();
    assertThat(claim("r1:1:2", new Asked(Kind.USDC, Long.MAX_VALUE)).alone()).isFalse();
    assertThat(allowances.usedToday(ADA)).isEqualTo(Allowance.NONE);
    assertThatThrownBy(() -> new Asked(Kind.USDC, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Asked(Kind.USDC, -5)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aRulingIsReadBackFromItsWords() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      List<Asked> asked = new ArrayList<>();
      for (Kind kind : Kind.values()) {
        if (random.nextBoolean()) {
          asked.add(new Asked(kind, 1 + (random.nextLong() >>> (1 + random.nextInt(62)))));
        }
      }
      Ruling ruling = AllowanceRule.rule(asked, allowance(random), allowance(random));
      assertThat(AllowanceRule.read(ruling.words())).as("seed %d", seed).contains(ruling);
    }
  }

  private static Allowance allowance(Random random) {
    return new Allowance(
        random.nextInt(1_000_000_001), 5L * random.nextInt(1_000_000_001), random.nextInt(101));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''",
        "1 USDC asked",
        "01 USDC asked, 0 used today, at most 1 a day",
        "1.0 USDC asked, 0 used today, at most 1 a day",
        "0 USDC asked, 0 used today, at most 1 a day",
        "-1 USDC asked, 0 used today, at most 1 a day",
        "1 publications asked, 0 used today, at most 1 a day",
        "1 USDC asked, 0 used today, at most 1 a day and ",
        "99999999999999999999 USDC asked, 0 used today, at most 1 a day",
        "nothing asked and 1 USDC asked, 0 used today, at most 1 a day"
      })
  void otherWordsAreNoRuling(String words) {
    assertThat(AllowanceRule.read(words)).isEmpty();
  }
}
