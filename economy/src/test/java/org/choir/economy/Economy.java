package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * The services of rewards, stakes, credits and citations over real tables and the plain ledger,
 * with a clock that tests turn and a server that can be killed before or after any order.
 */
final class Economy {
  static final long CHIP = 1_000_000;
  static final long DOLLAR = 1_000_000;
  static final TenantId ADA = new TenantId("ada");
  static final TenantId BEN = new TenantId("ben");

  final Database database;
  final Ledger books;
  final KillableLedger ledger;
  Instant now = Instant.parse("2026-01-01T08:00:00Z");
  Parameters parameters = Parameters.STANDARD;
  SignUps signUps;
  RunCharges runs;
  Stakes stakes;
  StakeCases cases;
  Rewards rewards;
  Fees fees;
  CitationPayments citations;

  private static final class Shared {
    static final Database DATABASE = TestDatabase.fresh();
  }

  /** Over the plain ledger and tables that are emptied. */
  Economy() {
    this(emptied(), Optional.empty());
  }

  /** Over a database of its own and the real ledger in it. */
  Economy(Database database, Ledger books) {
    this(database, Optional.of(books));
  }

  private Economy(Database database, Optional<Ledger> given) {
    this.database = database;
    this.books = given.orElseGet(() -> new ReferenceLedger(() -> now));
    this.ledger = new KillableLedger(books);
    restart();
    Genesis.ensure(ledger);
    ledger.open(Chart.bank("test"), Limit.NONE);
  }

  private static Database emptied() {
    Shared.DATABASE.transaction(
        c ->
            Rows.update(
                c,
                "delete from economy.news; delete from economy.sign_up;"
                    + " delete from economy.run_charge; delete from economy.stake;"
                    + " delete from economy.reward_move; delete from economy.reward;"
                    + " delete from economy.epoch; delete from economy.citation_pay;"
                    + " delete from economy.citation_month"));
    return Shared.DATABASE;
  }

  /** A new server process over the same tables and books. */
  void restart() {
    ledger.live();
    Set<String> reviewers = Set.of("editor", "reader", "third");
    signUps = new SignUps(database, ledger, () -> parameters, () -> now);
    runs = new RunCharges(database, ledger, () -> parameters, () -> now, false);
    stakes = new Stakes(database, ledger, () -> parameters, () -> now);
    cases = new StakeCases(database, ledger, () -> parameters, reviewers, () -> now);
    rewards = new Rewards(database, ledger, () -> parameters, reviewers, () -> now);
    fees = new Fees(ledger, () -> parameters);
    citations = new CitationPayments(database, ledger, () -> parameters, () -> now);
  }

  /**
   * Tells a story as it is, then with the server killed before and after each of its orders; its
   * end must always be the same.
   */
  static void whereverItIsKilled(Function<Economy, String> story) {
    String expected = story.apply(new Economy());
    for (int kill = 1; ; kill++) {
      for (boolean after : new boolean[] {false, true}) {
        Economy x = new Economy();
        x.ledger.kill(kill, after);
        String end = story.apply(x);
        if (!x.ledger.killed) {
          assertThat(kill).as("orders in the story").isGreaterThan(2);
          return;
        }
        assertThat(end).as("killed at order %s, after it: %s", kill, after).isEqualTo(expected);
      }
    }
  }

  /** Does a step of a story, and once more by a new server if it was killed. */
  void step(Runnable step) {
    try {
      step.run();
    } catch (ChoirException e) {
      if (!e.code().equals("killed")) {
        throw e;
      }
      restart();
      step.run();
    }
  }

  void signUp(TenantId user) {
    signUps.grant(user, new SignUps.Proof("card", Digest.of("card of " + user)));
  }

  /** As if the user had bought them from the treasury. */
  void buy(TenantId user, long chip) {
    Purses.open(ledger, user);
    ledger.require(
        Transfer.move(
            UUID.randomUUID(),
            Chart.treasury(Currency.CHIP),
            Chart.available(user, Currency.CHIP),
            chip * CHIP,
            "chip_sold",
            Explanation.NONE));
  }

  void treasuryBorrows(long micro) {
    ledger.require(
        Transfer.move(
            UUID.randomUUID(),
            Chart.bank("test"),
            Chart.treasury(Currency.USDC),
            micro,
            "loan",
            Explanation.NONE));
  }

  /** An article with everything verified. */
  static Rewards.Work work(String article, TenantId author, int score) {
    return work(article, author, author.value(), score, 10, 10, false);
  }

  static Rewards.Work work(
      String article,
      TenantId author,
      String owner,
      int score,
      int supported,
      int claims,
      boolean review) {
    return new Rewards.Work(
        article,
        author,
        owner,
        new RewardRule.Findings(score, supported, claims, 1_000_000),
        review);
  }

  static Cited cited(String id, TenantId author, String citing, Instant at) {
    return new Cited(id, "article-of-" + author, author, citing, author.value(), at, "");
  }

  static Cited without(Cited cited, String reason) {
    return new Cited(
        cited.citation(),
        cited.article(),
        cited.author(),
        cited.citingOwner(),
        cited.citedOwner(),
        cited.at(),
        reason);
  }

  CitationMonth open(YearMonth month, long budget, long average) {
    treasuryBorrows(budget);
    return citations.open(
        new CitationBudget(month, budget, average, Explanation.of("a test's budget")));
  }

  void days(long days) {
    now = now.plus(Duration.ofDays(days));
  }

  /** A day at a time, with the daily schedules. */
  void live(int days) {
    for (int day = 0; day < days; day++) {
      days(1);
      stakes.run();
      rewards.vest(now);
    }
  }

  long available(TenantId user, Currency currency) {
    return books.balance(Chart.available(user, currency)).available();
  }

  long chip(AccountId account) {
    return books.balance(account).posted();
  }

  /** Everything of a user's CHIP, wherever it lies. */
  long allChip(TenantId user) {
    return chip(Chart.available(user, Currency.CHIP))
        + chip(Chart.starter(user))
        + chip(Chart.staked(user))
        + chip(Chart.unvested(user));
  }

  long count(String sql, Object... values) {
    return database.transaction(c -> Rows.number(c, sql, values));
  }

  static String first(ResultSet row) throws java.sql.SQLException {
    return row.getString(1);
  }

  /** The ledger behind a server that can be killed just before or just after an order. */
  static final class KillableLedger implements Ledger {
    private final Ledger inner;
    private int left = Integer.MAX_VALUE;
    private boolean after;
    boolean killed;

    KillableLedger(Ledger inner) {
      this.inner = inner;
    }

    /** The server is killed at the n-th order from now, before it arrives or after it is done. */
    void kill(int n, boolean afterwards) {
      left = n;
      after = afterwards;
    }

    void live() {
      left = Integer.MAX_VALUE;
    }

    @Override
    public void open(AccountId account, Limit limit) {
      inner.open(account, limit);
    }

    @Override
    public List<Outcome> submit(List<Transfer> list) {
      if (left <= 0) {
        throw killing();
      }
      left--;
      if (left == 0 && !after) {
        throw killing();
      }
      List<Outcome> outcomes = inner.submit(list);
      if (left == 0) {
        throw killing();
      }
      return outcomes;
    }

    private ChoirException killing() {
      killed = true;
      return ChoirException.retryable("killed", "kill -9", "", null);
    }

    @Override
    public Balance balance(AccountId account) {
      return inner.balance(account);
    }

    @Override
    public Balance balanceAt(AccountId account, long seq) {
      return inner.balanceAt(account, seq);
    }

    @Override
    public long seq() {
      return inner.seq();
    }

    @Override
    public List<AccountId> accounts(String purse, Currency currency) {
      return inner.accounts(purse, currency);
    }

    @Override
    public Optional<LedgerEntry> find(UUID id) {
      return inner.find(id);
    }

    @Override
    public List<LedgerEntry> statement(AccountId account, long before, int limit) {
      return inner.statement(account, before, limit);
    }
  }
}
