package org.choir.economy.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.choir.backbone.Backbone;
import org.choir.backbone.PublicEvents;
import org.choir.core.AuditEvent;
import org.choir.core.Currency;
import org.choir.database.Database;
import org.choir.economy.AccountId;
import org.choir.economy.Chart;
import org.choir.economy.CitationMonth;
import org.choir.economy.EconomyServices;
import org.choir.economy.Ledger;
import org.choir.economy.LedgerCheck;
import org.choir.economy.TestDatabase;
import org.choir.economy.TreasuryBooks;
import org.choir.keys.FileDataKeys;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A user's year over the real parts, to the cent: PostgreSQL, all services, Stripe's sandbox over
 * HTTP with signed webhooks, and a nats-server. Also when it is cut off in the middle.
 */
class UsersYearTest {
  private static final long CHIP = 1_000_000;
  private static final int[] CITATIONS = {3, 8, 12, 7, 5};
  private static final long[] BUDGETS = {67_500, 71_250, 75_000, 76_500, 78_750};
  private static final long[] RATES = {4_500_000, 4_750_000, 5_000_000, 5_100_000, 5_250_000};

  @TempDir private Path folder;
  private final List<AuditEvent> chain = new ArrayList<>();
  private final List<String> story = new ArrayList<>();

  /** A house: what a year leaves behind is looked at before it is closed. */
  private interface Life {
    EconomyYear.Standing live(YearParts parts);
  }

  private EconomyYear.Standing inAHouse(boolean buysChip, Life life) {
    return inAHouse(buysChip, clock -> clock, life);
  }

  private EconomyYear.Standing inAHouse(
      boolean buysChip, UnaryOperator<InstantSource> wound, Life life) {
    try (Database database = TestDatabase.fresh();
        Backbone backbone =
            Backbone.start(
                new Backbone.Options(folder.resolve("nats"), 0, Backbone.Durability.CRASH),
                FileDataKeys.open(folder.resolve("keys")),
                InstantSource.system());
        YearParts parts = new YearParts(database, backbone.events(), this::record, wound)) {
      EconomyYear.Standing end = life.live(parts);
      everythingIsAsPromised(end, buysChip, parts, database, backbone.events());
      return end;
    }
  }

  private void record(AuditEvent event) {
    if (chain.stream().noneMatch(known -> known.id().equals(event.id()))) {
      chain.add(event);
    }
  }

  @Test
  void aYearWithBoughtChipEndsToTheCent() {
    inAHouse(true, parts -> new EconomyYear(parts, true, story::add).run());
    assertThat(story)
        .anyMatch(line -> line.contains("Ada has 2,150 credits (500 - 50 + 1,700), 346 CHIP"));
  }

  @Test
  void theSameYearWithoutBuyingChip() {
    inAHouse(false, parts -> new EconomyYear(parts, false, story::add).run());
  }

  private void everythingIsAsPromised(
      EconomyYear.Standing end,
      boolean buysChip,
      YearParts parts,
      Database database,
      PublicEvents bus) {
    long chip = (buysChip ? 296 : 196) * CHIP;
    assertThat(end).isEqualTo(new EconomyYear.Standing(2_150, chip, 50 * CHIP, 0, 0, 0, 0, 0));
    assertThat(end.allChip()).isEqualTo((buysChip ? 346 : 246) * CHIP);
    EconomyServices services = parts.services();
    everyMonthPaidItsRate(services);
    theDollarsAreWhereTheBooksSay(services.ledger(), parts, buysChip);
    LedgerCheck.Result check = LedgerCheck.run(database);
    assertThat(check.problems()).isEmpty();
    for (Currency currency : List.of(Currency.CHIP, Currency.USDC)) {
      TreasuryBooks books = TreasuryBooks.of(services.ledger(), currency, services.ledger().seq());
      assertThat(books.agree()).as("%s", books).isTrue();
    }
    everyBatchIsALeaf(check);
    everyPaymentIsNews(bus);
  }

  private static void everyMonthPaidItsRate(EconomyServices services) {
    long paid = 0;
    for (int n = 0; n < CITATIONS.length; n++) {
      YearMonth name = EconomyYear.FIRST.plusMonths(n);
      CitationMonth month = services.citations().month(name).orElseThrow();
      assertThat(month.state()).isEqualTo(CitationMonth.State.CLOSED);
      assertThat(month.terms().budget()).isEqualTo(BUDGETS[n] * 1_000_000);
      assertThat(services.treasury().budgets().budget(name).orElseThrow().amount())
          .isEqualTo(month.terms().budget());
      assertThat(month.eligible()).isEqualTo(CITATIONS[n]);
      assertThat(month.rate(0)).isEqualTo(RATES[n]);
      assertThat(month.paid())
          .isEqualTo(CITATIONS[n] * RATES[n])
          .isLessThanOrEqualTo(month.terms().budget());
      paid += month.paid();
    }
    assertThat(paid).isEqualTo(173_450_000);
    assertThat(services.ledger().balance(Chart.citations(EconomyYear.ADA)).creditsPosted())
        .isEqualTo(paid);
  }

  /** Stripe's own balance is what the ledger says is there, and the bank got its sum once. */
  private static void theDollarsAreWhereTheBooksSay(
      Ledger ledger, YearParts parts, boolean buysChip) {
    long cents = 10_000_000L + (buysChip ? 25_000 : 0) - 17_345;
    assertThat(parts.sandbox().balance("")).isEqualTo(cents);
    AccountId stripe = Chart.bank("stripe");
    assertThat(ledger.balance(stripe).posted()).isEqualTo(-cents * 10_000);
    assertThat(ledger.balance(stripe).creditsPending()).isZero();
    assertThat(parts.sandbox().objects("transfer")).hasSize(1);
    List<JsonNode> payouts = parts.sandbox().objects("payout");
    assertThat(payouts).hasSize(1);
    assertThat(payouts.getFirst().path("amount").asLong()).isEqualTo(17_345);
    assertThat(parts.sandbox().balance(payouts.getFirst().path("of_account").asText())).isZero();
    assertThat(parts.sandbox().objects("charge")).hasSize(buysChip ? 1 : 0);
  }

  private void everyBatchIsALeaf(LedgerCheck.Result check) {
    assertThat(chain).hasSize((int) check.batches());
    assertThat(chain).allMatch(event -> event.kind().equals("ledger.batch"));
    assertThat(chain.stream().mapToLong(event -> event.data().path("transfers").asLong()).sum())
        .isEqualTo(check.transfers());
  }

  private static void everyPaymentIsNews(PublicEvents bus) {
    List<PublicEvents.Event> all = bus.after(0, 10_000);
    Map<String, Long> news =
        all.stream()
            .filter(e -> e.subject().equals("citation.reward." + EconomyYear.ARTICLE))
            .collect(Collectors.groupingBy(PublicEvents.Event::type, Collectors.counting()));
    assertThat(news).isEqualTo(Map.of("citation_pending", 35L, "citation_paid", 35L));
    assertThat(all).anyMatch(e -> e.subject().equals("ledger.transfers"));
  }

  /** The server dies here. */
  private static final class Killed extends Error {
    Killed() {
      super("kill -9", null, false, false);
    }
  }

  /** Lives a year through, by a new server whenever the last one died. */
  private static EconomyYear.Standing survive(
      YearParts parts, EconomyYear year, BooleanSupplier died) {
    while (true) {
      try {
        return year.run();
      } catch (Killed | UncheckedIOException e) {
        // Also the listener's thread may have died, with an event in its hands.
        if (!died.getAsBoolean()) {
          throw e;
        }
      }
      parts.closeServices();
    }
  }

  @Test
  @Tag("long")
  void anyLineMayBeTheServersLast() {
    Set<String> told = new HashSet<>();
    Consumer<String> dying =
        line -> {
          if (told.add(line)) {
            throw new Killed();
          }
        };
    inAHouse(true, parts -> survive(parts, new EconomyYear(parts, true, dying), () -> true));
    assertThat(told).hasSizeGreaterThan(60);
  }

  /** The server dies when it looks at its clock, which it does before most of what it writes. */
  private static final class DyingClock {
    private final Random random;
    private final int gap;
    private int left;
    private int looks;
    private int deaths;
    private boolean died;

    DyingClock(long seed, int gap) {
      this.random = new Random(seed);
      this.gap = gap;
      this.left = 1 + random.nextInt(gap);
    }

    InstantSource over(InstantSource clock) {
      return () -> {
        look();
        return clock.instant();
      };
    }

    private synchronized void look() {
      // The ledger's own thread dies in tests of its own.
      if (Thread.currentThread().getName().equals("ledger")) {
        return;
      }
      looks++;
      if (--left == 0) {
        left = 1 + random.nextInt(gap);
        deaths++;
        died = true;
        throw new Killed();
      }
    }

    /** Whether it died since this was asked last. */
    synchronized boolean died() {
      boolean now = died;
      died = false;
      return now;
    }
  }

  private void survives(boolean buysChip, int gap, int deathsMin, long seed) {
    System.out.println("dying servers, seed " + seed);
    DyingClock dying = new DyingClock(seed, gap);
    inAHouse(
        buysChip,
        dying::over,
        parts -> survive(parts, new EconomyYear(parts, buysChip, story::add), dying::died));
    System.out.println(
        "a year of " + dying.looks + " looks and " + dying.deaths + " deaths, seed " + seed);
    assertThat(dying.deaths).as("deaths, seed %s", seed).isGreaterThan(deathsMin);
  }

  @Test
  void aYearOfDyingServersEndsAlike() {
    survives(true, 80, 5, 20261121);
  }

  @Test
  @Tag("long")
  void aYearOfServersThatHardlyLiveEndsAlike() {
    survives(false, 30, 15, System.nanoTime());
  }

  @Test
  @Tag("long")
  void theDemoTellsBothYears() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    EconomyDemo.run(folder.resolve("demo"), new PrintStream(bytes, true, StandardCharsets.UTF_8));
    String told = bytes.toString(StandardCharsets.UTF_8);
    System.out.println(told);
    assertThat(told)
        .contains("2,150 credits (500 - 50 + 1,700), 346 CHIP (50 + 100 + 196)")
        .contains("2,150 credits (500 - 50 + 1,700), 246 CHIP (50 + 196)")
        .contains("and $0.00")
        .doesNotContain("NOT");
  }
}
