package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * What agents do of themselves, counted by user and day (UTC): each action claims its part before
 * it happens, one action of a user after the other, so that neither two runs nor two answers can
 * both take the last of it. Thread-safe.
 */
public final class Allowances {
  private static final int REFUSAL_MAX = 500;

  private final Database database;
  private final InstantSource clock;

  /** Over the tables of this room, which exist. */
  public Allowances(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /** What this user's agents may do in a day. */
  public Allowance of(TenantId user) {
    return database.transaction(c -> limit(c, user));
  }

  /** What they have claimed today. */
  public Allowance usedToday(TenantId user) {
    return database.transaction(c -> used(c, user, today()));
  }

  /** The day that counts now. */
  public LocalDate today() {
    return LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
  }

  /** The user's own word; what was decided before stays as it was. */
  public void set(TenantId user, Allowance allowance) {
    database.transaction(
        c -> {
          alone(c, user);
          return Rows.update(
              c,
              "insert into economy.allowance (account, chip, usdc, publications, at)"
                  + " values (?, ?, ?, ?, ?) on conflict (account) do update set"
                  + " chip = excluded.chip, usdc = excluded.usdc,"
                  + " publications = excluded.publications, at = excluded.at",
              user.value(),
              allowance.chip(),
              allowance.usdc(),
              allowance.publications(),
              clock.instant());
        });
  }

  /**
   * Decides an action and, if it may happen without a person, counts it. The same action with the
   * same digest gets the same ruling and counts once, whatever was set or used since; with another
   * digest it is another action. What a person is asked for does not count.
   *
   * @param action unique in the user's runs
   * @param digest of the operation and its arguments
   * @param asked at most one of each kind
   */
  public AllowanceRule.Ruling claim(
      TenantId user, String action, Digest digest, List<AllowanceRule.Asked> asked) {
    Instant now = clock.instant();
    LocalDate day = LocalDate.ofInstant(now, ZoneOffset.UTC);
    return database.transaction(
        c -> {
          alone(c, user);
          Optional<String> before =
              Rows.first(
                  c,
                  "select facts from economy.allowance_claim"
                      + " where account = ? and action = ? and digest = ?",
                  row -> row.getString(1),
                  user.value(),
                  action,
                  digest.hex());
          if (before.isPresent()) {
            return AllowanceRule.read(before.get()).orElseThrow(() -> unreadable(action));
          }
          AllowanceRule.Ruling ruling =
              AllowanceRule.rule(asked, used(c, user, day), limit(c, user));
          Rows.update(
              c,
              "insert into economy.allowance_claim (account, action, digest, day, chip, usdc,"
                  + " publications, facts, state, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              user.value(),
              action,
              digest.hex(),
              day,
              amount(asked, AllowanceRule.Kind.CHIP),
              amount(asked, AllowanceRule.Kind.USDC),
              amount(asked, AllowanceRule.Kind.PUBLICATIONS),
              ruling.words(),
              ruling.alone() ? "claimed" : "held",
              now);
          return ruling;
        });
  }

  /**
   * An action was refused after it had been decided, and nothing of it happened: its part can be
   * claimed by others again, and it is never done after all. Not for an action of which nobody
   * knows whether it happened: that keeps its part.
   *
   * @param why told to whoever asks for the action again
   */
  public void giveBack(TenantId user, String action, String why) {
    String cut = why.length() > REFUSAL_MAX ? why.substring(0, REFUSAL_MAX) : why;
    database.transaction(
        c -> {
          alone(c, user);
          return Rows.update(
              c,
              "update economy.allowance_claim set state = 'given_back', refusal = ?"
                  + " where account = ? and action = ? and state <> 'given_back'",
              cut.replace("\0", ""),
              user.value(),
              action);
        });
  }

  /** Why an action was not done, if it was given back. */
  public Optional<String> refusal(TenantId user, String action) {
    return database.transaction(
        c ->
            Rows.first(
                c,
                "select refusal from economy.allowance_claim"
                    + " where account = ? and action = ? and state = 'given_back'",
                row -> row.getString(1),
                user.value(),
                action));
  }

  /** One of a user's transactions after the other. */
  private static void alone(Connection c, TenantId user) throws SQLException {
    Rows.list(c, "select pg_advisory_xact_lock(hashtext(?))", row -> 1, "allowance " + user);
  }

  private static Allowance limit(Connection c, TenantId user) throws SQLException {
    return Rows.first(
            c,
            "select chip, usdc, publications from economy.allowance where account = ?",
            row -> new Allowance(row.getLong(1), row.getLong(2), row.getLong(3)),
            user.value())
        .orElse(Allowance.NONE);
  }

  /** Each sum was within an allowance when it was counted. */
  private static Allowance used(Connection c, TenantId user, LocalDate day) throws SQLException {
    return Rows.first(
            c,
            "select coalesce(sum(chip), 0)::bigint, coalesce(sum(usdc), 0)::bigint,"
                + " coalesce(sum(publications), 0)::bigint from economy.allowance_claim"
                + " where account = ? and day = ? and state = 'claimed'",
            row -> new Allowance(row.getLong(1), row.getLong(2), row.getLong(3)),
            user.value(),
            day)
        .orElse(Allowance.NONE);
  }

  private static long amount(List<AllowanceRule.Asked> asked, AllowanceRule.Kind kind) {
    return asked.stream()
        .filter(a -> a.kind() == kind)
        .mapToLong(AllowanceRule.Asked::amount)
        .sum();
  }

  private static ChoirException unreadable(String action) {
    return ChoirException.fatal(
        "allowance_unreadable",
        "what was decided of the action " + action + " cannot be read",
        "deny it, or ask for it anew in another step");
  }
}
