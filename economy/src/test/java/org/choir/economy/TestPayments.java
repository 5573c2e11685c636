package org.choir.economy;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.choir.economy.stripe.StripePayments;
import org.choir.economy.stripe.StripeSandbox;

/**
 * Everything that payments need, for tests: PostgreSQL, the ledger on it, the sandbox, a clock, and
 * the services, which can be killed at a boundary and opened anew.
 */
final class TestPayments implements AutoCloseable {
  static final WebhookSignature.Secret SECRET = new WebhookSignature.Secret("whsec_of_the_tests");
  static final URI BACK = URI.create("https://choir.example/back");

  /** The process dies here. */
  static final class Killed extends Error {
    Killed(String where) {
      super(where, null, false, false);
    }
  }

  final Database database;
  final PostgresLedger ledger;
  volatile Instant now = Instant.parse("2026-11-21T08:00:00Z");
  final StripeSandbox sandbox = StripeSandbox.start(() -> now);
  volatile long chipPrice = 2_500_000;
  private int users;
  private int gifts;
  private int fuse;
  private int delivered;
  Payers payers;
  Debts debts;
  Purchases purchases;
  Autopurchases autopurchases;
  Withdrawals withdrawals;
  Webhooks webhooks;

  @SuppressWarnings("NullAway.Init")
  TestPayments() {
    this.database = TestDatabase.fresh();
    this.ledger = PostgresLedger.open(database, LedgerOptions.STANDARD, () -> now);
    ledger.open(new AccountId("world", "tests", Currency.USDC), Limit.NONE);
    ledger.open(new AccountId("world", "tests", Currency.CHIP), Limit.NONE);
    ledger.open(Chart.treasury(Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.require(
        Transfer.move(
            Transfer.id("tests", "genesis"),
            new AccountId("world", "tests", Currency.CHIP),
            Chart.treasury(Currency.CHIP),
            5_000_000_000_000L,
            "genesis",
            Explanation.NONE));
    sandbox.fund(100_000_000);
    open();
  }

  /** Opens the services anew, as after a restart. */
  void open() {
    fuse = 0;
    Ledger books = mortal(Ledger.class, ledger);
    PaymentService stripe = mortal(PaymentService.class, new StripePayments(sandbox.options()));
    InstantSource clock =
        () -> {
          burn("the clock");
          return now;
        };
    payers = new Payers(database, books, stripe);
    debts = new Debts(books);
    purchases = new Purchases(database, books, stripe, () -> chipPrice, clock);
    autopurchases = new Autopurchases(database, books, purchases, payers, clock);
    withdrawals = new Withdrawals(database, books, stripe, payers, clock);
    webhooks =
        new Webhooks(database, purchases, withdrawals, payers, List.of(SECRET), false, clock);
  }

  /** Dies at this boundary from now on, counted from 1: before or after a call to the outside. */
  void killAt(int boundary) {
    fuse = boundary;
  }

  private synchronized void burn(String where) {
    if (fuse > 0 && --fuse == 0) {
      throw new Killed(where);
    }
  }

  private <T> T mortal(Class<T> type, T real) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              burn("before " + method.getName());
              try {
                Object answer = method.invoke(real, arguments);
                burn("after " + method.getName());
                return answer;
              } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
              }
            }));
  }

  TenantId user() {
    return new TenantId("user" + ++users);
  }

  void later(Duration time) {
    now = now.plus(time);
    sandbox.tick();
  }

  /** Puts USDC into a wallet, as earnings do. */
  void give(TenantId user, long micro) {
    ledger.open(Chart.available(user, Currency.USDC), Limit.NO_OVERDRAFT);
    ledger.require(
        Transfer.move(
            Transfer.id("tests", "gift", "" + ++gifts),
            new AccountId("world", "tests", Currency.USDC),
            Chart.available(user, Currency.USDC),
            micro,
            "gift",
            Explanation.NONE));
  }

  /** Uses credits up, as runs do. */
  void spend(TenantId user, long credits) {
    ledger.open(Chart.usedCredits(), Limit.NO_OVERDRAFT);
    ledger.require(
        Transfer.move(
            UUID.randomUUID(),
            Chart.available(user, Currency.CREDITS),
            Chart.usedCredits(),
            credits,
            "run",
            Explanation.NONE));
  }

  long has(AccountId account) {
    return ledger.balance(account).posted();
  }

  long credits(TenantId user) {
    return has(Chart.available(user, Currency.CREDITS));
  }

  long usdc(TenantId user) {
    return has(Chart.available(user, Currency.USDC));
  }

  /** Hands one event in, signed now. */
  boolean accept(JsonNode event) {
    byte[] body = Json.write(event).getBytes(StandardCharsets.UTF_8);
    return webhooks.accept(body, WebhookSignature.header(body, List.of(SECRET), now));
  }

  /** The events that were not handed in yet. */
  List<JsonNode> news() {
    List<JsonNode> all = sandbox.events();
    List<JsonNode> fresh = all.subList(delivered, all.size());
    delivered = all.size();
    return fresh;
  }

  /** Hands everything new in, as the service does until it is taken, and works. */
  void deliver() {
    List<JsonNode> all = sandbox.events();
    while (delivered < all.size()) {
      accept(all.get(delivered));
      delivered++;
    }
    work();
  }

  void work() {
    for (int i = 0; i < 20 && webhooks.work() + purchases.work() + withdrawals.work() > 0; i++) {
      // Until nothing is due at this moment.
    }
  }

  /** Buys credits and pays for them. */
  Purchase bought(TenantId user, String key, long credits) {
    Purchase open = purchases.buyCredits(user, key, credits, BACK);
    sandbox.pay(open.checkout().orElseThrow());
    deliver();
    return purchases.require(open.id());
  }

  /** Makes a user a payee with papers and a bank. */
  String payee(TenantId user) {
    var _ = payers.onboard(user, BACK);
    String account = payers.payee(user).orElseThrow();
    sandbox.onboarded(account, true);
    return account;
  }

  long objects(String kind, String field, String value) {
    return sandbox.objects(kind).stream()
        .filter(object -> object.path(field).asText().equals(value))
        .count();
  }

  void requireSound() {
    LedgerCheck.Result result = LedgerCheck.run(database);
    if (!result.sound()) {
      throw new AssertionError(result.problems());
    }
  }

  @Override
  public void close() {
    ledger.close();
    database.close();
    sandbox.close();
  }
}
