package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Rewards of articles: made once for each article out of the epoch's emission, first used to
 * complete its own stake, vested by day, stopped by a finding. Thread-safe.
 */
public final class Rewards {
  private static final int BATCH = 500;

  private final Database database;
  private final Ledger ledger;
  private final Purses purses;
  private final Supplier<Parameters> parameters;
  private final Set<String> reviewers;
  private final InstantSource clock;
  private final Epochs epochs;

  /**
   * Over the tables of this room, which exist.
   *
   * @param reviewers who may stop a reward
   */
  public Rewards(
      Database database,
      Ledger ledger,
      Supplier<Parameters> parameters,
      Set<String> reviewers,
      InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.purses = new Purses(ledger);
    this.parameters = parameters;
    this.reviewers = Set.copyOf(reviewers);
    this.clock = clock;
    this.epochs = new Epochs(database, ledger, parameters);
  }

  /**
   * A published article as those who pay see it.
   *
   * @param owner the person behind the account, or the account if that is not known
   * @param review whether a person must look at it before anything is paid
   */
  public record Work(
      String article,
      TenantId author,
      String owner,
      RewardRule.Findings findings,
      boolean review) {}

  /**
   * Grants an article's reward, or holds it for its review. What was found the first time stands: a
   * second claim for the same article, whatever it says, changes nothing.
   *
   * @throws ChoirException {@code reward_below_stake} if the article's stake is incomplete and the
   *     reward cannot complete it; nothing is granted then, and the article should not stay
   *     published
   */
  public synchronized Reward claim(Work work) {
    purses.open(work.author());
    finish();
    Instant now = clock.instant();
    int epoch = work.review() ? Emission.epoch(now) : epochs.open(now);
    database.transaction(
        c -> {
          if (RewardTable.find(c, work.article()).isPresent()) {
            return 0;
          }
          int earlier = Epochs.earlier(c, epoch, work.owner());
          RewardRule.Worth worth = RewardRule.worth(work.findings(), earlier, parameters.get());
          requireEnough(c, work.article(), worth.micro());
          boolean held = work.review() && worth.micro() > 0;
          insert(c, work, held ? Reward.State.HELD : Reward.State.NOTHING, worth, now);
          if (!held && worth.micro() > 0) {
            grant(c, work.article(), epoch, now);
          }
          return 1;
        });
    finish();
    return of(work.article()).orElseThrow();
  }

  private static void requireEnough(Connection c, String article, long worth) throws SQLException {
    long missing =
        Rows.number(
            c, "select missing from economy.stake where article = ? and state = 'held'", article);
    if (missing > worth) {
      throw ChoirException.usage(
          "reward_below_stake",
          "the stake of "
              + article
              + " lacks "
              + new Money(missing, Currency.CHIP)
              + " and its reward is "
              + new Money(worth, Currency.CHIP),
          "buy what is missing with: choir buy chip");
    }
  }

  private static void insert(
      Connection c, Work work, Reward.State state, RewardRule.Worth worth, Instant now)
      throws SQLException {
    RewardRule.Findings findings = work.findings();
    Rows.update(
        c,
        "insert into economy.reward (article, account, owner, score, supported, claims, quality,"
            + " state, reason, claimed_at, explanation) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
            + " ?::jsonb)",
        work.article(),
        work.author().value(),
        work.owner(),
        findings.score(),
        findings.supported(),
        findings.claims(),
        findings.quality(),
        state.word(),
        state == Reward.State.HELD ? "review: a person must look at it first" : "",
        now,
        Json.write(worth.why().json()));
  }

  /** Within the epoch's cap; what a flood leaves over is made at the next daily settlement. */
  private void grant(Connection c, String article, int epoch, Instant now) throws SQLException {
    Epochs.Room room = Epochs.room(c, epoch);
    Reward reward = RewardTable.locked(c, article).orElseThrow();
    Parameters numbers = parameters.get();
    int earlier = Epochs.earlier(c, epoch, reward.owner());
    RewardRule.Worth worth = RewardRule.worth(reward.findings(), earlier, numbers);
    Rows.update(
        c,
        "update economy.reward set state = ?, reason = '', epoch = ?, worth = ?, earlier = ?,"
            + " at_once = ?, days = ?, granted_at = ?, explanation = ?::jsonb where article = ?",
        worth.micro() > 0 ? Reward.State.ACTIVE.word() : Reward.State.NOTHING.word(),
        epoch,
        worth.micro(),
        earlier,
        numbers.of(Parameter.VESTED_AT_ONCE),
        numbers.of(Parameter.VESTING_DAYS),
        now,
        Json.write(worth.why().json()),
        article);
    long share =
        Emission.share(worth.micro(), room.cap(), Math.addExact(room.claimed(), worth.micro()));
    long made = Math.min(share, room.left());
    if (made > 0) {
      RewardTable.intend(c, article, RewardTable.Kind.MADE, made, 0, now);
    }
    forward(c, article, now);
  }

  /**
   * A review has ended: accepted, what was held is granted in the epoch of this moment.
   *
   * @throws ChoirException {@code no_such_reward}
   */
  public synchronized Reward reviewed(String article, boolean accepted) {
    finish();
    Instant now = clock.instant();
    int epoch = epochs.open(now);
    database.transaction(
        c -> {
          Reward reward = RewardTable.locked(c, article).orElseThrow(() -> none(article));
          if (reward.state() != Reward.State.HELD) {
            return 0;
          }
          if (accepted) {
            grant(c, article, epoch, now);
          } else {
            end(c, article, Reward.State.NOTHING, "review: not accepted");
          }
          return 1;
        });
    finish();
    return of(article).orElseThrow();
  }

  /**
   * Stops a reward because of a finding: what has not vested is taken back, what has stays.
   *
   * @throws ChoirException {@code not_a_reviewer}, {@code no_such_reward}, {@code bad_finding}
   */
  public synchronized Reward stop(String article, String reviewer, String reason) {
    if (!reviewers.contains(reviewer)) {
      throw ChoirException.usage(
          "not_a_reviewer",
          reviewer + " may not stop rewards",
          "name who may under knowledge.reviewers in choir.yaml");
    }
    if (reason.isBlank() || reason.length() > 2_000) {
      throw ChoirException.usage(
          "bad_finding", "a finding needs reasons of at most 2,000 characters", "");
    }
    finish();
    database.transaction(
        c -> {
          Reward reward = RewardTable.locked(c, article).orElseThrow(() -> none(article));
          if (reward.state() != Reward.State.STOPPED && reward.state() != Reward.State.NOTHING) {
            end(c, article, Reward.State.STOPPED, "finding by " + reviewer + ": " + reason);
          }
          return sweep(c, article, clock.instant());
        });
    finish();
    return of(article).orElseThrow();
  }

  private static void end(Connection c, String article, Reward.State state, String reason)
      throws SQLException {
    Rows.update(
        c,
        "update economy.reward set state = ?, reason = ? where article = ?",
        state.word(),
        reason,
        article);
  }

  /**
   * What time brings: brings each open epoch to its shares and closes what is over, vests what is
   * due by the days that have passed, takes back what a finding stopped, and finishes what a killed
   * server left. Meant for once a day; again on the same day changes nothing, and after days off
   * the next call makes up for all of them.
   *
   * @return how many CHIP vested, in the smallest unit
   */
  public synchronized long vest(Instant now) {
    finish();
    epochs.settle(now, this::finish);
    long before = vestedInAll();
    forEach(
        "r.state = 'stopped' and s.loose > 0",
        (c, article) -> {
          sweep(c, article, now);
        });
    forEach(
        "r.state = 'active' and not exists (select 1 from economy.stake k where"
            + " k.article = r.article and k.state in ('accused', 'appealed', 'slashing'))",
        (c, article) -> forward(c, article, now));
    finish();
    return vestedInAll() - before;
  }

  /** Does something to one reward. */
  @FunctionalInterface
  private interface Step {
    void take(Connection c, String article) throws SQLException;
  }

  private void forEach(String condition, Step step) {
    String after = "";
    while (true) {
      String last = after;
      List<String> articles =
          database.transaction(
              c -> {
                List<String> some =
                    Rows.list(
                        c,
                        "select r.article from economy.reward r join economy.reward_standing s"
                            + " on s.article = r.article where "
                            + condition
                            + " and r.article > ? order by r.article limit ?",
                        row -> row.getString(1),
                        last,
                        BATCH);
                for (String article : some) {
                  step.take(c, article);
                }
                return some;
              });
      if (articles.isEmpty()) {
        return;
      }
      finish();
      after = articles.getLast();
    }
  }

  private long vestedInAll() {
    return database.transaction(
        c ->
            Rows.number(
                c,
                "select coalesce(sum(amount), 0) from economy.reward_move where kind = 'vested'"));
  }

  /** Completes the article's stake, then vests what is due by now. */
  private static void forward(Connection c, String article, Instant now) throws SQLException {
    Reward reward = RewardTable.locked(c, article).orElseThrow();
    Instant granted = reward.grantedAt().orElse(now);
    long loose = reward.loose();
    if (reward.state() != Reward.State.ACTIVE) {
      return;
    }
    // Of the stake's row only what is missing; the advance of a stake never touches that.
    long missing =
        Rows.number(
            c,
            "select missing from economy.stake where article = ? and state = 'held' for update",
            article);
    long day = Vesting.day(granted, now, reward.days());
    if (missing > 0 && missing <= loose) {
      Rows.update(
          c, "update economy.stake set reward = missing, missing = 0 where article = ?", article);
      RewardTable.intend(c, article, RewardTable.Kind.STAKED, missing, day, now);
      loose -= missing;
    } else if (missing > 0) {
      // The stake comes first; a full epoch may make the rest later.
      return;
    }
    long due = Vesting.due(reward.made(), reward.atOnce(), day, reward.days()) - reward.vested();
    long amount = Math.min(due, loose);
    if (amount > 0) {
      RewardTable.intend(c, article, RewardTable.Kind.VESTED, amount, day, now);
    }
    boolean all = reward.vested() + Math.max(0, amount) == reward.made();
    if (all && reward.made() > 0 && Epochs.closed(c, reward.epoch().orElseThrow())) {
      end(c, article, Reward.State.VESTED, "");
    }
  }

  /** Takes back what a stopped reward has left. */
  private static int sweep(Connection c, String article, Instant now) throws SQLException {
    Reward reward = RewardTable.locked(c, article).orElseThrow();
    if (reward.state() != Reward.State.STOPPED || reward.loose() <= 0) {
      return 0;
    }
    int epoch = reward.epoch().orElseThrow();
    boolean over = Epochs.closed(c, epoch);
    RewardTable.intend(
        c,
        article,
        over ? RewardTable.Kind.UNMADE : RewardTable.Kind.TAKEN_BACK,
        reward.loose(),
        0,
        now);
    return 1;
  }

  /** Orders what is intended, which the ledger does once, and writes down that it is done. */
  private void finish() {
    while (true) {
      List<RewardTable.Move> moves = database.transaction(c -> RewardTable.undone(c, BATCH));
      if (moves.isEmpty()) {
        return;
      }
      ledger.require(moves.stream().map(RewardTable.Move::order).toList());
      database.transaction(
          c -> {
            RewardTable.done(c, moves);
            return 0;
          });
    }
  }

  /** The reward of an article, if it was claimed. */
  public Optional<Reward> of(String article) {
    return database.transaction(c -> RewardTable.find(c, article));
  }

  /** A user's rewards, oldest first. */
  public List<Reward> ofUser(TenantId user) {
    return database.transaction(
        c ->
            Rows.list(
                c,
                RewardTable.SELECT + "where r.account = ? order by r.claimed_at limit 1000",
                Reward::read,
                user.value()));
  }

  private static ChoirException none(String article) {
    return ChoirException.usage(
        "no_such_reward", "no reward was claimed for " + article, "publish it first");
  }
}
