package org.choir.economy;

import java.util.ArrayList;
import java.util.List;
import org.choir.core.Currency;
import org.choir.core.TenantId;

/** The transfers that follow from a decision about a loan, all of them or none. */
final class LoanOrders {
  private LoanOrders() {}

  static List<Transfer> of(Loan loan, LoanTable.Change change) {
    TenantId user = loan.owner();
    AccountId chip = Chart.available(user, Currency.CHIP);
    AccountId pledged = Chart.collateral(user, loan.id());
    long cleared = Math.addExact(change.interest(), change.principal());
    List<Transfer> parts = new ArrayList<>();
    switch (change.kind()) {
      case PLEDGE -> add(parts, change, "pledge", chip, pledged, change.chip(), "loan_pledged");
      case REPAY ->
          add(
              parts,
              change,
              "cash",
              Chart.available(user, Currency.USDC),
              Chart.lending(),
              cleared,
              "loan_repaid");
      case LIQUIDATE ->
          add(
              parts,
              change,
              "seize",
              pledged,
              Chart.treasury(Currency.CHIP),
              change.chip(),
              TreasuryFlow.LOAN_LIQUIDATED.reason());
    }
    AccountId claims = Chart.loanClaims();
    AccountId interest = Chart.loanInterest(user, loan.id());
    AccountId principal = Chart.loanPrincipal(user, loan.id());
    add(parts, change, "interest", claims, interest, change.interest(), "loan_cleared");
    add(parts, change, "principal", claims, principal, change.principal(), "loan_cleared");
    add(parts, change, "free", pledged, chip, change.freed(), "loan_collateral_freed");
    return Transfer.together(parts.toArray(Transfer[]::new));
  }

  private static void add(
      List<Transfer> parts,
      LoanTable.Change change,
      String part,
      AccountId debit,
      AccountId credit,
      long amount,
      String reason) {
    if (amount > 0) {
      parts.add(
          Transfer.move(
              Transfer.id("loan-change", change.id(), part),
              debit,
              credit,
              amount,
              reason,
              explanation(change)));
    }
  }

  private static Explanation explanation(LoanTable.Change change) {
    return switch (change.kind()) {
      case PLEDGE -> Explanation.of("more collateral", "loan", change.loan());
      case REPAY ->
          Explanation.of(
              "interest first, then principal",
              "loan",
              change.loan(),
              "interest",
              change.interest(),
              "principal",
              change.principal());
      case LIQUIDATE ->
          Explanation.of(
              "cleared = CHIP x price x (1 - penalty), as much as brings the loan back to its loan"
                  + " to value",
              "loan",
              change.loan(),
              "chip",
              change.chip(),
              "price_micros",
              change.price(),
              "penalty_ppm",
              LoanRule.PENALTY,
              "interest",
              change.interest(),
              "principal",
              change.principal());
    };
  }
}
