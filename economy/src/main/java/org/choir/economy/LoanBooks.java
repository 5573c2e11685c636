package org.choir.economy;

import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * The books of loans: each decision is written down first, then ordered from the ledger, then
 * marked as done; whatever a crash left in between is done again. Its caller holds the lock.
 */
final class LoanBooks {
  private static final System.Logger LOG = System.getLogger(LoanBooks.class.getName());

  private final Database database;
  private final Ledger ledger;
  private final ParameterHistory parameters;
  private final InstantSource clock;
  private final InterestAccrual accrual;

  LoanBooks(Database database, Ledger ledger, ParameterHistory parameters, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.parameters = parameters;
    this.clock = clock;
    this.accrual = new InterestAccrual(database, ledger);
    ledger.open(Chart.treasury(Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(Chart.lending(), Limit.NO_OVERDRAFT);
    ledger.open(Chart.loanClaims(), Limit.NO_OVERDRAFT);
  }

  /** Every loan that is not over. */
  List<Loan> open() {
    return database.transaction(LoanTable::open);
  }

  List<Loan> of(TenantId user) {
    return database.transaction(c -> LoanTable.of(c, user));
  }

  Optional<Loan> find(String id) {
    return database.transaction(c -> LoanTable.find(c, id));
  }

  /** Writes a loan down and pays it out. */
  void add(Loan loan, String key) {
    database.transaction(
        c -> {
          LoanTable.insert(c, loan, key);
          return 1;
        });
    pay(loan);
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

  static String changeId(String loan, String kind, String key) {
    return Digest.of(loan + " " + kind + " " + Requests.key(key)).prefix(24);
  }

  /** What was decided under this key, if anything. */
  Optional<LoanTable.Change> change(TenantId user, String loan, String kind, String key) {
    require(user, loan);
    return database.transaction(c -> LoanTable.change(c, changeId(loan, kind, key)));
  }

  /** How often a loan was taken apart so far. */
  long liquidations(Loan loan) {
    return database.transaction(c -> LoanTable.liquidations(c, loan.id()));
  }

  /** Writes a decision down and does it. */
  void apply(Loan loan, LoanTable.Change change) {
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

  /** Does what was decided before a crash and not done. */
  void finish() {
    for (Loan loan : open()) {
      if (loan.state() == Loan.State.REQUESTED) {
        settle(() -> pay(loan));
      }
    }
    for (LoanTable.Change change : database.transaction(LoanTable::unfinished)) {
      Loan loan = database.transaction(c -> LoanTable.find(c, change.loan())).orElseThrow();
      settle(() -> order(loan, change));
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

  /** Writes the interest of the days that are over down. */
  void accrue(Loan loan) {
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

  Loan require(TenantId user, String id) {
    return database
        .transaction(c -> LoanTable.find(c, id))
        .filter(loan -> loan.owner().equals(user))
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_loan", user + " has no loan " + id, "see: choir loan"));
  }

  /** One that is not over. */
  Loan live(TenantId user, String id) {
    Loan loan = require(user, id);
    if (loan.state().over()) {
      throw ChoirException.usage(
          "loan_over", "nothing is owed on the loan " + id + " any more", "see: choir loan");
    }
    return loan;
  }

  long collateral(Loan loan) {
    return ledger.balance(Chart.collateral(loan.owner(), loan.id())).posted();
  }

  Loans.View view(Loan loan) {
    long pledged = collateral(loan);
    long principal = InterestAccrual.owed(ledger, Chart.loanPrincipal(loan.owner(), loan.id()));
    long interest = InterestAccrual.owed(ledger, Chart.loanInterest(loan.owner(), loan.id()));
    long share = parameters.at(clock.instant()).of(Parameter.LOAN_LIQUIDATION);
    long worth = Shares.partUp(Math.addExact(principal, interest), Shares.WHOLE, share);
    return new Loans.View(
        loan,
        pledged,
        principal,
        interest,
        pledged == 0 ? 0 : Shares.partUp(worth, 1_000_000, pledged));
  }
}
