package org.choir.economy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * What runs cost: the flat price of their class, reserved when a run starts, charged when it ends
 * well, given back when it does not. Every call may be repeated. Thread-safe.
 */
public final class RunCharges {
  private static final String NAMED = "select * from economy.run_charge where run = ?";

  private final Database database;
  private final Ledger ledger;
  private final Purses purses;
  private final Supplier<Parameters> parameters;
  private final InstantSource clock;
  private final boolean chargesLocal;

  /**
   * Over the tables of this room, which exist.
   *
   * @param chargesLocal whether the runs of the user {@code local} cost credits, too
   */
  public RunCharges(
      Database database,
      Ledger ledger,
      Supplier<Parameters> parameters,
      InstantSource clock,
      boolean chargesLocal) {
    this.database = database;
    this.ledger = ledger;
    this.purses = new Purses(ledger);
    this.parameters = parameters;
    this.clock = clock;
    this.chargesLocal = chargesLocal;
  }

  /** Where the charge of a run stands. */
  public enum State {
    RESERVING,
    RESERVED,
    CHARGING,
    CHARGED,
    RELEASING,
    RELEASED;

    private String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * The charge of a run.
   *
   * @param price in credits, as it was when the run started
   * @param attempt a run that failed and is resumed reserves once more
   */
  public record RunCharge(
      String run, TenantId user, RunClass runClass, long price, int attempt, State state) {
    private RunCharge in(State next) {
      return new RunCharge(run, user, runClass, price, attempt, next);
    }

    private UUID id(String what) {
      return Transfer.id("run", run, Integer.toString(attempt), what);
    }
  }

  /** How a run ended, for those whose server was killed. */
  public enum RunEnd {
    /** It goes on: what is reserved stays reserved. */
    RUNNING,
    /** It ended well. */
    COMPLETED,
    /** It failed, was cancelled or is not known any more. */
    FAILED
  }

  /** Whether this user's runs cost credits. */
  public boolean charges(TenantId user) {
    return chargesLocal || !user.equals(TenantId.LOCAL);
  }

  /** What a run would cost this user, and what would remain. */
  public Forecast forecast(TenantId user, RunClass runClass, Forecast.Autopurchase autopurchase) {
    long available = ledger.balance(Chart.available(user, Currency.CREDITS)).available();
    return Forecast.of(available, runClass.price(parameters.get()), autopurchase);
  }

  /**
   * Reserves the price before a run starts. A run that was reserved or charged before is left as it
   * is; one that was released is reserved again.
   *
   * @throws ChoirException {@code too_few_credits}, {@code run_of_another}
   */
  public RunCharge reserve(String run, TenantId user, RunClass runClass) {
    purses.open(user);
    RunCharge charge =
        database.transaction(
            c -> {
              Rows.update(
                  c,
                  "insert into economy.run_charge (run, account, class, price, attempt, state, at)"
                      + " values (?, ?, ?, ?, 1, 'reserving', ?) on conflict (run) do update set"
                      + " state = 'reserving', attempt = run_charge.attempt + 1, at = excluded.at"
                      + " where run_charge.state = 'released'"
                      + " and run_charge.account = excluded.account",
                  run,
                  user.value(),
                  runClass.word(),
                  runClass.price(parameters.get()),
                  clock.instant());
              return Rows.first(c, NAMED, RunCharges::read, run).orElseThrow();
            });
    if (!charge.user().equals(user)) {
      throw ChoirException.usage(
          "run_of_another", "the run " + run + " is " + charge.user() + "'s", "");
    }
    return advance(charge);
  }

  /** Charges a run that ended well. */
  public void charge(String run) {
    turn(run, State.CHARGING);
  }

  /** Gives back what a run that failed or was cancelled had reserved. */
  public void release(String run) {
    turn(run, State.RELEASING);
  }

  private void turn(String run, State to) {
    Optional<RunCharge> charge =
        database.transaction(
            c -> {
              Optional<RunCharge> before = Rows.first(c, NAMED, RunCharges::read, run);
              if (before.isPresent() && before.get().state() == State.RESERVING) {
                return before;
              }
              Rows.update(
                  c,
                  "update economy.run_charge set state = ? where run = ? and state = 'reserved'",
                  to.word(),
                  run);
              return Rows.first(c, NAMED, RunCharges::read, run);
            });
    if (charge.isPresent() && settled(charge.get()).state() == State.RESERVED) {
      turn(run, to);
    }
  }

  /**
   * Ends what a killed server left: charges and releases that were begun, and reservations by how
   * their run ended.
   *
   * @return how many reservations were ended
   */
  public int recover(Function<String, RunEnd> runs) {
    List<RunCharge> unfinished =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select * from economy.run_charge where state in"
                        + " ('reserving', 'reserved', 'charging', 'releasing') order by at, run",
                    RunCharges::read));
    int ended = 0;
    for (RunCharge charge : unfinished) {
      RunCharge now = settled(charge);
      if (now.state() == State.RESERVED) {
        switch (runs.apply(now.run())) {
          case RUNNING -> {
            continue;
          }
          case COMPLETED -> charge(now.run());
          case FAILED -> release(now.run());
        }
      }
      ended++;
    }
    return ended;
  }

  /** As {@link #advance}; a reservation that was refused is over and harms nobody any more. */
  private RunCharge settled(RunCharge charge) {
    try {
      return advance(charge);
    } catch (ChoirException e) {
      if (!e.code().equals("too_few_credits")) {
        throw e;
      }
      return charge.in(State.RELEASED);
    }
  }

  /** The charge of a run, if it has one. */
  public Optional<RunCharge> of(String run) {
    return database.transaction(c -> Rows.first(c, NAMED, RunCharges::read, run));
  }

  /** Orders what the row intends, which the ledger does once, and writes down that it is done. */
  private RunCharge advance(RunCharge charge) {
    return switch (charge.state()) {
      case RESERVED, CHARGED, RELEASED -> charge;
      case RESERVING -> reserving(charge);
      case CHARGING -> {
        ledger.require(
            Transfer.post(
                charge.id("charge"), charge.id("reserve"), charge.price(), "run", why(charge)));
        yield done(charge, State.CHARGED);
      }
      case RELEASING -> {
        ledger.require(
            Transfer.release(
                charge.id("release"), charge.id("reserve"), "run_not_done", why(charge)));
        yield done(charge, State.RELEASED);
      }
    };
  }

  private RunCharge reserving(RunCharge charge) {
    if (!charges(charge.user())) {
      return done(charge, State.RELEASED);
    }
    Transfer order =
        Transfer.reserve(
            charge.id("reserve"),
            Chart.available(charge.user(), Currency.CREDITS),
            Chart.usedCredits(),
            charge.price(),
            Duration.ZERO,
            "run",
            why(charge));
    try {
      ledger.require(order);
    } catch (LedgerException e) {
      if (e.outcome() != Outcome.EXCEEDS_CREDITS) {
        throw e;
      }
      done(charge, State.RELEASED);
      throw tooFew(charge, e);
    }
    return done(charge, State.RESERVED);
  }

  private ChoirException tooFew(RunCharge charge, LedgerException cause) {
    long available = ledger.balance(Chart.available(charge.user(), Currency.CREDITS)).available();
    return new ChoirException(
        new Failure(
            "too_few_credits",
            "a "
                + charge.runClass().word()
                + " run costs "
                + charge.price()
                + " credits and "
                + charge.user()
                + " has "
                + available,
            "buy some with: choir buy credits",
            ExitStatus.BUDGET,
            false),
        cause);
  }

  private static Explanation why(RunCharge charge) {
    return Explanation.of(
        "the flat price of a " + charge.runClass().word() + " run",
        "run",
        charge.run(),
        "credits",
        charge.price());
  }

  private RunCharge done(RunCharge charge, State state) {
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.run_charge set state = ? where run = ? and attempt = ?"
                    + " and state = ?",
                state.word(),
                charge.run(),
                charge.attempt(),
                charge.state().word()));
    return charge.in(state);
  }

  private static RunCharge read(ResultSet row) throws SQLException {
    return new RunCharge(
        row.getString("run"),
        new TenantId(row.getString("account")),
        RunClass.valueOf(row.getString("class").toUpperCase(Locale.ROOT)),
        row.getLong("price"),
        row.getInt("attempt"),
        State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)));
  }
}
