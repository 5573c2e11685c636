package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Stakes of published articles: taken before an article is published, bound to it, free after their
 * time; {@link StakeCases} has what may happen to them before. A CHIP at stake lies in an account
 * of its own, so that it can be neither moved nor staked a second time. Thread-safe.
 */
public final class Stakes {
  private static final String OF_KEY = "select * from economy.stake where key = ?";
  private static final String OF_ARTICLE = "select * from economy.stake where article = ?";
  private static final int BATCH = 500;

  /** A stake whose article never came goes back after this. */
  private static final Duration UNBOUND_MAX = Duration.ofDays(1);

  private final Database database;
  private final Ledger ledger;
  private final Purses purses;
  private final Supplier<Parameters> parameters;
  private final InstantSource clock;
  private final StakeMoves moves;

  /** Over the tables of this room, which exist. */
  public Stakes(
      Database database, Ledger ledger, Supplier<Parameters> parameters, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.purses = new Purses(ledger);
    this.parameters = parameters;
    this.clock = clock;
    this.moves = new StakeMoves(database, ledger, clock);
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
          StakeMoves.chip(amount) + " is no stake",
          "choose between "
              + StakeMoves.chip(Parameter.PUBLISH_STAKE.least())
              + " and "
              + StakeMoves.chip(Parameter.PUBLISH_STAKE.most()));
    }
    purses.open(user);
    StakeRule.Parts parts =
        StakeRule.parts(
            amount,
            ledger.balance(Chart.starter(user)).available(),
            ledger.balance(Chart.available(user, Currency.CHIP)).available());
    return moves.advance(database.transaction(c -> intended(c, user, key, amount, parts)));
  }

  private Stake intended(
      Connection c, TenantId user, String key, long amount, StakeRule.Parts parts)
      throws SQLException {
    // One stake of a user after the other, so that only one can be the first.
    Rows.list(c, "select pg_advisory_xact_lock(hashtext(?))", row -> 1, "stake " + user);
    Optional<Stake> before = Rows.first(c, OF_KEY, Stake::read, key);
    if (before.isPresent() && !mayBeTakenAgain(before.get(), user)) {
      if (!before.get().user().equals(user) || before.get().amount() != amount) {
        throw ChoirException.usage(
            "stake_key_used",
            "there is a stake with the key "
                + key
                + " already: "
                + StakeMoves.chip(before.get().amount()),
            "publish under another key");
      }
      return before.get();
    }
    if (parts.missing() > 0 && !first(c, user, key)) {
      throw StakeMoves.tooLittle(user, amount, amount - parts.missing());
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

  /** Nothing of it is held, and it never answered for an article. */
  private static boolean mayBeTakenAgain(Stake stake, TenantId user) {
    boolean over = stake.state() == Stake.State.REFUSED || stake.state() == Stake.State.RETURNED;
    return over && stake.article().isEmpty() && stake.user().equals(user);
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
      moves.advance(stake.get());
      giveBack(key);
    } else {
      stake.ifPresent(moves::advance);
    }
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
                StakeMoves.slash(c, stake);
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
        moves.advance(stake);
      } catch (ChoirException e) {
        if (!e.code().equals("too_little_chip")) {
          throw e;
        }
        // Its publication was told, or was killed with the server: nothing was taken.
      }
    }
    return due.size() < BATCH ? due.size() : due.size() + run();
  }

  /** The stake that was taken with this key. */
  public Optional<Stake> withKey(String key) {
    return database.transaction(c -> Rows.first(c, OF_KEY, Stake::read, key));
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

  private static ChoirException none(String what) {
    return ChoirException.usage("no_such_stake", "there is no stake " + what, "");
  }
}
