package org.choir.economy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.TenantId;

/** The statements over rewards and their moves, each in its caller's transaction. */
final class RewardTable {
  static final String SELECT =
      "select r.*, s.made, s.vested, s.loose, s.moves from economy.reward r"
          + " join economy.reward_standing s on s.article = r.article ";

  private RewardTable() {}

  /** What moves, and between which accounts. */
  enum Kind {
    /** Made for the author, not yet theirs. */
    MADE,
    /** Became the author's. */
    VESTED,
    /** Completes the article's stake. */
    STAKED,
    /** Came back from the article's stake; moved there by the stake. */
    UNSTAKED,
    /** Back to what the epoch may still make. */
    TAKEN_BACK,
    /** Back to what may still be made at all. */
    UNMADE;

    String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** An intended move that may not have been ordered. */
  record Move(
      String article,
      int number,
      Kind kind,
      long amount,
      int day,
      TenantId author,
      int epoch,
      long atOnce,
      long days,
      Explanation worth) {

    Transfer order() {
      AccountId unvested = Chart.unvested(author);
      AccountId from = kind == Kind.MADE ? Chart.emission(epoch) : unvested;
      AccountId to =
          switch (kind) {
            case MADE -> unvested;
            case VESTED -> Chart.available(author, Currency.CHIP);
            case STAKED -> Chart.staked(author);
            case TAKEN_BACK -> Chart.emission(epoch);
            case UNMADE -> Chart.unissuedChip();
            case UNSTAKED -> throw new IllegalStateException("a stake orders what it gives back");
          };
      return Transfer.move(
          Transfer.id("reward", article, Integer.toString(number)),
          from,
          to,
          amount,
          "reward_" + kind.word(),
          why());
    }

    private Explanation why() {
      return switch (kind) {
        case MADE -> worth;
        case VESTED ->
            Explanation.of(
                "a share at once, the rest in equal parts by day",
                "article",
                article,
                "at once",
                atOnce + " ppm",
                "day",
                day,
                "of days",
                days);
        case STAKED -> Explanation.of("completes the stake of its own article", "article", article);
        case TAKEN_BACK ->
            Explanation.of(
                "the share of a full epoch, or stopped by a finding", "article", article);
        case UNMADE, UNSTAKED -> Explanation.of("stopped by a finding", "article", article);
      };
    }
  }

  static Optional<Reward> find(Connection c, String article) throws SQLException {
    return Rows.first(c, SELECT + "where r.article = ?", Reward::read, article);
  }

  /** Locks it until the transaction ends, and reads it after that. */
  static Optional<Reward> locked(Connection c, String article) throws SQLException {
    Rows.list(
        c,
        "select article from economy.reward where article = ? for update",
        row -> row.getString(1),
        article);
    return find(c, article);
  }

  /** Intends a move; what is not yet ordered will be. The reward must be locked. */
  static void intend(Connection c, String article, Kind kind, long amount, long day, Instant at)
      throws SQLException {
    insert(c, article, kind, amount, day, false, at);
  }

  /** What a stake gave back to its article's reward. */
  static void unstaked(Connection c, String article, long amount, Instant at) throws SQLException {
    if (locked(c, article).isPresent()) {
      insert(c, article, Kind.UNSTAKED, amount, 0, true, at);
    }
  }

  private static void insert(
      Connection c, String article, Kind kind, long amount, long day, boolean done, Instant at)
      throws SQLException {
    Rows.update(
        c,
        "insert into economy.reward_move (article, number, kind, amount, day, done, at)"
            + " select ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ? from economy.reward_move"
            + " where article = ?",
        article,
        kind.word(),
        amount,
        day,
        done,
        at,
        article);
  }

  /** What was intended and not written down as done, in the order of intention. */
  static List<Move> undone(Connection c, int limit) throws SQLException {
    return Rows.list(
        c,
        "select m.*, r.account, r.epoch, r.at_once, r.days, r.explanation"
            + " from economy.reward_move m join economy.reward r on r.article = m.article"
            + " where not m.done order by m.seq limit ?",
        RewardTable::move,
        limit);
  }

  private static Move move(ResultSet row) throws SQLException {
    return new Move(
        row.getString("article"),
        row.getInt("number"),
        Kind.valueOf(row.getString("kind").toUpperCase(java.util.Locale.ROOT)),
        row.getLong("amount"),
        row.getInt("day"),
        new TenantId(row.getString("account")),
        row.getInt("epoch"),
        row.getLong("at_once"),
        row.getLong("days"),
        Explanation.parse(Json.parseObject(row.getString("explanation"))));
  }

  static void done(Connection c, List<Move> moves) throws SQLException {
    try (var s =
        c.prepareStatement(
            "update economy.reward_move set done = true where article = ? and number = ?")) {
      for (Move move : moves) {
        s.setString(1, move.article());
        s.setInt(2, move.number());
        s.addBatch();
      }
      s.executeBatch();
    }
  }
}
