package org.choir.economy;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * What a new user is given: credits to begin with, and starter CHIP that can only be staked, once
 * for each person who was verified, so that a thousand accounts of one person are worth one.
 * Thread-safe.
 */
public final class SignUps {
  private final Database database;
  private final Ledger ledger;
  private final Purses purses;
  private final Supplier<Parameters> parameters;
  private final InstantSource clock;

  /** Over the tables of this room, which exist. */
  public SignUps(
      Database database, Ledger ledger, Supplier<Parameters> parameters, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.purses = new Purses(ledger);
    this.parameters = parameters;
    this.clock = clock;
  }

  /**
   * That the platform knows which person this is.
   *
   * @param method how, for example {@code card} or {@code email}
   * @param person the same for the same person, of what the method found; not the thing itself
   */
  public record Proof(String method, Digest person) {
    public Proof {
      if (!method.matches("[a-z][a-z_]{0,30}")) {
        throw new IllegalArgumentException("a method of verification '" + method + "'");
      }
    }
  }

  /**
   * Gives a user their start; again changes nothing. The treasury gives the starter CHIP and may be
   * out of them: then they come with a later call.
   *
   * @throws ChoirException {@code person_known} if this person has another account already, {@code
   *     account_known} if this account is another person's
   */
  public void grant(TenantId user, Proof proof) {
    Instant now = clock.instant();
    database.transaction(
        c -> {
          Rows.update(
              c,
              "insert into economy.sign_up (account, person, method, at) values (?, ?, ?, ?)"
                  + " on conflict do nothing",
              user.value(),
              proof.person().hex(),
              proof.method(),
              now);
          String account =
              Rows.first(
                      c,
                      "select account from economy.sign_up where person = ?",
                      row -> row.getString(1),
                      proof.person().hex())
                  .orElseThrow(
                      () ->
                          ChoirException.usage(
                              "account_known",
                              user + " was verified as another person before",
                              "use another account"));
          if (!account.equals(user.value())) {
            throw ChoirException.usage(
                "person_known",
                "this person has another account: " + user + " is given no second start",
                "use the first account, or buy credits with: choir buy credits");
          }
          return 1;
        });
    purses.open(user);
    give(user);
  }

  /** The person behind an account, if they were verified; the same for the same person. */
  public Optional<String> person(TenantId user) {
    return database.transaction(
        c ->
            Rows.first(
                c,
                "select person from economy.sign_up where account = ?",
                row -> row.getString(1),
                user.value()));
  }

  private void give(TenantId user) {
    Parameters now = parameters.get();
    List<Transfer> orders = new ArrayList<>();
    long credits = now.of(Parameter.CREDITS_AT_SIGN_UP);
    if (credits > 0 && ledger.find(Transfer.id("sign-up", "credits", user.value())).isEmpty()) {
      orders.add(
          Transfer.move(
              Transfer.id("sign-up", "credits", user.value()),
              Chart.compute(),
              Chart.available(user, Currency.CREDITS),
              credits,
              "sign_up",
              Explanation.of("given once to each person", "credits", credits)));
    }
    long chip = now.of(Parameter.STARTER_CHIP);
    if (chip > 0
        && ledger.find(Transfer.id("sign-up", "starter", user.value())).isEmpty()
        && ledger.balance(Chart.treasury(Currency.CHIP)).available() >= chip) {
      orders.add(
          Transfer.move(
              Transfer.id("sign-up", "starter", user.value()),
              Chart.treasury(Currency.CHIP),
              Chart.starter(user),
              chip,
              "starter",
              Explanation.of("given once to each person by the treasury, can only be staked")));
    }
    if (!orders.isEmpty()) {
      ledger.require(orders);
    }
  }
}
