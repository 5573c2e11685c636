package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.TenantId;
import org.choir.database.Database;

/** Moves CHIP into and out of stakes, as the rows intend. */
final class StakeMoves {
  private static final String OF_KEY = "select * from economy.stake where key = ?";

  private final Database database;
  private final Ledger ledger;
  private final InstantSource clock;

  StakeMoves(Database database, Ledger ledger, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.clock = clock;
  }

  /** Intends to slash a frozen stake, and stops its article's reward; the row must be locked. */
  static void slash(Connection c, Stake stake) throws SQLException {
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

  /** Orders what the row intends, which the ledger does once, and writes down that it is done. */
  Stake advance(Stake stake) {
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

  static ChoirException tooLittle(TenantId user, long amount, long there) {
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

  static Money chip(long micro) {
    return new Money(micro, Currency.CHIP);
  }
}
