package org.choir.economy;

import java.time.Instant;
import java.util.Optional;
import org.choir.core.Currency;
import org.choir.database.Database;

/** Brings proposals from one state to the next, and gives effect to those that passed, once. */
final class ProposalEffects {
  private final Database database;
  private final Ledger ledger;

  ProposalEffects(Database database, Ledger ledger) {
    this.database = database;
    this.ledger = ledger;
    ledger.open(Chart.treasury(Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(Chart.treasury(Currency.USDC), Limit.NO_OVERDRAFT);
    ledger.open(Chart.lending(), Limit.NO_OVERDRAFT);
  }

  /** Brings it from one state to the next. */
  void move(Proposal proposal, Proposal.State from, Proposal.State to, String reason, Instant now) {
    boolean over = to != Proposal.State.OPEN && to != Proposal.State.PASSED;
    database.transaction(
        c ->
            ProposalTable.state(
                c, proposal.id(), from, to, reason, over ? Optional.of(now) : Optional.empty()));
  }

  /** Gives effect to one that passed and has waited. */
  void execute(Proposal proposal, Instant now) {
    switch (proposal.content()) {
      case Proposal.Change change -> execute(proposal, change, now);
      case Proposal.Allocation allocation -> execute(proposal, allocation, now);
      case Proposal.Upgrade upgrade ->
          move(
              proposal,
              Proposal.State.PASSED,
              Proposal.State.EXECUTED,
              proposal.reason() + "; decided: " + upgrade.digest(),
              now);
    }
  }

  private void execute(Proposal proposal, Proposal.Change change, Instant now) {
    database.transaction(
        c -> {
          boolean first =
              ProposalTable.state(
                  c,
                  proposal.id(),
                  Proposal.State.PASSED,
                  Proposal.State.EXECUTED,
                  proposal.reason(),
                  Optional.of(now));
          if (first) {
            ParameterHistory.add(
                c,
                new ParameterHistory.Change(
                    proposal.id(), change.parameter(), change.was(), change.value(), now));
          }
          return first;
        });
  }

  private void execute(Proposal proposal, Proposal.Allocation allocation, Instant now) {
    AccountId from = Chart.treasury(allocation.to().currency());
    Transfer order =
        Transfer.move(
            Transfer.id("proposal", proposal.id(), "allocation"),
            from,
            allocation.to(),
            allocation.amount(),
            TreasuryFlow.ALLOCATION.reason(),
            Explanation.of("decided by vote: " + allocation.purpose(), "proposal", proposal.id()));
    ledger.open(allocation.to(), Limit.NO_OVERDRAFT);
    long most = Shares.ppm(ledger.balance(from).available(), allocation.share());
    boolean done = ledger.find(order.id()).isPresent();
    if (!done && allocation.amount() > most) {
      move(
          proposal,
          Proposal.State.PASSED,
          Proposal.State.VOID,
          proposal.reason() + "; the treasury holds too little by now, one vote gives " + most,
          now);
      return;
    }
    ledger.require(order);
    move(proposal, Proposal.State.PASSED, Proposal.State.EXECUTED, proposal.reason(), now);
  }
}
