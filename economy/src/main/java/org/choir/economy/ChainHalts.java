package org.choir.economy;

import java.sql.Timestamp;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.choir.database.Database;

/**
 * Whether payouts are stopped because ledger and chain do not agree. A halt is durable, holds its
 * reason and stands until a person lifts it with a reason of their own. Whoever pays out asks
 * {@link #requireNone} first. Thread-safe.
 */
public final class ChainHalts {
  private static final int REASON_MAX = 4_000;

  private final Database database;
  private final InstantSource clock;

  /** A halt that stands. */
  public record Halt(long number, String reason, Instant at) {}

  /** Over the table of this room, which exists. */
  public ChainHalts(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /** The halt that stands, if one does. */
  public Optional<Halt> standing() {
    List<Halt> found =
        database.transaction(
            c ->
                LedgerRows.list(
                    c,
                    "select * from economy.chain_halt where lifted_at is null",
                    s -> {},
                    row ->
                        new Halt(
                            row.getLong("number"),
                            row.getString("reason"),
                            row.getTimestamp("at").toInstant())));
    return found.stream().findFirst();
  }

  /**
   * Goes on only if nothing is halted.
   *
   * @throws ChoirException {@code payouts_halted}
   */
  public void requireNone() {
    Optional<Halt> halt = standing();
    if (halt.isPresent()) {
      throw ChoirException.fatal(
          "payouts_halted",
          "payouts are stopped since " + halt.get().at() + ": " + halt.get().reason(),
          "find the cause, then lift it with: choir treasury resume --reason TEXT");
    }
  }

  /** Stops payouts. If they are stopped already, the first reason stays. */
  void halt(String reason) {
    String line = Text.visible(reason, REASON_MAX);
    database.transaction(
        c ->
            LedgerRows.change(
                c,
                "insert into economy.chain_halt (reason, at) values (?, ?) on conflict do nothing",
                s -> {
                  s.setString(1, line);
                  s.setTimestamp(2, Timestamp.from(clock.instant()));
                }));
  }

  /**
   * Lets payouts go on. The next reconciliation stops them again if the cause is still there.
   *
   * @param who the person who decides
   * @param why what the cause was and how it was mended
   * @throws ChoirException {@code bad_reason}, {@code not_halted}
   */
  public void lift(String who, String why) {
    if (why.isBlank() || why.length() > REASON_MAX) {
      throw ChoirException.usage(
          "bad_reason", "lifting a halt needs a reason of at most 4,000 characters", "");
    }
    int lifted =
        database.transaction(
            c ->
                LedgerRows.change(
                    c,
                    "update economy.chain_halt set lifted_at = ?, lifted_by = ?, lifted_why = ?"
                        + " where lifted_at is null",
                    s -> {
                      s.setTimestamp(1, Timestamp.from(clock.instant()));
                      s.setString(2, who);
                      s.setString(3, why);
                    }));
    if (lifted == 0) {
      throw ChoirException.usage("not_halted", "payouts are not stopped", "");
    }
  }
}
