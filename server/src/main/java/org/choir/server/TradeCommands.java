package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.economy.Autopurchases;
import org.choir.economy.Deposits;
import org.choir.economy.EconomyServices;
import org.choir.economy.Loans;
import org.choir.economy.Purchase;
import org.choir.economy.SignedIntent;
import org.choir.economy.Withdrawal;

/** Dollars in and out: buying, withdrawing, depositing, borrowing. */
final class TradeCommands {
  static final Set<String> NAMES =
      Set.of(
          "buy.credits",
          "buy.chip",
          "buy.debt",
          "buy.list",
          "buy.autopurchase",
          "withdraw",
          "withdraw.list",
          "withdraw.cancel",
          "withdraw.bank",
          "deposit",
          "deposit.list",
          "deposit.end",
          "loan",
          "loan.list",
          "loan.repay",
          "loan.pledge");

  private static final int LISTED = 20;

  private final EconomyRoom economy;
  private final SignedActs signed;
  private final EconomySettings settings;

  TradeCommands(EconomyRoom economy, SignedActs signed, EconomySettings settings) {
    this.economy = economy;
    this.signed = signed;
    this.settings = settings;
  }

  ObjectNode handle(Request request) {
    EconomyServices services = economy.services();
    ObjectNode out =
        switch (request.command().replaceFirst("\\..*", "")) {
          case "buy" -> buy(services, request);
          case "withdraw" -> withdraw(services, request);
          case "deposit" -> deposit(services, request);
          case "loan" -> loan(services, request);
          default -> throw new IllegalArgumentException(request.command());
        };
    economy.settle();
    return out;
  }

  private static EconomyServices.PaymentDesk desk(EconomyServices services) {
    return services
        .payments()
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_payments",
                    "this server has no payment service",
                    "start it with STRIPE_API_KEY"));
  }

  private ObjectNode buy(EconomyServices services, Request request) {
    TenantId user = request.user();
    URI back = settings.returnTo();
    return switch (request.command()) {
      case "buy.credits" -> {
        long credits = Amounts.units(request.text("amount"), Currency.CREDITS);
        if (request.flag("usdc")) {
          // Without a payment service too: the dollars are in the wallet.
          var paid =
              desk(services).purchases().buyCreditsWithUsdc(user, request.text("key"), credits);
          yield Json.object()
              .put("paid", paid.minorUnits())
              .put(
                  "text",
                  Amounts.text(credits, Currency.CREDITS)
                      + " for "
                      + Amounts.text(paid.minorUnits(), paid.currency())
                      + " of your wallet");
        }
        yield purchase(
            desk(services).purchases().buyCredits(user, request.text("key"), credits, back));
      }
      case "buy.chip" ->
          purchase(
              desk(services)
                  .purchases()
                  .buyChip(
                      user,
                      request.text("key"),
                      Amounts.units(request.text("amount"), Currency.CHIP),
                      back));
      case "buy.debt" ->
          purchase(desk(services).purchases().payDebt(user, request.text("key"), back));
      case "buy.autopurchase" -> autopurchase(desk(services), user, request);
      default -> {
        ArrayNode list = Json.array();
        List<String> text = new ArrayList<>();
        for (Purchase each : desk(services).purchases().list(user, LISTED)) {
          ObjectNode one = purchase(desk(services).purchases().look(each.id()));
          text.add(one.path("text").asText());
          one.remove("text");
          list.add(one);
        }
        yield listed("purchases", list, text, "nothing was bought");
      }
    };
  }

  private static ObjectNode listed(String name, ArrayNode list, List<String> text, String none) {
    ObjectNode out = Json.object();
    out.set(name, list);
    return out.put("text", text.isEmpty() ? none : String.join("\n", text));
  }

  private static ObjectNode purchase(Purchase purchase) {
    Currency bought = purchase.kind() == Purchase.Kind.CHIP ? Currency.CHIP : Currency.CREDITS;
    String what =
        purchase.kind() == Purchase.Kind.DEBT ? "the debt" : Amounts.text(purchase.units(), bought);
    String cents = Amounts.text(purchase.cents() * 10_000, Currency.USDC);
    ObjectNode out =
        Json.object()
            .put("purchase", purchase.id().toString())
            .put("kind", word(purchase.kind()))
            .put("units", purchase.units())
            .put("cents", purchase.cents())
            .put("price", purchase.price())
            .put("state", word(purchase.state()));
    purchase.url().ifPresent(url -> out.put("url", url.toString()));
    String pay =
        purchase
            .url()
            .filter(u -> purchase.state() == Purchase.State.OPEN)
            .map(u -> "\n  pay at: " + u)
            .orElse("");
    return out.put(
        "text",
        what
            + " for "
            + cents
            + ", "
            + word(purchase.state())
            + " ("
            + purchase.price()
            + ")"
            + pay);
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static ObjectNode autopurchase(
      EconomyServices.PaymentDesk desk, TenantId user, Request request) {
    String wanted = request.optional("switch").orElse("");
    if (wanted.equals("on")) {
      desk.autopurchases().consent(user, Autopurchases.words());
    } else if (wanted.equals("off")) {
      desk.autopurchases().end(user);
    }
    return desk.autopurchases()
        .standing(user)
        .map(
            s ->
                Json.object()
                    .put("state", s.state())
                    .put("words", s.words())
                    .put(
                        "text",
                        "autopurchase is "
                            + s.state()
                            + (s.reason().isEmpty() ? "" : ": " + s.reason())
                            + "\n"
                            + s.words()))
        .orElseGet(
            () ->
                Json.object()
                    .put("state", "off")
                    .put("text", "autopurchase is off; with it:\n" + Autopurchases.words()));
  }

  private ObjectNode withdraw(EconomyServices services, Request request) {
    TenantId user = request.user();
    EconomyServices.PaymentDesk desk = desk(services);
    return switch (request.command()) {
      case "withdraw" -> {
        services.halts().requireNone();
        long micro = Amounts.units(request.text("amount"), Currency.USDC);
        yield withdrawal(asked(desk, user, micro, request.text("key")));
      }
      case "withdraw.cancel" ->
          withdrawal(desk.withdrawals().cancel(user, UUID.fromString(request.text("id"))));
      case "withdraw.bank" -> {
        URI page = desk.payers().onboard(user, settings.returnTo());
        yield Json.object()
            .put("url", page.toString())
            .put("text", "give your papers and your bank at: " + page);
      }
      default -> {
        ArrayNode list = Json.array();
        List<String> text = new ArrayList<>();
        for (Withdrawal each : desk.withdrawals().list(user, LISTED)) {
          ObjectNode one = withdrawal(desk.withdrawals().look(each.id()));
          text.add(one.path("text").asText());
          one.remove("text");
          list.add(one);
        }
        yield listed("withdrawals", list, text, "nothing was withdrawn");
      }
    };
  }

  private Withdrawal asked(
      EconomyServices.PaymentDesk desk, TenantId user, long micro, String key) {
    if (!settings.signed() || !economy.counts(user)) {
      return desk.withdrawals().request(user, key, micro);
    }
    ObjectNode arguments = Json.object().put("amount", Long.toString(micro)).put("key", key);
    String id =
        signed
            .perform(
                user,
                SignedIntent.Kind.WITHDRAW,
                arguments,
                once -> desk.withdrawals().request(user, key, micro).id().toString())
            .reference();
    return desk.withdrawals().find(UUID.fromString(id)).orElseThrow();
  }

  private static ObjectNode withdrawal(Withdrawal w) {
    String held = w.state() == Withdrawal.State.HELD ? ", goes out after " + w.heldUntil() : "";
    return Json.object()
        .put("withdrawal", w.id().toString())
        .put("cents", w.cents())
        .put("state", word(w.state()))
        .put("held_until", w.heldUntil().toString())
        .put(
            "text",
            w.id()
                + "  "
                + Amounts.text(w.cents() * 10_000, Currency.USDC)
                + "  "
                + word(w.state())
                + held
                + (w.problem().isEmpty() ? "" : ": " + w.problem()));
  }

  private static ObjectNode deposit(EconomyServices services, Request request) {
    TenantId user = request.user();
    return switch (request.command()) {
      case "deposit" ->
          deposit(
              services
                  .deposits()
                  .deposit(
                      user,
                      Amounts.units(request.text("amount"), Currency.USDC),
                      request.text("key")));
      case "deposit.end" -> deposit(services.deposits().withdraw(user, request.text("id")));
      default -> {
        ArrayNode list = Json.array();
        List<String> text = new ArrayList<>();
        for (Deposits.Deposit each : services.deposits().of(user)) {
          ObjectNode one = deposit(each);
          text.add(one.path("text").asText());
          one.remove("text");
          list.add(one);
        }
        yield listed("deposits", list, text, "nothing is deposited");
      }
    };
  }

  private static ObjectNode deposit(Deposits.Deposit d) {
    return Json.object()
        .put("deposit", d.id())
        .put("amount", d.amount())
        .put("state", d.state())
        .put("free_at", d.freeAt().toString())
        .put(
            "text",
            d.id()
                + "  "
                + Amounts.text(d.amount(), Currency.USDC)
                + "  "
                + d.state()
                + ", yours again from "
                + d.freeAt());
  }

  private static ObjectNode loan(EconomyServices services, Request request) {
    TenantId user = request.user();
    Loans loans = services.loans();
    return switch (request.command()) {
      case "loan" ->
          loan(
              loans.open(
                  user,
                  Amounts.units(request.text("chip"), Currency.CHIP),
                  Amounts.units(request.text("amount"), Currency.USDC),
                  request.text("key")));
      case "loan.repay" ->
          loan(
              loans.repay(
                  user,
                  request.text("id"),
                  Amounts.units(request.text("amount"), Currency.USDC),
                  request.text("key")));
      case "loan.pledge" ->
          loan(
              loans.pledge(
                  user,
                  request.text("id"),
                  Amounts.units(request.text("chip"), Currency.CHIP),
                  request.text("key")));
      default -> {
        ArrayNode list = Json.array();
        List<String> text = new ArrayList<>();
        for (Loans.View each : loans.of(user)) {
          ObjectNode one = loan(each);
          text.add(one.path("text").asText());
          one.remove("text");
          list.add(one);
        }
        yield listed("loans", list, text, "nothing is borrowed");
      }
    };
  }

  private static ObjectNode loan(Loans.View view) {
    return Json.object()
        .put("loan", view.loan().id())
        .put("state", word(view.loan().state()))
        .put("collateral", view.collateral())
        .put("principal", view.principal())
        .put("interest", view.interest())
        .put("liquidation_price", view.liquidationPrice())
        .put(
            "text",
            view.loan().id()
                + "  "
                + word(view.loan().state())
                + "  owed "
                + Amounts.text(view.principal(), Currency.USDC)
                + " and interest "
                + Amounts.text(view.interest(), Currency.USDC)
                + " against "
                + Amounts.text(view.collateral(), Currency.CHIP)
                + ", taken apart below "
                + Amounts.text(view.liquidationPrice(), Currency.USDC)
                + " a CHIP");
  }
}
