package org.choir.economy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.database.Database;

/**
 * The epochs of emission. An epoch's cap is put into an account of its own when it is opened, and
 * rewards are made from there alone: the ledger itself keeps their sum below the cap, whatever the
 * rules say and in whatever order claims come. What is left at the end goes back.
 */
final class Epochs {
  private final Database database;
  private final Ledger ledger;
  private final Supplier<Parameters> parameters;

  Epochs(Database database, Ledger ledger, Supplier<Parameters> parameters) {
    this.database = database;
    this.ledger = ledger;
    this.parameters = parameters;
  }

  private record Epoch(int number, long cap, String state, long rest) {
    static Epoch read(ResultSet row) throws SQLException {
      return new Epoch(
          row.getInt("number"), row.getLong("cap"), row.getString("state"), row.getLong("rest"));
    }
  }

  /**
   * What an epoch may make.
   *
   * @param cap for those that were not stopped
   * @param claimed what these are worth together
   * @param left what may still be made
   */
  record Room(long cap, long claimed, long left) {}

  /** The epoch of this moment, open. */
  int open(Instant now) {
    int number = Emission.epoch(now);
    long cap =
        Math.min(
            parameters.get().of(Parameter.EPOCH_EMISSION),
            Math.max(0, ledger.balance(Chart.unissuedChip()).available()));
    Epoch epoch =
        database.transaction(
            c -> {
              Rows.update(
                  c,
                  "insert into economy.epoch (number, cap, state) values (?, ?, 'opening')"
                      + " on conflict do nothing",
                  number,
                  cap);
              return find(c, number).orElseThrow();
            });
    if (epoch.state().equals("opening")) {
      ledger.open(Chart.emission(number), Limit.NO_OVERDRAFT);
      if (epoch.cap() > 0) {
        ledger.require(
            Transfer.move(
                Transfer.id("epoch", Integer.toString(number), "open"),
                Chart.unissuedChip(),
                Chart.emission(number),
                epoch.cap(),
                "epoch_opened",
                Explanation.of("the cap of a 30-day epoch", "epoch", number)));
      }
      state(number, "opening", "open");
    } else if (!epoch.state().equals("open")) {
      throw ChoirException.retryable(
          "epoch_closed",
          "the epoch " + number + " is closed already, though it is not over by this clock",
          "look at the clock of this machine",
          null);
    }
    return number;
  }

  private static Optional<Epoch> find(Connection c, int number) throws SQLException {
    return Rows.first(c, "select * from economy.epoch where number = ?", Epoch::read, number);
  }

  private void state(int number, String from, String to) {
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.epoch set state = ? where number = ? and state = ?",
                to,
                number,
                from));
  }

  /** Whether it makes nothing any more. */
  static boolean closed(Connection c, int number) throws SQLException {
    return find(c, number).filter(e -> e.state().startsWith("clos")).isPresent();
  }

  /** What an open epoch may make; it is locked until the transaction ends. */
  static Room room(Connection c, int number) throws SQLException {
    Epoch epoch =
        Rows.first(
                c, "select * from economy.epoch where number = ? for update", Epoch::read, number)
            .orElseThrow();
    long made = sum(c, number, "made", "r.state <> 'held'");
    long stopped = sum(c, number, "made", "r.state = 'stopped'");
    long claimed = sum(c, number, "worth", "r.state = 'active'");
    return new Room(Math.max(0, epoch.cap() - stopped), claimed, Math.max(0, epoch.cap() - made));
  }

  private static long sum(Connection c, int number, String column, String condition)
      throws SQLException {
    return Rows.number(
        c,
        "select coalesce(sum("
            + column
            + "), 0) from economy.reward r join economy.reward_standing s on s.article = r.article"
            + " where r.epoch = ? and "
            + condition,
        number);
  }

  /** How many articles of an owner were rewarded in an epoch so far. */
  static int earlier(Connection c, int number, String owner) throws SQLException {
    return Math.toIntExact(
        Rows.number(
            c,
            "select count(*) from economy.reward where epoch = ? and owner = ? and worth > 0",
            number,
            owner));
  }

  /** Brings every open epoch to its shares, and ends those that are over. */
  void settle(Instant now, Runnable finish) {
    List<Epoch> epochs =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select * from economy.epoch where state <> 'closed' order by number",
                    Epoch::read));
    for (Epoch epoch : epochs) {
      if (epoch.state().equals("opening") && epoch.number() == Emission.epoch(now)) {
        open(now);
      }
      if (epoch.state().equals("open")) {
        database.transaction(
            c -> {
              settle(c, epoch.number(), now);
              return 0;
            });
        finish.run();
      }
      if (!now.isBefore(Emission.end(epoch.number()))) {
        close(epoch.number());
      }
    }
  }

  private static void settle(Connection c, int number, Instant now) throws SQLException {
    Room room = room(c, number);
    List<Reward> rewards =
        Rows.list(
            c,
            RewardTable.SELECT + "where r.epoch = ? and r.state = 'active' order by r.article",
            Reward::read,
            number);
    List<Emission.Claim> claims =
        rewards.stream()
            .map(r -> new Emission.Claim(r.article(), r.worth(), r.made(), r.loose()))
            .toList();
    for (Emission.Change change : Emission.settle(room.cap(), claims)) {
      RewardTable.locked(c, change.article());
      RewardTable.intend(
          c,
          change.article(),
          change.amount() > 0 ? RewardTable.Kind.MADE : RewardTable.Kind.TAKEN_BACK,
          Math.abs(change.amount()),
          0,
          now);
    }
  }

  /** Gives back what an epoch that is over did not make; everything intended in it is done. */
  private void close(int number) {
    Epoch epoch =
        database.transaction(
            c -> {
              Room room = room(c, number);
              Rows.update(
                  c,
                  "update economy.epoch set state = 'closing', rest = ? where number = ?"
                      + " and state = 'open'",
                  room.left(),
                  number);
              return find(c, number).orElseThrow();
            });
    if (epoch.state().equals("opening")) {
      // Nothing was ever made in it; whether its cap has arrived, the ledger knows.
      reopen(epoch);
      close(number);
      return;
    }
    if (epoch.rest() > 0) {
      ledger.require(
          Transfer.move(
              Transfer.id("epoch", Integer.toString(number), "close"),
              Chart.emission(number),
              Chart.unissuedChip(),
              epoch.rest(),
              "epoch_closed",
              Explanation.of("what the epoch did not make", "epoch", number)));
    }
    state(number, "closing", "closed");
  }

  private void reopen(Epoch epoch) {
    if (ledger.find(Transfer.id("epoch", Integer.toString(epoch.number()), "open")).isEmpty()) {
      database.transaction(
          c ->
              Rows.update(
                  c,
                  "update economy.epoch set cap = 0 where number = ? and state = 'opening'",
                  epoch.number()));
    }
    state(epoch.number(), "opening", "open");
  }
}
