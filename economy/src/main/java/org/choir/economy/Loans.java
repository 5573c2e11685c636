package org.choir.economy;

import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
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

  private static final System.Logger LOG = System.getLogger(Loans.class.getName());

  private final Database database;
  private final Ledger ledger;
  private final PriceBook prices;
  private final ParameterHistory parameters;
  private final InstantSource clock;
  private final InterestAccrual accrual;
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
    this.database = database;
    this.ledger = ledger;
    this.prices = prices;
    this.parameters = parameters;
    this.clock = clock;
    this.accrual = new InterestAccrual(database, ledger);
    ledger.open(Chart.treasury(Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(Chart.lending(), Limit.NO_OVERDRAFT);
    ledger.open(Chart.loanClaims(), Limit.NO_OVERDRAFT);
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
      finish();
      Optional<Loan> there = database.transaction(c -> LoanTable.find(c, id));
      if (there.isPresent()) {
        requireSame(there.get().collateral() == chip && there.get().amount() == usdc, key);
        return view(there.get());
      }
      Loan loan = judged(id, user, chip, usdc);
      database.transaction(
          c -> {
            LoanTable.insert(c, loan, key);
            return 1;
          });
      pay(loan);
      return view(find(user, id));
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
    List<Loan> open = database.transaction(LoanTable::open);
    long others = 0;
    long owed = 0;
    for (Loan other : open) {
      others = Math.addExact(others, collateral(other));
      if (!other.owner().equals(user)) {
        continue;
      }
      if (other.state() == Loan.State.UNCOVERED) {
        throw ChoirException.fatal(
            "loan_uncovered",
            "the loan " + other.id() + " is owed without collateral",
            "repay it first: choir loan repay " + other.id());
      }
      owed = Math.addExact(owed, view(other).owed());
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

  private void pay(Loan loan) {
    TenantId user = loan.owner();
    AccountId pledged = Chart.collateral(user, loan.id());
    ledger.open(Chart.available(user, Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(Chart.available(user, Currency.USDC), Limit.NO_OVERDRAFT);
    ledger.open(pledged, Limit.NO_OVERDRAFT);
    ledger.open(Chart.loanPrincipal(user, loan.id()), Limit.NO_OVERPAYMENT);
    ledger.open(Chart.loanInterest(user, loan.id()), Limit.NO_OVERPAYMENT);
    List<Transfer> orders =
        Transfer.together(
            Transfer.move(
                Transfer.id("loan", loan.id(), "pledge"),
                Chart.available(user, Currency.CHIP),
                pledged,
                loan.collateral(),
                "loan_pledged",
                loan.explanation()),
            Transfer.move(
                Transfer.id("loan", loan.id(), "pay"),
                Chart.lending(),
                Chart.available(user, Currency.USDC),
                loan.amount(),
                "loan_paid",
                loan.explanation()),
            Transfer.move(
                Transfer.id("loan", loan.id(), "owe"),
                Chart.loanPrincipal(user, loan.id()),
                Chart.loanClaims(),
                loan.amount(),
                "loan_owed",
                loan.explanation()));
    try {
      ledger.require(orders);
    } catch (LedgerException e) {
      database.transaction(
          c -> {
            LoanTable.delete(c, loan.id());
            return 1;
          });
      throw e;
    }
    database.transaction(
        c -> {
          LoanTable.state(c, loan.id(), Loan.State.OPEN, loan.at());
          return 1;
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
      finish();
      Optional<LoanTable.Change> there = change(user, id, "repay", key);
      if (there.isPresent()) {
        requireSame(there.get().interest() + there.get().principal() == amount, key);
        return view(find(user, id));
      }
      Loan loan = live(user, id);
      accrue(loan);
      View view = view(loan);
      if (amount > view.owed()) {
        throw ChoirException.usage(
            "more_than_owed",
            "the loan " + id + " owes " + view.owed() + " micro-dollars, not " + amount,
            "repay less");
      }
      boolean last = amount == view.owed();
      long interest = Math.min(amount, view.interest());
      apply(
          loan,
          new LoanTable.Change(
              changeId(id, "repay", key),
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
      return view(find(user, id));
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
      finish();
      Optional<LoanTable.Change> there = change(user, id, "pledge", key);
      if (there.isPresent()) {
        requireSame(there.get().chip() == chip, key);
        return view(find(user, id));
      }
      Loan loan = live(user, id);
      apply(
          loan,
          new LoanTable.Change(
              changeId(id, "pledge", key),
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
      return view(find(user, id));
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
      finish();
      List<String> taken = new ArrayList<>();
      List<Loan> open = database.transaction(LoanTable::open);
      if (open.isEmpty()) {
        return taken;
      }
      long price = prices.standing().micros();
      LoanRule.Terms terms = LoanRule.Terms.of(parameters.at(clock.instant()));
      for (Loan loan : open) {
        accrue(loan);
        View view = view(loan);
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
    long n = database.transaction(c -> LoanTable.liquidations(c, loan.id()));
    long interest = Math.min(liquidation.cleared(), view.interest());
    boolean clear = liquidation.cleared() == view.owed();
    Loan.State ends = liquidation.whole() ? Loan.State.UNCOVERED : Loan.State.OPEN;
    apply(
        loan,
        new LoanTable.Change(
            changeId(loan.id(), "liquidate", Long.toString(n)),
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

  private static String changeId(String loan, String kind, String key) {
    return Digest.of(loan + " " + kind + " " + Requests.key(key)).prefix(24);
  }

  private Optional<LoanTable.Change> change(TenantId user, String loan, String kind, String key) {
    find(user, loan);
    return database.transaction(c -> LoanTable.change(c, changeId(loan, kind, key)));
  }

  private void apply(Loan loan, LoanTable.Change change) {
    database.transaction(
        c -> {
          LoanTable.insert(c, change);
          return 1;
        });
    order(loan, change);
  }

  private void order(Loan loan, LoanTable.Change change) {
    try {
      ledger.require(LoanOrders.of(loan, change));
    } catch (LedgerException e) {
      database.transaction(
          c -> {
            LoanTable.delete(c, change);
            return 1;
          });
      throw e;
    }
    database.transaction(
        c -> {
          LoanTable.done(c, change);
          return 1;
        });
  }

  /** Does what was decided before a crash and not done; also called by every other method. */
  public void finish() {
    lock.lock();
    try {
      for (Loan loan : database.transaction(LoanTable::open)) {
        if (loan.state() == Loan.State.REQUESTED) {
          settle(() -> pay(loan));
        }
      }
      for (LoanTable.Change change : database.transaction(LoanTable::unfinished)) {
        Loan loan = database.transaction(c -> LoanTable.find(c, change.loan())).orElseThrow();
        settle(() -> order(loan, change));
      }
    } finally {
      lock.unlock();
    }
  }

  private static void settle(Runnable unfinished) {
    try {
      unfinished.run();
    } catch (LedgerException e) {
      // Refused for good and its row is gone; whoever asked is told when they ask again.
      LOG.log(System.Logger.Level.INFO, "a loan's request was refused: " + e.code());
    }
  }

  private void accrue(Loan loan) {
    if (!loan.state().over()) {
      accrual.accrue(
          new InterestAccrual.Debt(
              "loan:" + loan.id(),
              Chart.loanPrincipal(loan.owner(), loan.id()),
              Chart.loanInterest(loan.owner(), loan.id()),
              Chart.loanClaims(),
              loan.interest(),
              LocalDate.ofInstant(loan.at(), ZoneOffset.UTC),
              false),
          LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC));
    }
  }

  /** A user's loans, oldest first. */
  public List<View> of(TenantId user) {
    return database.transaction(c -> LoanTable.of(c, user)).stream().map(this::view).toList();
  }

  /** What a user owed on all loans when the ledger had accepted so many orders. */
  long owedAt(TenantId user, long seq) {
    long owed = 0;
    for (Loan loan : database.transaction(c -> LoanTable.of(c, user))) {
      Balance principal = ledger.balanceAt(Chart.loanPrincipal(user, loan.id()), seq);
      Balance interest = ledger.balanceAt(Chart.loanInterest(user, loan.id()), seq);
      owed = Math.subtractExact(owed, Math.addExact(principal.posted(), interest.posted()));
    }
    return owed;
  }

  private Loan find(TenantId user, String id) {
    return database
        .transaction(c -> LoanTable.find(c, id))
        .filter(loan -> loan.owner().equals(user))
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_loan", user + " has no loan " + id, "see: choir loan"));
  }

  private Loan live(TenantId user, String id) {
    Loan loan = find(user, id);
    if (loan.state().over()) {
      throw ChoirException.usage(
          "loan_over", "nothing is owed on the loan " + id + " any more", "see: choir loan");
    }
    return loan;
  }

  private long collateral(Loan loan) {
    return ledger.balance(Chart.collateral(loan.owner(), loan.id())).posted();
  }

  private View view(Loan loan) {
    long pledged = collateral(loan);
    long principal = InterestAccrual.owed(ledger, Chart.loanPrincipal(loan.owner(), loan.id()));
    long interest = InterestAccrual.owed(ledger, Chart.loanInterest(loan.owner(), loan.id()));
    long share = parameters.at(clock.instant()).of(Parameter.LOAN_LIQUIDATION);
    long worth = Shares.partUp(Math.addExact(principal, interest), Shares.WHOLE, share);
    return new View(
        loan,
        pledged,
        principal,
        interest,
        pledged == 0 ? 0 : Shares.partUp(worth, 1_000_000, pledged));
  }
}
