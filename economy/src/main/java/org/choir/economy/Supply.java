package org.choir.economy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.Currency;
import org.choir.core.Money;

/** The rule by which ledger and chain agree, as a pure function over what was read of both. */
final class Supply {
  private Supply() {}

  /** How much CHIP the ledger has issued: the cap less what may still be made. */
  static long issued(Ledger ledger) {
    return Math.negateExact(
        Math.addExact(
            ledger.balance(Chart.mint()).posted(), ledger.balance(Chart.unissuedChip()).posted()));
  }

  /**
   * What was read, all in CHIP's smallest unit.
   *
   * @param issued by the ledger
   * @param unvested rewarded in the ledger, not yet the authors' and so not yet on the chain
   * @param waiting rewards that are to be settled and are not
   * @param uncertain rewards of which it is not known whether the chain's reading has them
   * @param supply by the chain
   */
  record Sums(long issued, long unvested, long waiting, long uncertain, long supply) {}

  /** A settled payment, by the ledger and by the chain. */
  record Pair(
      Settlement settlement, Optional<LedgerEntry> entry, Optional<ChainGateway.Paid> paid) {}

  /** What does not agree, in words; empty if all does. */
  static List<String> mismatches(Sums sums, List<Pair> pairs) {
    List<String> wrong = new ArrayList<>();
    long most =
        Math.subtractExact(Math.subtractExact(sums.issued(), sums.unvested()), sums.waiting());
    long least = Math.subtractExact(most, sums.uncertain());
    if (sums.supply() < least || sums.supply() > most) {
      wrong.add(
          "the chain has "
              + chip(sums.supply())
              + ", the ledger says "
              + chip(most)
              + ": issued "
              + chip(sums.issued())
              + " less unvested "
              + chip(sums.unvested())
              + " less in transit "
              + chip(sums.waiting())
              + (sums.uncertain() == 0 ? "" : ", of which not sure " + chip(sums.uncertain())));
    }
    for (Pair pair : pairs) {
      mismatch(pair).ifPresent(wrong::add);
    }
    return wrong;
  }

  private static Optional<String> mismatch(Pair pair) {
    Settlement settlement = pair.settlement();
    String what = "the " + settlement.kind().word() + " " + settlement.transfer() + " of ";
    if (pair.entry().isEmpty() || pair.entry().get().moved() != settlement.amount()) {
      return Optional.of(what + settlement.amount() + " is not that in the ledger");
    }
    if (pair.paid().isEmpty()) {
      return Optional.of(what + settlement.amount() + " has no receipt on the chain");
    }
    ChainGateway.Paid paid = pair.paid().get();
    return paid.kind() == settlement.kind() && paid.amount() == settlement.amount()
        ? Optional.empty()
        : Optional.of(
            what
                + settlement.amount()
                + " is a "
                + paid.kind().word()
                + " of "
                + paid.amount()
                + " on the chain");
  }

  private static String chip(long amount) {
    return new Money(amount, Currency.CHIP).toString();
  }
}
