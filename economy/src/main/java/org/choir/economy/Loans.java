package org.choir.economy;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Dollars lent to users against their CHIP. Each loan's collateral lies in an account of its own;
 * the dollars come from what the treasury has set aside to lend and from nothing else. A loan that
 * reaches the liquidation share is taken apart: collateral goes to the treasury at the average
 * price less a penalty and clears debt; nothing is sold, so that no price moves and no dollar
 * leaves. Thread-safe in one process.
 */
public final class Loans {
  /** After a change of one of these nothing is lent until the next epoch. */
  static final Set<Parameter> GOVERNED =
      EnumSet.of(
          Parameter.USER_LOAN_TO_VALUE,
          Parameter.LOAN_LIQUIDATION,
          Parameter.LOAN_CAP_USER,
          Parameter.LOAN_CAP_TOTAL,
          Parameter.LOAN_INTEREST);

  private final Ledger ledger;
  private final LoanBooks books;
  private final PriceBook prices;
  private final ParameterHistory parameters;
  private final InstantSource clock;
  private final ReentrantLock lock = new ReentrantLock();

  /**
   * A loan as it stands.
   *
   * @param collateral CHIP that is pledged
   * @param principal that is owed
   * @param interest that is owed, of the days that are over
   * @param liquidationPrice micro-dollars for a whole CHIP at which it is taken apart, rounded up;
   *     0 without collateral
   */
  public record View(
      Loan loan, long collateral, long principal, long interest, long liquidationPrice) {
    /** All that is owed. */
    public long owed() {
      return Math.addExact(principal, interest);
    }
  }

  /** Over a database whose room {@code economy} is migrated; opens the treasury's accounts. */
  public Loans(
      Database database,
      Ledger ledger,
      PriceBook prices,
      ParameterHistory parameters,
      InstantSource clock) {
    this.ledger = ledger;
    this.books = new LoanBooks(database, ledger, parameters, clock);
    this.prices = prices;
    this.parameters = parameters;
    this.clock = clock;
  }

  /**
   * Lends dollars against CHIP.
   *
   * @param key the same for each retry
   * @throws ChoirException {@code bad_amount}, {@code bad_key}, {@code key_reused}, {@code
   *     no_price}, {@code price_stale}, {@code price_paused}, {@code price_too_young}, {@code
   *     loans_rest}, {@code loan_uncovered}, {@code loan_too_large}, {@code loan_cap}, {@code
   *     ledger_exceeds_credits}
   */
  public View open(TenantId user, long chip, long usdc, String key) {
    Requests.amount(chip, "CHIP");
    Requests.amount(usdc, "dollars");
    String id = "l" + Digest.of(user + " " + Requests.key(key)).prefix(12);
    lock.lock();
    try {
      books.finish();
      Optional<Loan> there = books.find(id);
      if (there.isPresent()) {
        requireSame(there.get().collateral() == chip && there.get().amount() == usdc, key);
        return books.view(there.get());
      }
      Loan loan = judged(id, user, chip, usdc);
      books.add(loan, key);
      return books.view(books.require(user, id));
    } finally {
      lock.unlock();
    }
  }

  private static void requireSame(boolean same, String key) {
    if (!same) {
      throw ChoirException.usage(
          "key_reused", "the key " + key + " was used for another amount", "use a new key");
    }
  }

  private Loan judged(String id, TenantId user, long chip, long usdc) {
    Instant now = clock.instant();
    PriceRule.Average price = prices.requireFull();
    requireNoChange(now);
    Parameters in = parameters.at(now);
    LoanRule.Terms terms = LoanRule.Terms.of(in);
    List<Loan> open = books.open();
    long others = 0;
    long owed = 0;
    for (Loan other : open) {
      others = Math.addExact(others, books.collateral(other));
      if (!other.owner().equals(user)) {
        continue;
      }
      if (other.state() == Loan.State.UNCOVERED) {
        throw ChoirException.fatal(
            "loan_uncovered",
            "the loan " + other.id() + " is owed without collateral",
            "repay it first: choir loan repay " + other.id());
      }
      owed = Math.addExact(owed, books.view(other).owed());
    }
    long most = LoanRule.most(chip, others, price.micros(), price.depth(), terms.loanToValue());
    if (usdc > most) {
      throw ChoirException.fatal(
          "loan_too_large",
          usdc + " micro-dollars are more than the " + most + " that this CHIP bears",
          "borrow less or pledge more");
    }
    long total = ledger.balance(Chart.loanClaims()).posted();
    requireCap("one user", Math.addExact(owed, usdc), terms.userCap());
    requireCap("all users together", Math.addExact(total, usdc), terms.totalCap());
    return new Loan(
        id,
        user,
        chip,
        usdc,
        price.micros(),
        price.depth(),
        others,
        terms.loanToValue(),
        in.of(Parameter.LOAN_INTEREST),
        now,
        Loan.State.REQUESTED);
  }

  private static void requireCap(String whose, long owed, long cap) {
    if (owed > cap) {
      throw ChoirException.fatal(
          "loan_cap",
          whose + " would owe " + owed + " micro-dollars; the cap is " + cap,
          "borrow less, or repay first");
    }
  }

  private void requireNoChange(Instant now) {
    Instant end = Emission.end(Emission.epoch(now));
    Instant from = end.minus(Emission.EPOCH);
    parameters
        .changed(GOVERNED, from, now)
        .ifPresent(
            change -> {
              throw ChoirException.fatal(
                  "loans_rest",
                  "nothing is lent in the epoch in which "
                      + change.parameter().word()
                      + " was changed ("
                      + change.proposal()
                      + ")",
                  "try again from " + end + " on");
            });
  }

  /**
   * Repays a loan, interest first; with the last of it the collateral comes back.
   *
   * @param key the same for each retry
   * @throws ChoirException {@code bad_amount}, {@code bad_key}, {@code key_reused}, {@code
   *     no_such_loan}, {@code loan_over}, {@code more_than_owed}, {@code ledger_exceeds_credits}
   */
  public View repay(TenantId user, String id, long amount, String key) {
    Requests.amount(amount, "dollars");
    lock.lock();
    try {
      books.finish();
      Optional<LoanTable.Change> there = books.change(user, id, "repay", key);
      if (there.isPresent()) {
        requireSame(there.get().interest() + there.get().principal() == amount, key);
        return books.view(books.require(user, id));
      }
      Loan loan = books.live(user, id);
      books.accrue(loan);
      View view = books.view(loan);
      if (amount > view.owed()) {
        throw ChoirException.usage(
            "more_than_owed",
            "the loan " + id + " owes " + view.owed() + " micro-dollars, not " + amount,
            "repay less");
      }
      boolean last = amount == view.owed();
      long interest = Math.min(amount, view.interest());
      books.apply(
          loan,
          new LoanTable.Change(
              LoanBooks.changeId(id, "repay", key),
              id,
              LoanTable.Change.Kind.REPAY,
              0,
              last ? view.collateral() : 0,
              interest,
              amount - interest,
              0,
              clock.instant(),
              false,
              last ? Loan.State.REPAID : loan.state()));
      return books.view(books.require(user, id));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Pledges more CHIP for a loan; allowed at any price, so that a borrower can always save a loan.
   *
   * @param key the same for each retry
   * @throws ChoirException {@code bad_amount}, {@code bad_key}, {@code key_reused}, {@code
   *     no_such_loan}, {@code loan_over}, {@code ledger_exceeds_credits}
   */
  public View pledge(TenantId user, String id, long chip, String key) {
    Requests.amount(chip, "CHIP");
    lock.lock();
    try {
      books.finish();
      Optional<LoanTable.Change> there = books.change(user, id, "pledge", key);
      if (there.isPresent()) {
        requireSame(there.get().chip() == chip, key);
        return books.view(books.require(user, id));
      }
      Loan loan = books.live(user, id);
      books.apply(
          loan,
          new LoanTable.Change(
              LoanBooks.changeId(id, "pledge", key),
              id,
              LoanTable.Change.Kind.PLEDGE,
              chip,
              0,
              0,
              0,
              0,
              clock.instant(),
              false,
              Loan.State.OPEN));
      return books.view(books.require(user, id));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes apart what has reached the liquidation share; to be called after each reading of prices.
   * It goes on while the price's breaker is open, by the average that no ignored price touches:
   * else a borrower could keep it open to keep a loan.
   *
   * @return the loans that were taken apart, wholly or in part
   * @throws ChoirException {@code no_price}, {@code price_stale}
   */
  public List<String> liquidate() {
    lock.lock();
    try {
      books.finish();
      List<String> taken = new ArrayList<>();
      List<Loan> open = books.open();
      if (open.isEmpty()) {
        return taken;
      }
      long price = prices.standing().micros();
      LoanRule.Terms terms = LoanRule.Terms.of(parameters.at(clock.instant()));
      for (Loan loan : open) {
        books.accrue(loan);
        View view = books.view(loan);
        LoanRule.liquidation(view.collateral(), view.owed(), price, terms)
            .ifPresent(
                liquidation -> {
                  liquidate(view, liquidation, price);
                  taken.add(loan.id());
                });
      }
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private void liquidate(View view, LoanRule.Liquidation liquidation, long price) {
    Loan loan = view.loan();
    long n = books.liquidations(loan);
    long interest = Math.min(liquidation.cleared(), view.interest());
    boolean clear = liquidation.cleared() == view.owed();
    Loan.State ends = liquidation.whole() ? Loan.State.UNCOVERED : Loan.State.OPEN;
    books.apply(
        loan,
        new LoanTable.Change(
            LoanBooks.changeId(loan.id(), "liquidate", Long.toString(n)),
            loan.id(),
            LoanTable.Change.Kind.LIQUIDATE,
            liquidation.seized(),
            clear ? view.collateral() - liquidation.seized() : 0,
            interest,
            liquidation.cleared() - interest,
            price,
            clock.instant(),
            false,
            clear ? Loan.State.LIQUIDATED : ends));
  }

  /** Does what was decided before a crash and not done; also called by every other method. */
  public void finish() {
    lock.lock();
    try {
      books.finish();
    } finally {
      lock.unlock();
    }
  }

  /** A user's loans, oldest first. */
  public List<View> of(TenantId user) {
    return books.of(user).stream().map(books::view).toList();
  }

  /** What a user owed on all loans when the ledger had accepted so many orders. */
  long owedAt(TenantId user, long seq) {
    long owed = 0;
    for (Loan loan : books.of(user)) {
      Balance principal = ledger.balanceAt(Chart.loanPrincipal(user, loan.id()), seq);
      Balance interest = ledger.balanceAt(Chart.loanInterest(user, loan.id()), seq);
      owed = Math.subtractExact(owed, Math.addExact(principal.posted(), interest.posted()));
    }
    return owed;
  }
}
