package org.choir.economy;

import java.net.URI;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * How users are called at the payment service, as payers and as payees, and their accounts in the
 * ledger. Thread-safe.
 */
public final class Payers {
  private final Database database;
  private final Ledger ledger;
  private final PaymentService service;

  public Payers(Database database, Ledger ledger, PaymentService service) {
    this.database = database;
    this.ledger = ledger;
    this.service = service;
  }

  /** Where a payee stands. */
  public record Standing(boolean payoutsEnabled, List<String> due, String disabledReason) {}

  /** Opens the accounts that payments of this user move sums between. */
  void open(TenantId user) {
    for (Currency currency : List.of(Currency.CREDITS, Currency.CHIP, Currency.USDC)) {
      ledger.open(Chart.available(user, currency), Limit.NO_OVERDRAFT);
    }
    ledger.open(Chart.held(user, Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(Chart.debt(user), Limit.NO_OVERPAYMENT);
    ledger.open(Chart.shortfall(), Limit.NO_OVERPAYMENT);
    ledger.open(Chart.revenue(), Limit.NO_OVERDRAFT);
    ledger.open(Chart.treasury(Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(Chart.treasury(Currency.USDC), Limit.NO_OVERDRAFT);
    ledger.open(Chart.compute(), Limit.NONE);
    ledger.open(Chart.bank(service.name()), Limit.NONE);
  }

  private record Known(
      Optional<String> customer,
      boolean customerAsked,
      Optional<String> payee,
      boolean payeeAsked,
      Optional<String> method) {}

  private Known known(TenantId user) {
    return database.transaction(
        c -> {
          Rows.update(
              c,
              "insert into economy.payer (tenant) values (?) on conflict do nothing",
              user.value());
          return Rows.first(
                  c,
                  "select * from economy.payer where tenant = ?",
                  row ->
                      new Known(
                          PaymentSql.text(row, "customer"),
                          row.getBoolean("customer_asked"),
                          PaymentSql.text(row, "payee"),
                          row.getBoolean("payee_asked"),
                          PaymentSql.text(row, "method")),
                  user.value())
              .orElseThrow();
        });
  }

  private void set(TenantId user, String assignments, Object... values) {
    Object[] all = java.util.Arrays.copyOf(values, values.length + 1);
    all[values.length] = user.value();
    database.transaction(
        c -> Rows.update(c, "update economy.payer set " + assignments + " where tenant = ?", all));
  }

  /** The user's id as a payer; makes them known if they are not. */
  String customer(TenantId user) {
    Known known = known(user);
    if (known.customer().isPresent()) {
      return known.customer().get();
    }
    set(user, "customer_asked = true");
    String customer =
        service.customer(
            new PaymentService.Ask(Transfer.id("payer", user.value()), known.customerAsked()),
            user);
    set(user, "customer = ?", customer);
    return customer;
  }

  /** The card that a user allowed to be charged later. */
  Optional<String> method(TenantId user) {
    return known(user).method();
  }

  /** Keeps the card of a payment, in the transaction in which it is delivered. */
  static void keep(java.sql.Connection c, TenantId user, String method) throws SQLException {
    Rows.update(c, "update economy.payer set method = ? where tenant = ?", method, user.value());
  }

  /** The user's account as a payee, if they have one. */
  Optional<String> payee(TenantId user) {
    return known(user).payee();
  }

  /**
   * A page where a user says who they are and names the bank to be paid at. It works once and for a
   * few minutes.
   */
  public URI onboard(TenantId user, URI returnTo) {
    Known known = known(user);
    String account;
    if (known.payee().isPresent()) {
      account = known.payee().get();
    } else {
      set(user, "payee_asked = true");
      account =
          service.newPayee(
              new PaymentService.Ask(Transfer.id("payee", user.value()), known.payeeAsked()), user);
      set(user, "payee = ?", account);
    }
    return service.onboarding(account, returnTo);
  }

  /** Where a payee stands now, asked of the service; nothing if they have not begun. */
  public Optional<Standing> standing(TenantId user) {
    return payee(user)
        .map(
            account -> {
              PaymentService.Payee payee = service.payee(account);
              set(user, "payouts_enabled = ?", payee.payoutsEnabled());
              return new Standing(payee.payoutsEnabled(), payee.due(), payee.disabledReason());
            });
  }

  /**
   * The account of a user who may be paid out now.
   *
   * @throws ChoirException {@code onboarding_needed}
   */
  String payable(TenantId user) {
    Optional<Standing> standing = standing(user);
    if (standing.isPresent() && standing.get().payoutsEnabled()) {
      return payee(user).orElseThrow();
    }
    List<String> due = standing.map(Standing::due).orElse(List.of());
    throw ChoirException.fatal(
        "onboarding_needed",
        "the user "
            + user
            + " cannot be paid out yet"
            + (due.isEmpty() ? "" : "; still missing: " + String.join(", ", due)),
        "give your papers and your bank: choir withdraw --onboard");
  }

  /** Looks at a payee of whom the service told something; false if it is none of ours. */
  boolean look(String account) {
    Optional<TenantId> user =
        database.transaction(
            c ->
                Rows.first(
                    c,
                    "select tenant from economy.payer where payee = ?",
                    row -> new TenantId(row.getString(1)),
                    account));
    user.ifPresent(this::standing);
    return user.isPresent();
  }
}
