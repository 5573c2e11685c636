package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.core.TenantId;
import org.choir.core.Text;
import org.choir.economy.Allowance;
import org.choir.economy.Allowances;

/** A person says and sees what their agents may do of themselves in a day. */
final class AllowanceCommands {
  static final String SET = "wallet.allow";
  static final String SHOW = "wallet.allowance";

  /** What {@link #handle} knows. */
  static final Set<String> NAMES = Set.of(SET, SHOW);

  private static final AgentId SERVER = new AgentId("rchoirserver");

  private final Supplier<Allowances> opened;
  private final AuditSink audit;
  private final InstantSource clock;

  /**
   * @param opened the first use may start the database
   */
  AllowanceCommands(Supplier<Allowances> opened, AuditSink audit, InstantSource clock) {
    this.opened = opened;
    this.audit = audit;
    this.clock = clock;
  }

  /** Answers with the allowance, what is used of it today and what is left. */
  ObjectNode handle(Request request) {
    TenantId user = request.user();
    Allowances allowances = opened.get();
    if (request.command().equals(SET)) {
      set(allowances, user, request);
    }
    Allowance limit = allowances.of(user);
    Allowance used = allowances.usedToday(user);
    ObjectNode out =
        Json.object().put("user", user.value()).put("day", allowances.today().toString());
    put(out, "chip", limit.chip(), used.chip(), Optional.of(Currency.CHIP));
    put(out, "usdc", limit.usdc(), used.usdc(), Optional.of(Currency.USDC));
    put(out, "publications", limit.publications(), used.publications(), Optional.empty());
    return out;
  }

  /** What is not named stays; the chain has it before it counts. */
  private void set(Allowances allowances, TenantId user, Request request) {
    Allowance before = allowances.of(user);
    Allowance now =
        new Allowance(
            request.optional("chip").map(t -> amount(t, Currency.CHIP)).orElse(before.chip()),
            request.optional("usdc").map(t -> amount(t, Currency.USDC)).orElse(before.usdc()),
            request.number("publications").orElse(before.publications()));
    ObjectNode data =
        Json.object()
            .put("account", user.value())
            .put("by", "user:" + user)
            .put("publications", now.publications());
    data.set("chip", money(now.chip(), Currency.CHIP));
    data.set("usdc", money(now.usdc(), Currency.USDC));
    audit.record(new AuditEvent(user, clock.instant(), "allowance.set", SERVER, data));
    allowances.set(user, now);
  }

  private static ObjectNode money(long amount, Currency currency) {
    return Json.object().put("minorUnits", amount).put("currency", currency.name());
  }

  private static long amount(String decimal, Currency currency) {
    if (decimal.matches("[0-9]{1,9}(\\.[0-9]{1,6})?")) {
      return Money.parse(decimal, currency).minorUnits();
    }
    throw ChoirException.usage(
        "bad_amount",
        "'" + Text.visible(decimal, 40) + "' is no amount of " + currency,
        "write a decimal with at most 6 digits after the point, for example 5.25");
  }

  private static void put(
      ObjectNode out, String name, long limit, long used, Optional<Currency> currency) {
    ObjectNode row = out.putObject(name);
    row.put("a_day", shown(limit, currency));
    row.put("used_today", shown(used, currency));
    row.put("left_today", shown(Math.max(0, limit - used), currency));
  }

  private static String shown(long amount, Optional<Currency> currency) {
    return currency.map(c -> new Money(amount, c).toString()).orElse(Long.toString(amount));
  }
}
