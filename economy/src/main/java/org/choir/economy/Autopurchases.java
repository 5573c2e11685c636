package org.choir.economy;

import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Credits that a user's card buys by itself when few are left, because the user agreed to it: below
 * 50 credits a pack, at most $50 a day, never two at once. It stops after two refusals in a row,
 * after a payment was taken back and when nobody confirms what the bank asks. Thread-safe.
 */
public final class Autopurchases {
  private final Database database;
  private final Ledger ledger;
  private final Purchases purchases;
  private final Payers payers;
  private final InstantSource clock;

  public Autopurchases(
      Database database, Ledger ledger, Purchases purchases, Payers payers, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.purchases = purchases;
    this.payers = payers;
    this.clock = clock;
  }

  /** What the user is shown and agrees to; kept with the consent. */
  public static String words() {
    return "When I have fewer than "
        + PaymentRules.AUTO_BELOW
        + " credits, charge my saved card "
        + PaymentRules.dollars(PaymentRules.PACK_CENTS)
        + " for "
        + PaymentRules.PACK_CREDITS
        + " credits without asking me, at most "
        + PaymentRules.dollars(PaymentRules.AUTO_CENTS_PER_DAY)
        + " a day, until I say stop.";
  }

  /**
   * A consent as it stands.
   *
   * @param state {@code on}, {@code asks} (waits for the user), {@code stopped} (by us), {@code
   *     off}
   * @param reason why it stopped, or where the user confirms
   */
  public record Standing(
      String state, String words, Instant consentedAt, int declines, String reason) {}

  /**
   * Records that a user agreed.
   *
   * @param shown what they were shown, which must be {@link #words}
   * @throws ChoirException {@code other_words}, {@code no_saved_card}
   */
  public void consent(TenantId user, String shown) {
    if (!shown.equals(words())) {
      throw ChoirException.usage(
          "other_words", "the words that were shown are not those of today", "show: " + words());
    }
    if (payers.method(user).isEmpty()) {
      throw ChoirException.usage(
          "no_saved_card",
          "the user " + user + " has no saved card",
          "buy once by card first: choir buy credits");
    }
    Instant now = clock.instant();
    database.transaction(
        c -> {
          Rows.update(
              c,
              "insert into economy.autopurchase (tenant, state, words, consented_at, not_before)"
                  + " values (?, 'on', ?, ?, ?) on conflict (tenant) do update set state = 'on',"
                  + " words = excluded.words, consented_at = excluded.consented_at, declines = 0,"
                  + " not_before = excluded.not_before, reason = ''",
              user.value(),
              shown,
              now,
              now);
          return record(c, user, true, shown, now);
        });
  }

  /** Records that a user no longer agrees. */
  public void end(TenantId user) {
    database.transaction(
        c -> {
          Rows.update(
              c,
              "update economy.autopurchase set state = 'off', reason = '' where tenant = ?",
              user.value());
          return record(c, user, false, "stop", clock.instant());
        });
  }

  private static int record(Connection c, TenantId user, boolean given, String words, Instant at)
      throws SQLException {
    return Rows.update(
        c,
        "insert into economy.consent (tenant, given, words, at) values (?, ?, ?, ?)",
        user.value(),
        given,
        words,
        at);
  }

  /** A user's consent, if they ever gave one. */
  public Optional<Standing> standing(TenantId user) {
    return database.transaction(
        c ->
            Rows.first(
                c,
                "select * from economy.autopurchase where tenant = ?",
                row ->
                    new Standing(
                        row.getString("state"),
                        row.getString("words"),
                        row.getTimestamp("consented_at").toInstant(),
                        row.getInt("declines"),
                        row.getString("reason")),
                user.value()));
  }

  /**
   * Buys a pack if the user agreed to it and it is time to. To be called whenever credits were
   * spent.
   *
   * @return what was begun; empty if nothing was
   * @throws ChoirException of the service; then the work goes on by itself
   */
  public Optional<Purchase> check(TenantId user, URI returnTo) {
    long credits = ledger.balance(Chart.available(user, Currency.CREDITS)).available();
    if (credits >= PaymentRules.AUTO_BELOW || new Debts(ledger).owed(user) > 0) {
      return Optional.empty();
    }
    payers.open(user);
    Optional<UUID> begun = database.transaction(c -> begin(c, user, credits, returnTo));
    return begun.map(purchases::look);
  }

  private Optional<UUID> begin(Connection c, TenantId user, long credits, URI returnTo)
      throws SQLException {
    // The row's lock lets one in at a time: the day's sum and the open one are then certain.
    Optional<Instant> notBefore =
        Rows.first(
            c,
            "select not_before from economy.autopurchase where tenant = ? and state = 'on'"
                + " for update",
            row -> row.getTimestamp("not_before").toInstant(),
            user.value());
    if (notBefore.isEmpty() || open(c, user)) {
      return Optional.empty();
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    long today =
        Rows.number(
            c,
            "select coalesce(sum(cents), 0) from economy.purchase where tenant = ?"
                + " and kind = 'auto' and state in ('requested', 'charging', 'paid')"
                + " and requested_at >= ?",
            user.value(),
            PaymentRules.dayOf(now));
    // Read again under the lock: another may just have bought.
    long left = ledger.balance(Chart.available(user, Currency.CREDITS)).available();
    if (PaymentRules.noAutopurchase(Math.max(left, credits), today, now, notBefore.get())
        .isPresent()) {
      return Optional.empty();
    }
    long number =
        Rows.number(
            c,
            "select count(*) from economy.purchase where tenant = ? and kind = 'auto'",
            user.value());
    String key = CardCharges.AUTO + (number + 1);
    UUID id = Transfer.id("purchase", user.value(), key);
    Rows.update(
        c,
        "insert into economy.purchase (id, tenant, key, kind, units, cents, price, state,"
            + " return_to, requested_at, expires_at, due_at)"
            + " values (?, ?, ?, 'auto', ?, ?, ?, 'requested', ?, ?, ?, ?)",
        id,
        user.value(),
        key,
        PaymentRules.PACK_CREDITS,
        PaymentRules.PACK_CENTS,
        Purchases.packPrice(),
        returnTo.toString(),
        now,
        now.plus(PaymentRules.CHECKOUT_LIFE),
        now.plusSeconds(30));
    return Optional.of(id);
  }

  private static boolean open(Connection c, TenantId user) throws SQLException {
    return Rows.number(
            c,
            "select count(*) from economy.purchase where tenant = ? and kind = 'auto'"
                + " and state in ('requested', 'charging')",
            user.value())
        > 0;
  }
}
