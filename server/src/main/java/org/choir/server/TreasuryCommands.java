package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.economy.BudgetRule;
import org.choir.economy.EconomyServices;
import org.choir.economy.LedgerCheck;
import org.choir.economy.PriceBook;
import org.choir.economy.Scenario;
import org.choir.economy.Simulation;
import org.choir.economy.Treasury;
import org.choir.economy.TreasuryBooks;
import org.choir.economy.TreasuryFlow;

/** The treasury: what it has and owes, its books, its price, and what would happen to it. */
final class TreasuryCommands {
  static final Set<String> NAMES =
      Set.of(
          "treasury",
          "treasury.books",
          "treasury.check",
          "treasury.simulate",
          "treasury.offer",
          "treasury.paid-in",
          "treasury.repay",
          "treasury.lend",
          "treasury.resume",
          "treasury.round");

  private final EconomyRoom economy;
  private final SharedDatabase database;
  private final Set<String> operators;
  private final java.time.InstantSource clock;

  /**
   * @param operators who may offer CHIP and move the treasury's dollars
   */
  TreasuryCommands(
      EconomyRoom economy,
      SharedDatabase database,
      Set<String> operators,
      java.time.InstantSource clock) {
    this.economy = economy;
    this.database = database;
    this.operators = Set.copyOf(operators);
    this.clock = clock;
  }

  ObjectNode handle(Request request) {
    if (request.command().equals("treasury.simulate")) {
      return simulate(request);
    }
    EconomyServices services = economy.services();
    ObjectNode out =
        switch (request.command()) {
          case "treasury" -> standing(services);
          case "treasury.books" -> books(services);
          case "treasury.check" -> check();
          case "treasury.offer" -> {
            requireOperator(request);
            long price = Amounts.units(request.text("price"), Currency.USDC);
            services.sales().offer(price, request.user().value());
            services.prices().read();
            yield Json.object()
                .put("price", price)
                .put("text", "the treasury offers CHIP at " + Amounts.text(price, Currency.USDC));
          }
          case "treasury.paid-in" -> {
            requireOperator(request);
            long amount = Amounts.units(request.text("amount"), Currency.USDC);
            services.treasury().paidIn("lender", amount, request.text("key"));
            yield done("the lender's " + Amounts.text(amount, Currency.USDC) + " may be borrowed");
          }
          case "treasury.repay" -> {
            requireOperator(request);
            long amount = Amounts.units(request.text("amount"), Currency.USDC);
            long interest = services.treasury().repay(amount, request.text("key"));
            yield done("repaid, of it interest " + Amounts.text(interest, Currency.USDC));
          }
          case "treasury.lend" -> {
            requireOperator(request);
            long amount = Amounts.units(request.text("amount"), Currency.USDC);
            services.treasury().fundLending(amount, request.text("key"));
            yield done(Amounts.text(amount, Currency.USDC) + " may be lent to users");
          }
          case "treasury.resume" -> {
            requireOperator(request);
            services.halts().lift(request.user().value(), request.text("reason"));
            yield done("payouts go on");
          }
          case "treasury.round" -> round();
          default -> throw new IllegalArgumentException(request.command());
        };
    economy.settle();
    return out;
  }

  private static ObjectNode done(String text) {
    return Json.object().put("text", text);
  }

  private void requireOperator(Request request) {
    String user = request.user().value();
    if (!operators.contains(user)) {
      throw ChoirException.usage(
          "not_an_operator",
          user + " does not act for the treasury",
          "those who do are configured: economy.operators");
    }
  }

  private ObjectNode standing(EconomyServices services) {
    Treasury.Standing s = services.treasury().standing();
    Optional<PriceBook.Quote> quote = services.prices().quote();
    ObjectNode out =
        Json.object()
            .put("chip", s.chip())
            .put("usdc", s.usdc())
            .put("price", s.price())
            .put("capacity", s.capacity())
            .put("principal", s.principal())
            .put("interest", s.interest())
            .put("realised", s.realised())
            .put("lending", s.lending())
            .put("lent", s.lent());
    List<String> text = new ArrayList<>();
    text.add(line("holds", Amounts.text(s.chip(), Currency.CHIP)));
    text.add(line("and", Amounts.text(s.usdc(), Currency.USDC)));
    text.add(
        line(
            "price, average of 24 h",
            quote.map(q -> Amounts.text(q.average().micros(), Currency.USDC)).orElse("none yet")));
    services
        .halts()
        .standing()
        .ifPresent(
            halt -> text.add("PAYOUTS STAND STILL since " + halt.at() + ": " + halt.reason()));
    quote
        .filter(q -> q.pausedUntil().isPresent())
        .ifPresent(q -> text.add("  paused until " + q.pausedUntil().get() + ": " + q.reason()));
    text.add(line("may borrow", Amounts.text(s.capacity(), Currency.USDC)));
    text.add(line("owes", Amounts.text(s.principal(), Currency.USDC)));
    text.add(line("and interest", Amounts.text(s.interest(), Currency.USDC)));
    text.add(line("lender has paid in", Amounts.text(s.realised(), Currency.USDC)));
    text.add(line("set aside to lend", Amounts.text(s.lending(), Currency.USDC)));
    text.add(line("lent to users", Amounts.text(s.lent(), Currency.USDC)));
    java.time.YearMonth month =
        java.time.YearMonth.from(clock.instant().atZone(java.time.ZoneOffset.UTC));
    Optional<BudgetRule.Budget> budget = services.treasury().budgets().budget(month);
    budget.ifPresent(
        b -> {
          out.put("budget", b.amount());
          text.add(line("citations of " + month, Amounts.text(b.amount(), Currency.USDC)));
          text.add("  " + b.explanation().formula());
        });
    return out.put("text", String.join("\n", text));
  }

  private static String line(String name, String value) {
    return "%-26s %24s".formatted(name, value);
  }

  private static ObjectNode books(EconomyServices services) {
    ObjectNode out = Json.object();
    List<String> text = new ArrayList<>();
    boolean agree = true;
    long seq = services.ledger().seq();
    for (Currency currency : List.of(Currency.CHIP, Currency.USDC)) {
      TreasuryBooks books = TreasuryBooks.of(services.ledger(), currency, seq);
      ObjectNode flows = out.putObject(currency.name());
      text.add(currency == Currency.CHIP ? "CHIP" : "dollars");
      flows(flows.putObject("in"), books.inflows(), currency, "+ ", text);
      flows(flows.putObject("out"), books.outflows(), currency, "- ", text);
      text.add(line("together", Amounts.text(books.sum(), currency)));
      text.add("");
      agree &= books.agree();
    }
    text.add(agree ? "the flows are what the ledger holds" : "THE FLOWS DIFFER FROM THE LEDGER");
    return out.put("agree", agree).put("text", String.join("\n", text));
  }

  private static void flows(
      ObjectNode out,
      Map<TreasuryFlow, Long> flows,
      Currency currency,
      String sign,
      List<String> text) {
    flows.forEach(
        (flow, amount) -> {
          out.put(flow.reason(), amount);
          text.add(line(sign + flow.reason().replace('_', ' '), Amounts.text(amount, currency)));
        });
  }

  private ObjectNode check() {
    LedgerCheck.Result result = LedgerCheck.run(database.open());
    ObjectNode out =
        Json.object()
            .put("sound", result.sound())
            .put("transfers", result.transfers())
            .put("batches", result.batches());
    ArrayNode problems = out.putArray("problems");
    result.problems().forEach(problems::add);
    return out.put(
        "text",
        result.sound()
            ? "%,d transfers in %,d batches: every balance is the fold of its transfers, every digest holds"
                .formatted(result.transfers(), result.batches())
            : String.join("\n", result.problems()));
  }

  private ObjectNode simulate(Request request) {
    Optional<String> wanted = request.optional("scenario");
    List<Scenario> scenarios =
        wanted.isEmpty()
            ? Scenario.all()
            : List.of(
                Scenario.of(wanted.get())
                    .orElseThrow(
                        () ->
                            ChoirException.usage(
                                "no_such_scenario",
                                "there is no scenario '"
                                    + org.choir.core.Text.visible(wanted.get(), 40)
                                    + "'",
                                "choose one of: "
                                    + String.join(
                                        ", ",
                                        Scenario.all().stream().map(Scenario::name).toList()))));
    List<String> text = new ArrayList<>();
    for (Scenario scenario : scenarios) {
      text.add(Simulation.run(scenario, org.choir.economy.Parameters.STANDARD).table());
    }
    return Json.object().put("text", String.join("\n", text));
  }

  private ObjectNode round() {
    Map<String, String> failed = economy.roundNow();
    ObjectNode out = Json.object();
    ObjectNode list = out.putObject("failed");
    failed.forEach(list::put);
    List<String> text = new ArrayList<>();
    failed.forEach((task, why) -> text.add(task + ": " + why));
    return out.put(
        "text", text.isEmpty() ? "everything that was due is done" : String.join("\n", text));
  }
}
