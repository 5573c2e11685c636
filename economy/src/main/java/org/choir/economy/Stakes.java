package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Stakes of published articles: taken before an article is published, bound to it, free after their
 * time, slashed with reasons and after an appeal. A CHIP at stake lies in an account of its own, so
 * that it can be neither moved nor staked a second time. Thread-safe.
 */
public final class Stakes {
  private static final String OF_KEY = "select * from economy.stake where key = ?";
  private static final String OF_ARTICLE = "select * from economy.stake where article = ?";
  private static final int TEXT_MAX = 2_000;
  private static final int BATCH = 500;

  /** A stake whose article never came goes back after this. */
  private static final Duration UNBOUND_MAX = Duration.ofDays(1);

  private final Database database;
  private final Ledger ledger;
  private final Supplier<Parameters> parameters;
  private final Set<String> reviewers;
  private final InstantSource clock;

  /**
   * Over the tables of this room, which exist.
   *
   * @param reviewers who may accuse and decide, never both in one case
   */
  public Stakes(
      Database database,
      Ledger ledger,
      Supplier<Parameters> parameters,
      Set<String> reviewers,
      InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.parameters = parameters;
    this.reviewers = Set.copyOf(reviewers);
    this.clock = clock;
  }

  /**
   * Takes a stake before an article is published: starter CHIP first, then what is available. If
   * that is too little and it is the user's first, it stands with what is there, and the article's
   * own reward has to complete it. The same key again takes nothing more.
   *
   * @param amount in the smallest unit
   * @throws ChoirException {@code bad_stake}, {@code too_little_chip}, {@code stake_key_used}
   */
  public Stake take(TenantId user, String key, long amount) {
    if (amount < Parameter.PUBLISH_STAKE.least() || amount > Parameter.PUBLISH_STAKE.most()) {
      throw ChoirException.usage(
          "bad_stake",
          chip(amount) + " is no stake",
          "choose between "
              + chip(Parameter.PUBLISH_STAKE.least())
              + " and "
              + chip(Parameter.PUBLISH_STAKE.most()));
    }
    Purses.open(ledger, user);
    StakeRule.Parts parts =
        StakeRule.parts(
            amount,
            ledger.balance(Chart.starter(user)).available(),
            ledger.balance(Chart.available(user, Currency.CHIP)).available());
    return advance(database.transaction(c -> intended(c, user, key, amount, parts)));
  }

  private Stake intended(
      Connection c, TenantId user, String key, long amount, StakeRule.Parts parts)
      throws SQLException {
    // One stake of a user after the other, so that only one can be the first.
    Rows.list(c, "select pg_advisory_xact_lock(hashtext(?))", row -> 1, "stake " + user);
    Optional<Stake> before = Rows.first(c, OF_KEY, Stake::read, key);
    if (before.isPresent() && before.get().state() != Stake.State.REFUSED) {
      if (!before.get().user().equals(user) || before.get().amount() != amount) {
        throw ChoirException.usage(
            "stake_key_used",
            "there is a stake with the key " + key + " already: " + chip(before.get().amount()),
            "publish under another key");
      }
      return before.get();
    }
    if (parts.missing() > 0 && !first(c, user, key)) {
      throw tooLittle(user, amount, amount - parts.missing());
    }
    Instant now = clock.instant();
    Rows.update(
        c,
        "insert into economy.stake (key, account, amount, starter, available, missing, attempt,"
            + " state, at, free_at) values (?, ?, ?, ?, ?, ?, 1, 'taking', ?, ?)"
            + " on conflict (key) do update set account = excluded.account, amount ="
            + " excluded.amount, starter = excluded.starter, available = excluded.available,"
            + " missing = excluded.missing, attempt = stake.attempt + 1, state = 'taking',"
            + " at = excluded.at, free_at = excluded.free_at",
        key,
        user.value(),
        amount,
        parts.starter(),
        parts.available(),
        parts.missing(),
        now,
        now.plusSeconds(parameters.get().of(Parameter.STAKE_TIME)));
    return Rows.first(c, OF_KEY, Stake::read, key).orElseThrow();
  }

  /** No article of this user was ever published with a stake, and no other stake is incomplete. */
  private static boolean first(Connection c, TenantId user, String key) throws SQLException {
    return Rows.number(
            c,
            "select count(*) from economy.stake where account = ? and key <> ?"
                + " and (article is not null or state in ('taking', 'held'))",
            user.value(),
            key)
        == 0;
  }

  /**
   * Binds a stake to the article that was published with it; it answers for no other.
   *
   * @throws ChoirException {@code no_such_stake}, {@code stake_used}
   */
  public Stake bind(String key, String article) {
    return database.transaction(
        c -> {
          Stake stake =
              Rows.first(c, OF_KEY + " for update", Stake::read, key)
                  .orElseThrow(() -> none("with the key " + key));
          Optional<Stake> other = Rows.first(c, OF_ARTICLE, Stake::read, article);
          boolean same = stake.article().equals(Optional.of(article));
          if (same) {
            return stake;
          }
          if (stake.state() != Stake.State.HELD
              || stake.article().isPresent()
              || other.isPresent()) {
            throw ChoirException.usage(
                "stake_used",
                "the stake "
                    + key
                    + " is "
                    + stake.state().word()
                    + stake.article().map(a -> " and answers for " + a).orElse("")
                    + other.map(o -> ", and " + article + " has the stake " + o.key()).orElse(""),
                "stake anew for each article");
          }
          Rows.update(c, "update economy.stake set article = ? where key = ?", article, key);
          return Rows.first(c, OF_KEY, Stake::read, key).orElseThrow();
        });
  }

  /**
   * Gives a stake back at once, because its article was not published after all. One that its
   * article's reward has completed stays.
   */
  public void giveBack(String key) {
    Optional<Stake> stake =
        database.transaction(
            c -> {
              Rows.update(
                  c,
                  "update economy.stake set state = 'returning', article = null where key = ?"
                      + " and state = 'held' and reward = 0",
                  key);
              return Rows.first(c, OF_KEY, Stake::read, key);
            });
    if (stake.isPresent() && stake.get().state() == Stake.State.TAKING) {
      advance(stake.get());
      giveBack(key);
    } else {
      stake.ifPresent(this::advance);
    }
  }

  /**
   * Asks for a share of a stake to be slashed. It is frozen from now on, and its article's reward
   * stops vesting, until its author lets the time to appeal go by or a reviewer has decided.
   *
   * @param share in parts per million
   * @throws ChoirException {@code not_a_reviewer}, {@code bad_accusation}, {@code no_such_stake},
   *     {@code stake_not_held}
   */
  public Stake accuse(String article, String accuser, long share, String reasons) {
    requireReviewer(accuser);
    long most = parameters.get().of(Parameter.SLASH_SHARE_MAX);
    if (share <= 0 || share > most || reasons.isBlank() || reasons.length() > TEXT_MAX) {
      throw ChoirException.usage(
          "bad_accusation",
          "a slash needs a share between 1 and " + most + " ppm, and reasons",
          "give reasons of at most " + TEXT_MAX + " characters");
    }
    Instant now = clock.instant();
    Instant until = now.plusSeconds(parameters.get().of(Parameter.APPEAL_TIME));
    return database.transaction(
        c -> {
          Stake stake = locked(c, article);
          require(stake, Stake.State.HELD, "stake_not_held");
          if (stake.user().value().equals(accuser)) {
            throw ChoirException.usage(
                "not_a_reviewer", accuser + " may not decide about an own article", "");
          }
          Rows.update(
              c,
              "update economy.stake set state = 'accused', accuser = ?, share = ?, reasons = ?,"
                  + " appeal_until = ?, appeal = null, reviewer = null, decision = null"
                  + " where key = ?",
              accuser,
              share,
              reasons,
              until,
              stake.key());
          return locked(c, article);
        });
  }

  /**
   * The author's answer to an accusation; the stake stays frozen until a reviewer who is not the
   * accuser has decided.
   *
   * @throws ChoirException {@code no_such_stake}, {@code not_yours}, {@code stake_not_accused},
   *     {@code too_late_to_appeal}
   */
  public Stake appeal(String article, TenantId author, String reasons) {
    String said = reasons.length() > TEXT_MAX ? reasons.substring(0, TEXT_MAX) : reasons;
    Instant now = clock.instant();
    return database.transaction(
        c -> {
          Stake stake = locked(c, article);
          if (!stake.user().equals(author)) {
            throw ChoirException.usage(
                "not_yours", "the stake of " + article + " is " + stake.user() + "'s", "");
          }
          require(stake, Stake.State.ACCUSED, "stake_not_accused");
          if (stake.appealUntil().filter(now::isBefore).isEmpty()) {
            throw ChoirException.usage(
                "too_late_to_appeal",
                "the time to appeal ended at " + stake.appealUntil().orElse(now),
                "");
          }
          Rows.update(
              c,
              "update economy.stake set state = 'appealed', appeal = ? where key = ?",
              said,
              stake.key());
          return locked(c, article);
        });
  }

  /**
   * Decides an appeal.
   *
   * @param upheld whether the stake is slashed
   * @throws ChoirException {@code not_a_reviewer}, {@code reviewer_is_accuser}, {@code
   *     no_such_stake}, {@code stake_not_appealed}
   */
  public Stake decide(String article, String reviewer, boolean upheld, String reasons) {
    requireReviewer(reviewer);
    String said = reasons.length() > TEXT_MAX ? reasons.substring(0, TEXT_MAX) : reasons;
    Stake decided =
        database.transaction(
            c -> {
              Stake stake = locked(c, article);
              require(stake, Stake.State.APPEALED, "stake_not_appealed");
              if (stake.accuser().equals(reviewer) || stake.user().value().equals(reviewer)) {
                throw ChoirException.usage(
                    "reviewer_is_accuser",
                    reviewer + " is a party in the case of " + article,
                    "let another reviewer decide");
              }
              Rows.update(
                  c,
                  "update economy.stake set reviewer = ?, decision = ? where key = ?",
                  reviewer,
                  said,
                  stake.key());
              if (upheld) {
                slash(c, stake);
              } else {
                Rows.update(
                    c, "update economy.stake set state = 'held' where key = ?", stake.key());
              }
              return locked(c, article);
            });
    return advance(decided);
  }

  private static void slash(Connection c, Stake stake) throws SQLException {
    StakeRule.Rest rest =
        StakeRule.slash(stake.starter(), stake.available(), stake.reward(), stake.share());
    Rows.update(
        c,
        "update economy.stake set state = 'slashing', starter = ?, available = ?, reward = ?,"
            + " slashed = slashed + ?, slashing = ?, round = round + 1 where key = ?",
        rest.starter(),
        rest.available(),
        rest.reward(),
        rest.taken(),
        rest.taken(),
        stake.key());
    Rows.update(
        c,
        "update economy.reward set state = 'stopped', reason = ? where article = ?"
            + " and state in ('held', 'active', 'vested')",
        "slashed: " + stake.reasons(),
        stake.article().orElse(""));
  }

  /**
   * What time brings: slashes whose appeal was not used, stakes that are free, and whatever a
   * killed server left half done. May be called at any time.
   *
   * @return how many stakes it moved
   */
  public int run() {
    Instant now = clock.instant();
    List<Stake> due =
        database.transaction(
            c -> {
              List<Stake> late =
                  Rows.list(
                      c,
                      "select * from economy.stake where state = 'accused' and appeal_until <= ?"
                          + " limit ? for update",
                      Stake::read,
                      now,
                      BATCH);
              for (Stake stake : late) {
                slash(c, stake);
              }
              Rows.update(
                  c,
                  "update economy.stake set state = 'returning' where state = 'held'"
                      + " and (free_at <= ? or (article is null and at <= ?))",
                  now,
                  now.minus(UNBOUND_MAX));
              return Rows.list(
                  c,
                  "select * from economy.stake where state in ('taking', 'slashing', 'returning')"
                      + " order by at, key limit ?",
                  Stake::read,
                  BATCH);
            });
    for (Stake stake : due) {
      try {
        advance(stake);
      } catch (ChoirException e) {
        if (!e.code().equals("too_little_chip")) {
          throw e;
        }
        // Its publication was told, or was killed with the server: nothing was taken.
      }
    }
    return due.size() < BATCH ? due.size() : due.size() + run();
  }

  /** The stake that answers for an article. */
  public Optional<Stake> of(String article) {
    return database.transaction(c -> Rows.first(c, OF_ARTICLE, Stake::read, article));
  }

  /** A user's stakes, oldest first. */
  public List<Stake> ofUser(TenantId user) {
    return database.transaction(
        c ->
            Rows.list(
                c,
                "select * from economy.stake where account = ? order by at, key limit 1000",
                Stake::read,
                user.value()));
  }

  /** Orders what the row intends, which the ledger does once, and writes down that it is done. */
  private Stake advance(Stake stake) {
    return switch (stake.state()) {
      case TAKING -> taking(stake);
      case RETURNING -> returning(stake);
      case SLASHING -> slashing(stake);
      case REFUSED, HELD, ACCUSED, APPEALED, SLASHED, RETURNED -> stake;
    };
  }

  private Stake taking(Stake stake) {
    AccountId staked = Chart.staked(stake.user());
    AccountId free = Chart.available(stake.user(), Currency.CHIP);
    Explanation why = why(stake, "starter CHIP first, then what is available");
    List<Transfer> orders = new ArrayList<>();
    add(orders, stake, "starter", Chart.starter(stake.user()), staked, stake.starter(), why);
    add(orders, stake, "available", free, staked, stake.available(), why);
    try {
      order(orders);
    } catch (LedgerException e) {
      if (e.outcome() != Outcome.EXCEEDS_CREDITS) {
        throw e;
      }
      done(stake, Stake.State.REFUSED);
      throw tooLittle(stake.user(), stake.amount(), ledger.balance(free).available());
    }
    return done(stake, Stake.State.HELD);
  }

  private Stake returning(Stake stake) {
    AccountId staked = Chart.staked(stake.user());
    Explanation why = why(stake, "a stake that is free goes back where it came from");
    List<Transfer> orders = new ArrayList<>();
    add(orders, stake, "to-starter", staked, Chart.starter(stake.user()), stake.starter(), why);
    add(
        orders,
        stake,
        "to-available",
        staked,
        Chart.available(stake.user(), Currency.CHIP),
        stake.available(),
        why);
    add(orders, stake, "to-unvested", staked, Chart.unvested(stake.user()), stake.reward(), why);
    order(orders);
    return done(stake, Stake.State.RETURNED);
  }

  private Stake slashing(Stake stake) {
    List<Transfer> orders = new ArrayList<>();
    add(
        orders,
        stake,
        "slash-" + stake.round(),
        Chart.staked(stake.user()),
        Chart.treasury(Currency.CHIP),
        stake.slashing(),
        Explanation.of(
            "stake × share, rounded down, to the treasury",
            "article",
            stake.article().orElse(""),
            "share",
            stake.share() + " ppm",
            "accuser",
            stake.accuser(),
            "reasons",
            stake.reasons()));
    order(orders);
    return done(stake, stake.there() > 0 ? Stake.State.HELD : Stake.State.SLASHED);
  }

  private static void add(
      List<Transfer> orders,
      Stake stake,
      String what,
      AccountId from,
      AccountId to,
      long amount,
      Explanation why) {
    if (amount > 0) {
      orders.add(
          Transfer.move(
              stake.id(what),
              from,
              to,
              amount,
              what.startsWith("slash")
                  ? "stake_slashed"
                  : what.startsWith("to-") ? "stake_returned" : "stake_taken",
              why));
    }
  }

  /** All of them or none. */
  private void order(List<Transfer> orders) {
    if (!orders.isEmpty()) {
      List<Transfer> chain = new ArrayList<>(orders.size());
      for (int i = 0; i < orders.size(); i++) {
        chain.add(i < orders.size() - 1 ? orders.get(i).chained() : orders.get(i));
      }
      ledger.require(chain);
    }
  }

  private Stake done(Stake stake, Stake.State state) {
    return database.transaction(
        c -> {
          int changed =
              Rows.update(
                  c,
                  "update economy.stake set state = ? where key = ? and attempt = ? and state = ?",
                  state.word(),
                  stake.key(),
                  stake.attempt(),
                  stake.state().word());
          if (changed == 1 && state == Stake.State.RETURNED && stake.reward() > 0) {
            RewardTable.unstaked(c, stake.article().orElseThrow(), stake.reward(), clock.instant());
          }
          return Rows.first(c, OF_KEY, Stake::read, stake.key()).orElseThrow();
        });
  }

  private static Stake locked(Connection c, String article) throws SQLException {
    return Rows.first(c, OF_ARTICLE + " for update", Stake::read, article)
        .orElseThrow(() -> none("for " + article));
  }

  private static void require(Stake stake, Stake.State state, String code) {
    if (stake.state() != state) {
      throw ChoirException.usage(
          code,
          "the stake of "
              + stake.article().orElse("no article")
              + " is "
              + stake.state().word()
              + ", not "
              + state.word(),
          "");
    }
  }

  private void requireReviewer(String account) {
    if (!reviewers.contains(account)) {
      throw ChoirException.usage(
          "not_a_reviewer",
          account + " may not decide about stakes",
          "name who may under knowledge.reviewers in choir.yaml");
    }
  }

  private static ChoirException none(String what) {
    return ChoirException.usage("no_such_stake", "there is no stake " + what, "");
  }

  private static ChoirException tooLittle(TenantId user, long amount, long there) {
    return ChoirException.usage(
        "too_little_chip",
        "a stake of " + chip(amount) + " needs more than the " + chip(there) + " of " + user,
        "buy some with: choir buy chip");
  }

  private static Explanation why(Stake stake, String formula) {
    return Explanation.of(
        formula,
        "stake",
        chip(stake.amount()),
        "starter",
        chip(stake.starter()),
        "available",
        chip(stake.available()),
        "own reward",
        chip(stake.reward()),
        "free at",
        stake.freeAt());
  }

  private static Money chip(long micro) {
    return new Money(micro, Currency.CHIP);
  }
}
