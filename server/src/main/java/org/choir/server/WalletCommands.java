package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.economy.AccountId;
import org.choir.economy.Balance;
import org.choir.economy.Chart;
import org.choir.economy.EconomyServices;
import org.choir.economy.LedgerEntry;
import org.choir.economy.SignUps;
import org.choir.economy.Transfer;

/** What a user has, where it came from, and why each amount is what it is. */
final class WalletCommands {
  static final Set<String> NAMES =
      Set.of("wallet", "wallet.statement", "wallet.receipt", "wallet.signup", "wallet.send");

  private static final int PAGE = 25;
  private static final int PAGE_MAX = 1_000;

  private final EconomyRoom economy;

  WalletCommands(EconomyRoom economy) {
    this.economy = economy;
  }

  ObjectNode handle(Request request) {
    EconomyServices services = economy.services();
    TenantId user = request.user();
    return switch (request.command()) {
      case "wallet" -> wallet(services, user);
      case "wallet.statement" -> statement(services, request);
      case "wallet.receipt" -> receipt(services, user, request.text("id"));
      case "wallet.signup" -> signUp(services, user);
      case "wallet.send" -> send(services, request);
      default -> throw new IllegalArgumentException(request.command());
    };
  }

  /** One line of the wallet. */
  private record Line(String name, AccountId account) {}

  private static List<Line> lines(TenantId user) {
    return List.of(
        new Line("credits", Chart.available(user, Currency.CREDITS)),
        new Line("credits bought by card, held", Chart.held(user, Currency.CREDITS)),
        new Line("CHIP", Chart.available(user, Currency.CHIP)),
        new Line("CHIP, starter (only to stake)", Chart.starter(user)),
        new Line("CHIP, at stake", Chart.staked(user)),
        new Line("CHIP, not yet vested", Chart.unvested(user)),
        new Line("CHIP bought by card, held", Chart.held(user, Currency.CHIP)),
        new Line("dollars", Chart.available(user, Currency.USDC)),
        new Line("debt", Chart.debt(user)));
  }

  private ObjectNode wallet(EconomyServices services, TenantId user) {
    ObjectNode out = Json.object().put("user", user.value());
    ArrayNode accounts = out.putArray("accounts");
    List<String> text = new ArrayList<>();
    for (Line line : lines(user)) {
      Balance balance = services.ledger().balance(line.account());
      if (balance.equals(Balance.ZERO) && !line.account().purse().equals("available")) {
        continue;
      }
      Currency currency = line.account().currency();
      accounts
          .addObject()
          .put("account", line.account().toString())
          .put("name", line.name())
          .put("posted", balance.posted())
          .put("reserved", balance.debitsPending())
          .put("available", balance.available());
      String reserved =
          balance.debitsPending() == 0
              ? ""
              : "   (" + Amounts.text(balance.debitsPending(), currency) + " of it reserved)";
      text.add(
          "%-32s %20s%s"
              .formatted(line.name(), Amounts.text(balance.posted(), currency), reserved));
    }
    Balance citations = services.ledger().balance(Chart.citations(user));
    out.put("citations_pending", citations.creditsPending());
    if (citations.creditsPending() > 0) {
      text.add(
          "%-32s %20s"
              .formatted(
                  "citations, until the month ends",
                  Amounts.text(citations.creditsPending(), Currency.USDC)));
    }
    if (!economy.counts(user)) {
      text.add("");
      text.add(user + " is exempt: runs cost nothing, articles stake nothing and earn nothing.");
    }
    services
        .payments()
        .ifPresent(
            desk ->
                desk.purchases()
                    .notices(user, PAGE)
                    .forEach(
                        n -> text.add(n.words() + (n.link().isEmpty() ? "" : ": " + n.link()))));
    return out.put("text", String.join("\n", text));
  }

  private static ObjectNode statement(EconomyServices services, Request request) {
    Currency currency = Amounts.currency(request.optional("currency").orElse("chip"));
    AccountId account =
        AccountId.user(request.user(), request.optional("purse").orElse("available"), currency);
    int limit = Math.clamp(request.number("limit").orElse(PAGE), 1, PAGE_MAX);
    long before = request.number("before").orElse(Long.MAX_VALUE);
    List<LedgerEntry> page = services.ledger().statement(account, before, limit);
    ObjectNode out = Json.object().put("account", account.toString());
    ArrayNode entries = out.putArray("entries");
    List<String> text = new ArrayList<>();
    for (LedgerEntry entry : page) {
      boolean out1 = entry.debit().equals(account);
      entries.add(json(entry));
      text.add(
          "%s  %s  %18s  %-22s %s"
              .formatted(
                  entry.at().toString().substring(0, 10),
                  entry.transfer().id().toString().substring(0, 8),
                  (out1 ? "-" : "+") + Amounts.text(entry.moved(), currency),
                  word(entry),
                  out1 ? "to " + entry.credit() : "from " + entry.debit()));
    }
    if (page.size() == limit) {
      out.put("next", page.getLast().seq());
      text.add("more: choir wallet statement --before " + page.getLast().seq());
    }
    return out.put(
        "text", text.isEmpty() ? "nothing happened on " + account : String.join("\n", text));
  }

  private static String word(LedgerEntry entry) {
    String what =
        switch (entry.transfer().kind()) {
          case MOVE, POST -> "";
          case RESERVE -> "reserved: ";
          case RELEASE, EXPIRE -> "given back: ";
        };
    return what + entry.transfer().reason().replace('_', ' ');
  }

  private static ObjectNode json(LedgerEntry entry) {
    Transfer transfer = entry.transfer();
    ObjectNode out =
        Json.object()
            .put("id", transfer.id().toString())
            .put("seq", entry.seq())
            .put("batch", entry.batch())
            .put("at", entry.at().toString())
            .put("kind", transfer.kind().name())
            .put("debit", entry.debit().toString())
            .put("credit", entry.credit().toString())
            .put("amount", entry.moved())
            .put("reason", transfer.reason());
    out.set("explanation", transfer.explanation().json());
    return out;
  }

  private static ObjectNode receipt(EconomyServices services, TenantId user, String id) {
    LedgerEntry entry =
        find(services, user, id)
            .filter(e -> isOf(e.debit(), user) || isOf(e.credit(), user))
            .orElseThrow(
                () ->
                    ChoirException.usage(
                        "no_such_receipt",
                        "there is no transfer "
                            + org.choir.core.Text.visible(id, 40)
                            + " of "
                            + user,
                        "list them with: choir wallet statement"));
    Currency currency = entry.debit().currency();
    List<String> text = new ArrayList<>();
    text.add("Receipt    " + entry.transfer().id());
    text.add("When       " + entry.at());
    text.add("Amount     " + Amounts.text(entry.moved(), currency));
    text.add("What       " + word(entry));
    text.add("From       " + entry.debit());
    text.add("To         " + entry.credit());
    text.add("Ledger     number " + entry.seq() + ", batch " + entry.batch());
    if (!entry.transfer().explanation().formula().isEmpty()) {
      text.add("Why        " + entry.transfer().explanation().formula());
    }
    entry
        .transfer()
        .explanation()
        .inputs()
        .forEach((name, value) -> text.add("           " + name + " = " + value));
    return json(entry).put("text", String.join("\n", text));
  }

  private static boolean isOf(AccountId account, TenantId user) {
    return account.owner().equals("user:" + user);
  }

  /** By the whole id, or by its beginning among the newest of each purse. */
  private static Optional<LedgerEntry> find(EconomyServices services, TenantId user, String id) {
    if (id.length() == 36) {
      try {
        return services.ledger().find(UUID.fromString(id));
      } catch (IllegalArgumentException e) {
        return Optional.empty(); // not the form of an id
      }
    }
    if (!id.matches("[0-9a-f]{6,35}")) {
      return Optional.empty();
    }
    for (Line line : lines(user)) {
      for (LedgerEntry entry :
          services.ledger().statement(line.account(), Long.MAX_VALUE, PAGE_MAX)) {
        if (entry.transfer().id().toString().startsWith(id)) {
          return Optional.of(entry);
        }
      }
    }
    return Optional.empty();
  }

  /** The person at this machine vouches for the account; one start for each account here. */
  private ObjectNode signUp(EconomyServices services, TenantId user) {
    services
        .signUps()
        .grant(user, new SignUps.Proof("operator", Digest.of("operator vouches for " + user)));
    economy.settle();
    return wallet(services, user);
  }

  private ObjectNode send(EconomyServices services, Request request) {
    TenantId user = request.user();
    UUID id =
        services
            .transfers()
            .send(
                user,
                new TenantId(request.text("to")),
                Amounts.units(request.text("amount"), Currency.USDC),
                request.optional("note").orElse(""),
                request.text("key"));
    economy.settle();
    return receipt(services, user, id.toString());
  }
}
