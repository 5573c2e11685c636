package org.choir.economy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * The treasury with its loans, deposits and votes over real tables and the plain ledger, a market
 * that tells what a test wants, and a server that can be killed at any order.
 */
final class TreasuryWorld {
  static final long CHIP = 1_000_000;
  static final long DOLLAR = 1_000_000;
  static final TenantId ADA = new TenantId("ada");
  static final TenantId BEN = new TenantId("ben");
  static final TenantId EVE = new TenantId("eve");

  final Database database;
  final ReferenceLedger books;
  final Economy.KillableLedger ledger;
  final Market market = new Market();
  Instant now = Instant.parse("2026-01-01T00:00:00Z");
  long depth = 1_000_000 * CHIP;
  PriceBook prices;
  ParameterHistory parameters;
  Treasury treasury;
  Loans loans;
  Deposits deposits;
  Governance governance;

  /** One database for all tests of this part, emptied for each. */
  private static final class Tables {
    static final Database DATABASE = TestDatabase.fresh();
  }

  /** A market. */
  static final class Market implements PriceFeed {
    private final List<PricePoint> told = new ArrayList<>();

    @Override
    public String source() {
      return "test";
    }

    @Override
    public List<PricePoint> after(Instant after, int limit) {
      return told.stream().filter(p -> p.at().isAfter(after)).limit(limit).toList();
    }
  }

  TreasuryWorld() {
    this.database = Tables.DATABASE;
    this.books = new ReferenceLedger(() -> now);
    this.ledger = new Economy.KillableLedger(books);
    database.transaction(
        c ->
            Rows.update(
                c,
                "truncate economy.price, economy.sale_offer, economy.interest,"
                    + " economy.monthly_budget, economy.debt_repayment, economy.loan,"
                    + " economy.loan_change, economy.deposit, economy.surplus,"
                    + " economy.surplus_part, economy.proposal, economy.vote,"
                    + " economy.parameter_change, economy.intent"));
    restart();
    Genesis.ensure(ledger);
    ledger.open(Chart.bank("test"), Limit.NONE);
  }

  /** A new server process over the same tables and books. */
  void restart() {
    ledger.live();
    prices = new PriceBook(database, market, () -> now);
    parameters = new ParameterHistory(database);
    treasury =
        new Treasury(
            database, ledger, prices, parameters, new Treasury.Lender("house", 50_000), () -> now);
    loans = new Loans(database, ledger, prices, parameters, () -> now);
    deposits = new Deposits(database, ledger, parameters, () -> now);
    governance = new Governance(database, ledger, loans, prices, parameters, () -> now);
  }

  void pass(Duration time) {
    now = now.plus(time);
  }

  /** The market tells a price now, and it is read. */
  void tell(long micros) {
    market.told.add(new PricePoint(now, micros, depth));
    prices.read();
  }

  /** The market tells a price each hour, for so long, and once more at the end. */
  void steady(long micros, int hours) {
    for (int i = 0; i < hours; i++) {
      market.told.add(new PricePoint(now, micros, depth));
      pass(Duration.ofHours(1));
    }
    tell(micros);
  }

  /** CHIP out of the treasury, as if bought. */
  void give(TenantId user, long chip) {
    Purses.open(ledger, user);
    move(
        Chart.treasury(Currency.CHIP),
        Chart.available(user, Currency.CHIP),
        chip * CHIP,
        "chip_sold");
  }

  /** Dollars from outside. */
  void pay(AccountId to, long dollars) {
    ledger.open(to, Limit.NO_OVERDRAFT);
    move(Chart.bank("test"), to, dollars * DOLLAR, "credits_revenue");
  }

  void move(AccountId from, AccountId to, long amount, String reason) {
    ledger.require(Transfer.move(UUID.randomUUID(), from, to, amount, reason, Explanation.NONE));
  }

  long posted(AccountId account) {
    return books.balance(account).posted();
  }

  long usdc(TenantId user) {
    return posted(Chart.available(user, Currency.USDC));
  }

  long chip(TenantId user) {
    return posted(Chart.available(user, Currency.CHIP));
  }

  long treasury(Currency currency) {
    return posted(Chart.treasury(currency));
  }
}
