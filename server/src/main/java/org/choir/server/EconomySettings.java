package org.choir.server;

import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.choir.economy.PriceFeed;
import org.choir.economy.sui.SuiAddress;
import org.choir.economy.sui.SuiOptions;
import org.choir.economy.sui.SuiPoolFeed;

/**
 * Money, as an operator configures it.
 *
 * @param enabled whether runs are charged and articles staked at all
 * @param exempt users who neither pay for runs nor stake
 * @param signed whether publishing, staking, withdrawing and voting are signed in the user's VM
 * @param operators users who act for the treasury
 * @param lender who lends to the treasury
 * @param interest parts per million a year that the lender takes
 * @param sui the chain that payments are settled on
 * @param livePayments whether a payment key that moves real money is taken
 * @param webhookPort on the loopback; 0 for a free one
 * @param returnTo where a payment page sends people back to
 */
public record EconomySettings(
    boolean enabled,
    Set<String> exempt,
    boolean signed,
    Set<String> operators,
    String lender,
    int interest,
    Optional<Sui> sui,
    boolean livePayments,
    int webhookPort,
    URI returnTo) {
  /**
   * A Sui network and the contract on it; see docs/economy-sui.md.
   *
   * @param endpoint its GraphQL address
   * @param pool where CHIP is traded for the dollar; empty for the treasury's own sales
   */
  public record Sui(
      URI endpoint,
      String chain,
      String contract,
      String treasury,
      String payer,
      String dollar,
      String pool) {
    Optional<PriceFeed> market(InstantSource clock) {
      return pool.isEmpty()
          ? Optional.empty()
          : Optional.of(new SuiPoolFeed(options(), SuiAddress.parse(pool), clock));
    }

    SuiOptions options() {
      return SuiOptions.of(
          endpoint,
          chain,
          SuiAddress.parse(contract),
          SuiAddress.parse(treasury),
          SuiAddress.parse(payer),
          dollar);
    }
  }

  public EconomySettings {
    exempt = Set.copyOf(exempt);
    operators = Set.copyOf(operators);
  }

  static EconomySettings of(SettingValues values) {
    return new EconomySettings(
        yes(values, "economy.enabled"),
        Set.copyOf(values.list("economy.exempt")),
        yes(values, "economy.signed"),
        Set.copyOf(values.list("economy.operators")),
        values.text("economy.lender"),
        values.number("economy.lender-interest", 0, 500_000),
        sui(values),
        yes(values, "payments.live"),
        values.number("payments.webhook-port", 0, 65_535),
        values.address("payments.return-to"));
  }

  private static final List<String> SUI =
      List.of("endpoint", "chain", "package", "treasury", "payer", "dollar");

  /** All of it or nothing. */
  private static Optional<Sui> sui(SettingValues values) {
    if (SUI.stream().noneMatch(name -> values.isSet("economy.sui." + name))) {
      return Optional.empty();
    }
    return Optional.of(
        new Sui(
            values.address("economy.sui.endpoint"),
            values.text("economy.sui.chain"),
            values.text("economy.sui.package"),
            values.text("economy.sui.treasury"),
            values.text("economy.sui.payer"),
            values.text("economy.sui.dollar"),
            values.value("economy.sui.pool").text()));
  }

  private static boolean yes(SettingValues values, String key) {
    return values.oneOf(key, "true", "false").equals("true");
  }
}
