package org.choir.server;

import java.util.Locale;
import java.util.Optional;
import org.choir.agent.RunState;
import org.choir.core.Currency;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.economy.Forecast;
import org.choir.economy.RunClass;
import org.choir.vibewriter.Depth;

/**
 * What a run costs its user: the flat price of its depth, reserved before it is recorded, charged
 * when it has completed, given back otherwise. What a killed server left is settled by the rounds.
 */
final class RunBilling {
  private final EconomyRoom economy;

  RunBilling(EconomyRoom economy) {
    this.economy = economy;
  }

  /**
   * Reserves the price.
   *
   * @return what the user is told of it; empty for a user who does not pay
   * @throws org.choir.core.ChoirException {@code too_few_credits}
   */
  Optional<String> begin(RunId run, TenantId user, Depth depth) {
    if (!economy.counts(user)) {
      return Optional.empty();
    }
    var services = economy.services();
    RunClass runClass = RunClass.valueOf(depth.name().toUpperCase(Locale.ROOT));
    Forecast forecast = services.runs().forecast(user, runClass, Forecast.Autopurchase.NONE);
    economy.starting(run.value());
    services.runs().reserve(run.value(), user, runClass);
    economy.buyIfLow(user);
    return Optional.of(
        "this run costs "
            + Amounts.text(forecast.cost(), Currency.CREDITS)
            + "; "
            + Amounts.text(forecast.remaining(), Currency.CREDITS)
            + " remain, enough for "
            + forecast.more()
            + " more");
  }

  /** The run is recorded, or will never be: its charge follows what is known of it. */
  void begun(RunId run) {
    economy.started(run.value());
  }

  /** Charges or gives back; nothing for a run that cost nothing. */
  void ended(RunId run, TenantId user, RunState state) {
    if (!economy.counts(user) || economy.services().runs().of(run.value()).isEmpty()) {
      return;
    }
    if (state == RunState.COMPLETED) {
      economy.services().runs().charge(run.value());
    } else {
      economy.services().runs().release(run.value());
    }
    economy.settle();
  }
}
