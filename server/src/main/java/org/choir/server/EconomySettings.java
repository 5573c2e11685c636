package org.choir.server;

import java.net.URI;
import java.util.Set;

/**
 * Money, as an operator configures it.
 *
 * @param enabled whether runs are charged and articles staked at all
 * @param exempt users who neither pay for runs nor stake
 * @param signed whether publishing, staking, withdrawing and voting are signed in the user's VM
 * @param operators users who act for the treasury
 * @param lender who lends to the treasury
 * @param interest parts per million a year that the lender takes
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
    boolean livePayments,
    int webhookPort,
    URI returnTo) {
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
        yes(values, "payments.live"),
        values.number("payments.webhook-port", 0, 65_535),
        values.address("payments.return-to"));
  }

  private static boolean yes(SettingValues values, String key) {
    return values.oneOf(key, "true", "false").equals("true");
  }
}
