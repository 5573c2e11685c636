package org.choir.economy;

import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.choir.backbone.PublicEvents;
import org.choir.core.AuditSink;
import org.choir.database.Database;

/**
 * Everything that moves money, over one ledger: built once by whoever holds the database, closed
 * with it. What is due by itself {@link EconomyRounds} does.
 *
 * @param chained whether there is a chain beside the ledger
 * @param settlements what goes to the chain, if there is one
 * @param halts why nothing is paid out, if ledger and chain disagree
 * @param payments cards and banks; empty where no payment service is configured
 */
public record EconomyServices(
    PostgresLedger ledger,
    ParameterHistory parameters,
    SignUps signUps,
    RunCharges runs,
    Rewards rewards,
    Stakes stakes,
    StakeCases cases,
    Fees fees,
    CitationPayments citations,
    EarningBonus bonus,
    PriceBook prices,
    TreasurySales sales,
    Treasury treasury,
    Loans loans,
    Deposits deposits,
    Governance governance,
    Intents intents,
    Allowances allowances,
    Debts debts,
    UserTransfers transfers,
    boolean chained,
    Settlements settlements,
    ChainFeed chainFeed,
    ChainHalts halts,
    Optional<PaymentDesk> payments,
    EconomyNews news)
    implements AutoCloseable {

  /** Cards and banks. */
  public record PaymentDesk(
      Purchases purchases, Autopurchases autopurchases, Payers payers, Withdrawals withdrawals) {}

  /**
   * What an operator decides.
   *
   * @param chargesLocal whether the user {@code local} pays for runs as everybody does
   * @param reviewers accounts that accuse, decide and review
   * @param lender who lends to the treasury
   */
  public record Options(boolean chargesLocal, Set<String> reviewers, Treasury.Lender lender) {}

  /**
   * Where the economy meets the rest of the house.
   *
   * @param chain the chain that payments are settled on; the ledger itself if there is none
   * @param market where CHIP has its price; the treasury's own sales if there is none
   */
  public record Outside(
      Database database,
      AuditSink audit,
      PublicEvents bus,
      UserKeys keys,
      Optional<PaymentService> payments,
      Optional<ChainGateway> chain,
      Optional<PriceFeed> market,
      InstantSource clock) {}

  /**
   * Brings the tables up to date, becomes the ledger's writer and makes sure of the genesis.
   *
   * @throws org.choir.core.ChoirException {@code lease_held}, {@code ledger_unavailable}, {@code
   *     database_unreachable}
   */
  public static EconomyServices open(Outside outside, Options options) {
    Database database = outside.database();
    InstantSource clock = outside.clock();
    database.migrate("economy");
    PostgresLedger ledger = PostgresLedger.open(database, LedgerOptions.STANDARD, clock);
    try {
      Genesis.ensure(ledger);
      ParameterHistory history = new ParameterHistory(database);
      Supplier<Parameters> now = () -> history.at(clock.instant());
      TreasurySales sales = new TreasurySales(database, ledger, clock);
      PriceBook prices = new PriceBook(database, outside.market().orElse(sales), clock);
      Treasury treasury = new Treasury(database, ledger, prices, history, options.lender(), clock);
      Loans loans = new Loans(database, ledger, prices, history, clock);
      ChainHalts halts = new ChainHalts(database, clock);
      Settlements settlements =
          new Settlements(
              database,
              ledger,
              outside.chain().orElseGet(() -> new LedgerGateway(ledger)),
              halts,
              clock);
      return new EconomyServices(
          ledger,
          history,
          new SignUps(database, ledger, now, clock),
          new RunCharges(database, ledger, now, clock, options.chargesLocal()),
          new Rewards(database, ledger, now, options.reviewers(), clock),
          new Stakes(database, ledger, now, clock),
          new StakeCases(database, ledger, now, options.reviewers(), clock),
          new Fees(ledger, now),
          new CitationPayments(database, ledger, now, clock),
          new EarningBonus(ledger, now),
          prices,
          sales,
          treasury,
          loans,
          new Deposits(database, ledger, history, clock),
          new Governance(database, ledger, loans, prices, history, clock),
          new Intents(database, outside.keys(), clock),
          new Allowances(database, clock),
          new Debts(ledger),
          new UserTransfers(ledger, new Debts(ledger)::open),
          outside.chain().isPresent(),
          settlements,
          new ChainFeed(database, ledger, settlements),
          halts,
          outside.payments().map(service -> desk(database, ledger, service, prices, clock)),
          new EconomyNews(database, outside.audit(), outside.bus()));
    } catch (RuntimeException e) {
      ledger.close();
      throw e;
    }
  }

  private static PaymentDesk desk(
      Database database,
      Ledger ledger,
      PaymentService service,
      PriceBook prices,
      InstantSource clock) {
    Purchases purchases =
        new Purchases(database, ledger, service, () -> prices.require().micros(), clock);
    Payers payers = new Payers(database, ledger, service);
    return new PaymentDesk(
        purchases,
        new Autopurchases(database, ledger, purchases, payers, clock),
        payers,
        new Withdrawals(database, ledger, service, payers, clock));
  }

  @Override
  public void close() {
    ledger.close();
  }
}
