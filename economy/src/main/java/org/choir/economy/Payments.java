package org.choir.economy;

import java.time.InstantSource;
import java.util.List;
import java.util.function.LongSupplier;
import org.choir.database.Database;

/**
 * The services of payments, wired to each other: what a server opens once.
 *
 * @param payers users at the payment service
 * @param debts what users owe
 * @param purchases buying with dollars
 * @param autopurchases buying by consent
 * @param withdrawals paying out
 * @param webhooks what the service tells
 */
public record Payments(
    Payers payers,
    Debts debts,
    Purchases purchases,
    Autopurchases autopurchases,
    Withdrawals withdrawals,
    Webhooks webhooks) {

  /**
   * Opens them over tables that are up to date.
   *
   * @param chipPrice the treasury's price now: millionths of a dollar for one CHIP, 0 for none
   * @param secrets with any of which webhooks may be signed
   * @param live whether webhooks about real money are meant for us
   */
  public static Payments open(
      Database database,
      Ledger ledger,
      PaymentService service,
      LongSupplier chipPrice,
      List<WebhookSignature.Secret> secrets,
      boolean live,
      InstantSource clock) {
    Payers payers = new Payers(database, ledger, service);
    Purchases purchases = new Purchases(database, ledger, service, chipPrice, clock);
    Withdrawals withdrawals = new Withdrawals(database, ledger, service, payers, clock);
    return new Payments(
        payers,
        new Debts(ledger),
        purchases,
        new Autopurchases(database, ledger, purchases, payers, clock),
        withdrawals,
        new Webhooks(database, purchases, withdrawals, payers, secrets, live, clock));
  }

  /**
   * Goes on with everything that is due: events, purchases, withdrawals. To be called every few
   * seconds, and when a webhook was taken.
   *
   * @return how many things were looked at
   */
  public int work() {
    return webhooks.work() + purchases.work() + withdrawals.work();
  }
}
