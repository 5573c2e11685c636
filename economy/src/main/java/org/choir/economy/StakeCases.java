package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Accusations against stakes: a reviewer accuses with reasons, the author may appeal, and another
 * reviewer decides. Frozen meanwhile, slashed to the treasury at the end or free again. Without an
 * appeal {@link Stakes#run} slashes when the time for one is over. Thread-safe.
 */
public final class StakeCases {
  private static final String OF_ARTICLE = "select * from economy.stake where article = ?";
  private static final int TEXT_MAX = 2_000;

  private final Database database;
  private final Supplier<Parameters> parameters;
  private final Set<String> reviewers;
  private final InstantSource clock;
  private final StakeMoves moves;

  /**
   * Over the tables of this room, which exist.
   *
   * @param reviewers who may accuse and decide, never both in one case
   */
  public StakeCases(
      Database database,
      Ledger ledger,
      Supplier<Parameters> parameters,
      Set<String> reviewers,
      InstantSource clock) {
    this.database = database;
    this.parameters = parameters;
    this.reviewers = Set.copyOf(reviewers);
    this.clock = clock;
    this.moves = new StakeMoves(database, ledger, clock);
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
                StakeMoves.slash(c, stake);
              } else {
                Rows.update(
                    c, "update economy.stake set state = 'held' where key = ?", stake.key());
              }
              return locked(c, article);
            });
    return moves.advance(decided);
  }

  private static Stake locked(Connection c, String article) throws SQLException {
    return Rows.first(c, OF_ARTICLE + " for update", Stake::read, article)
        .orElseThrow(
            () -> ChoirException.usage("no_such_stake", "there is no stake for " + article, ""));
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
}
