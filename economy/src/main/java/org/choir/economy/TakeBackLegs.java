package org.choir.economy;

import java.util.List;
import org.choir.core.Currency;
import org.choir.core.Money;

/** Turns the rule of {@link TakeBack} into transfers, on the balances of this moment. */
final class TakeBackLegs {
  private TakeBackLegs() {}

  /** What follows when so much of a purchase's payment has gone back in all. */
  static PurchasePlan plan(Ledger ledger, Purchase purchase, AccountId bank, long returned) {
    boolean chip = purchase.kind() == Purchase.Kind.CHIP;
    boolean debt = purchase.kind() == Purchase.Kind.DEBT;
    AccountId source = chip ? Chart.treasury(Currency.CHIP) : Chart.compute();
    AccountId held = Chart.held(purchase.user(), Currency.CHIP);
    AccountId own = Chart.available(purchase.user(), chip ? Currency.CHIP : Currency.CREDITS);
    AccountId owed = Chart.debt(purchase.user());
    TakeBack.Purses purses =
        new TakeBack.Purses(
            chip ? there(ledger, held) : 0,
            debt ? 0 : there(ledger, own),
            debt ? 0 : there(ledger, purchase.till()),
            Math.max(0, -ledger.balance(owed).posted() - ledger.balance(owed).creditsPending()),
            chip ? there(ledger, source) : Long.MAX_VALUE);
    TakeBack.Plan plan = TakeBack.plan(purchase.sale(), returned, purses);
    Explanation why =
        Explanation.of(
            "what went back to the card, as a share of what was bought; what is gone is owed",
            "paid",
            PaymentRules.dollars(purchase.cents()),
            "bought",
            Purchases.words(purchase),
            "went back before",
            new Money(purchase.returnedMicro(), Currency.USDC),
            "went back now",
            new Money(plan.after().returned(), Currency.USDC),
            "taken back in all",
            plan.after().taken(),
            "owed for it",
            new Money(plan.after().owed(), Currency.USDC));
    AccountId wallet = Chart.available(purchase.user(), Currency.USDC);
    // The treasury knows every flow by its name.
    String back = chip ? TreasurySales.UNDONE : "credit_sale_undone";
    String again = chip ? TreasurySales.SOLD : "credits_sold";
    return new PurchasePlan(
        List.of(
            new PurchasePlan.Leg(held, source, plan.fromHeld(), back, why),
            new PurchasePlan.Leg(own, source, plan.fromAvailable(), back, why),
            new PurchasePlan.Leg(purchase.till(), bank, plan.fromTill(), back, why),
            new PurchasePlan.Leg(Chart.shortfall(), bank, plan.shortfall(), back, why),
            new PurchasePlan.Leg(owed, bank, plan.newDebt(), "debt_made", why),
            new PurchasePlan.Leg(bank, owed, plan.lessDebt(), "debt_ended", why),
            new PurchasePlan.Leg(bank, wallet, plan.toUser(), "payment_came_again", why),
            new PurchasePlan.Leg(bank, purchase.till(), plan.toTill(), again, why),
            new PurchasePlan.Leg(source, own, plan.given(), again, why)),
        plan.after(),
        false);
  }

  /**
   * The end of the time for which what was bought is held. What other purchases still hold stays,
   * even where a part of it is at stake.
   */
  static PurchasePlan matured(Ledger ledger, Purchase purchase, long heldByOthers) {
    AccountId held = Chart.held(purchase.user(), Currency.CHIP);
    long free = Math.max(0, there(ledger, held) - heldByOthers);
    Explanation why =
        Explanation.of(
            "held for a while after a payment by card; what is not held any more",
            "held",
            new Money(there(ledger, held), Currency.CHIP),
            "still held for other purchases",
            new Money(heldByOthers, Currency.CHIP));
    return new PurchasePlan(
        List.of(
            new PurchasePlan.Leg(
                held, Chart.available(purchase.user(), Currency.CHIP), free, "hold_ended", why)),
        purchase.sale(),
        true);
  }

  private static long there(Ledger ledger, AccountId account) {
    return Math.max(0, ledger.balance(account).available());
  }
}
