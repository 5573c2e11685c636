package org.choir.economy.stripe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.Json;
import org.choir.economy.stripe.SandboxWorld.Refused;
import org.jspecify.annotations.Nullable;

/**
 * Stripe's interface over the sandbox's world: which paths there are, which parameters each takes,
 * and what it does. A parameter that Stripe does not know is refused, as Stripe does.
 */
final class SandboxApi {
  private static final String META = "metadata\\[\\w+\\]";

  /** What a path takes and does. */
  private record Route(Pattern path, Pattern parameters, List<String> required, Action action) {}

  /** The parts of a request. */
  record Asked(List<String> ids, Map<String, String> form, String account) {
    String one(String name) throws Refused {
      String value = form.get(name);
      if (value == null || value.isEmpty()) {
        throw Refused.request("parameter_missing", "Missing required param: " + name + ".");
      }
      return value;
    }

    String or(String name, String otherwise) {
      return form.getOrDefault(name, otherwise);
    }

    long cents(String name) throws Refused {
      long cents;
      try {
        cents = Long.parseLong(one(name));
      } catch (NumberFormatException e) {
        throw Refused.request("parameter_invalid_integer", "Invalid integer: " + form.get(name));
      }
      if (cents < 1 || cents > 99_999_999) {
        throw Refused.request("amount_too_small", "Invalid positive integer");
      }
      return cents;
    }
  }

  /** What a path does. */
  private interface Action {
    ObjectNode run(Asked asked) throws Refused;
  }

  private final SandboxWorld world;
  private final Map<String, Route> routes = new LinkedHashMap<>();

  SandboxApi(SandboxWorld world) {
    this.world = world;
    route("POST /v1/customers", "description|email|" + META, List.of(), this::customer);
    route("POST /v1/payment_methods/ID/attach", "customer", List.of("customer"), this::attach);
    route(
        "POST /v1/checkout/sessions",
        "mode|customer|client_reference_id|expires_at|success_url|cancel_url"
            + "|payment_method_types\\[\\d\\]|adaptive_pricing\\[enabled\\]"
            + "|payment_intent_data\\[(description|setup_future_usage|"
            + META
            + "|metadata\\]\\[\\w+)\\]|"
            + META
            + "|line_items\\[0\\]\\[(quantity|price_data\\]\\[(currency|unit_amount"
            + "|product_data\\]\\[name))\\]",
        List.of("mode", "success_url"),
        this::session);
    route("GET /v1/checkout/sessions", "customer|limit|starting_after", List.of(), this::sessions);
    route("GET /v1/checkout/sessions/ID", "", List.of(), a -> show("checkout.session", a));
    route("POST /v1/checkout/sessions/ID/expire", "", List.of(), this::expire);
    route(
        "POST /v1/payment_intents",
        "amount|currency|customer|payment_method|payment_method_types\\[\\d\\]|description"
            + "|off_session|confirm|"
            + META,
        List.of("amount", "currency"),
        this::payment);
    route("GET /v1/payment_intents", "customer|limit|starting_after", List.of(), this::payments);
    route("GET /v1/payment_intents/ID", "expand\\[\\d\\]", List.of(), this::showPayment);
    route("POST /v1/payment_intents/ID/cancel", "", List.of(), this::cancel);
    route(
        "POST /v1/refunds",
        "payment_intent|amount|" + META,
        List.of("payment_intent"),
        this::refund);
    route("GET /v1/refunds", "payment_intent|limit|starting_after", List.of(), this::refunds);
    route("GET /v1/disputes", "payment_intent|limit|starting_after", List.of(), this::disputes);
    route(
        "POST /v1/accounts",
        "type|capabilities\\[transfers\\]\\[requested\\]|settings\\[payouts\\]\\[schedule\\]"
            + "\\[interval\\]|"
            + META,
        List.of("type"),
        this::account);
    route("GET /v1/accounts/ID", "", List.of(), a -> show("account", a));
    route(
        "POST /v1/account_links",
        "account|type|refresh_url|return_url",
        List.of("account", "type"),
        this::link);
    route(
        "POST /v1/transfers",
        "amount|currency|destination|transfer_group|" + META,
        List.of("currency", "destination"),
        this::transfer);
    route("GET /v1/transfers", "transfer_group|limit|starting_after", List.of(), this::transfers);
    route("GET /v1/transfers/ID", "", List.of(), a -> show("transfer", a));
    route("POST /v1/transfers/ID/reversals", "amount|" + META, List.of(), this::reverse);
    route("GET /v1/transfers/ID/reversals", "limit|starting_after", List.of(), this::reversals);
    route(
        "POST /v1/payouts", "amount|currency|" + META, List.of("amount", "currency"), this::payout);
    route("GET /v1/payouts", "limit|starting_after", List.of(), this::payouts);
    route("GET /v1/payouts/ID", "", List.of(), this::showPayout);
  }

  private void route(String path, String parameters, List<String> required, Action action) {
    Pattern form = Pattern.compile(path.replace("ID", "([A-Za-z0-9_]+)"));
    routes.put(path, new Route(form, Pattern.compile(parameters), required, action));
  }

  /** Does what is asked. */
  ObjectNode run(String methodAndPath, Map<String, String> form, String account) throws Refused {
    for (Route route : routes.values()) {
      Matcher path = route.path().matcher(methodAndPath);
      if (path.matches()) {
        Asked asked =
            new Asked(path.groupCount() == 0 ? List.of() : List.of(path.group(1)), form, account);
        for (String name : form.keySet()) {
          if (!route.parameters().matcher(name).matches()) {
            throw Refused.request("parameter_unknown", "Received unknown parameter: " + name);
          }
        }
        for (String name : route.required()) {
          asked.one(name);
        }
        return route.action().run(asked).deepCopy();
      }
    }
    throw new Refused(
        404, "invalid_request_error", "", "Unrecognized request URL (" + methodAndPath + ")");
  }

  private static void metadata(ObjectNode object, Asked asked, String prefix) {
    object.set("metadata", named(asked, prefix));
  }

  private static ObjectNode named(Asked asked, String prefix) {
    ObjectNode named = Json.object();
    asked
        .form()
        .forEach(
            (name, value) -> {
              if (name.startsWith(prefix + "[") && name.endsWith("]")) {
                named.put(name.substring(prefix.length() + 1, name.length() - 1), value);
              }
            });
    return named;
  }

  private ObjectNode show(String kind, Asked asked) throws Refused {
    return world.find(kind, asked.ids().getFirst());
  }

  private ObjectNode page(String url, Asked asked, String kind, String field) throws Refused {
    @Nullable String wanted = field.isEmpty() ? null : asked.form().get(field);
    int limit = Integer.parseInt(asked.or("limit", "10"));
    return world.list(
        url,
        o ->
            o.path("object").asText().equals(kind)
                && (wanted == null || o.path(field).asText().equals(wanted)),
        limit,
        asked.form().get("starting_after"));
  }

  private ObjectNode customer(Asked asked) {
    ObjectNode customer = world.make("cus", "customer");
    customer.put("description", asked.or("description", ""));
    metadata(customer, asked, "metadata");
    return customer;
  }

  private ObjectNode attach(Asked asked) throws Refused {
    world.find("customer", asked.one("customer"));
    ObjectNode method = world.make("pm", "payment_method");
    method.put("customer", asked.one("customer")).put("type", "card");
    world.behave(method.path("id").asText(), asked.ids().getFirst());
    return method;
  }

  private ObjectNode session(Asked asked) throws Refused {
    if (!asked.one("mode").equals("payment")) {
      throw Refused.request("", "The sandbox knows mode=payment only");
    }
    world.find("customer", asked.one("customer"));
    long expires = Long.parseLong(asked.or("expires_at", String.valueOf(world.now() + 86_400)));
    long life = expires - world.now();
    if (life < Duration.ofMinutes(30).toSeconds() || life > Duration.ofHours(24).toSeconds()) {
      throw Refused.request(
          "", "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.");
    }
    long cents =
        Math.multiplyExact(
            asked.cents("line_items[0][price_data][unit_amount]"),
            asked.cents("line_items[0][quantity]"));
    if (cents < 50) {
      throw Refused.request("amount_too_small", "The amount must be at least 50 cents.");
    }
    ObjectNode session = world.make("cs", "checkout.session");
    String id = session.path("id").asText();
    session
        .put("status", "open")
        .put("payment_status", "unpaid")
        .put("mode", "payment")
        .put("customer", asked.one("customer"))
        .put("client_reference_id", asked.or("client_reference_id", ""))
        .put("amount_total", cents)
        .put("currency", asked.one("line_items[0][price_data][currency]"))
        .put("expires_at", expires)
        .put("setup_future_usage", asked.or("payment_intent_data[setup_future_usage]", ""))
        .put("url", "https://checkout.stripe.com/c/pay/" + id)
        .putNull("payment_intent");
    metadata(session, asked, "metadata");
    // Not in Stripe's own form: kept for the payment that is made when somebody pays.
    session.set("payment_metadata", named(asked, "payment_intent_data[metadata]"));
    return session;
  }

  private ObjectNode sessions(Asked asked) throws Refused {
    return page("/v1/checkout/sessions", asked, "checkout.session", "customer");
  }

  private ObjectNode expire(Asked asked) throws Refused {
    ObjectNode session = show("checkout.session", asked);
    if (!session.path("status").asText().equals("open")) {
      throw Refused.request("", "Only Checkout Sessions with a status in [\"open\"] can expire.");
    }
    session.put("status", "expired").putNull("url");
    world.tell("checkout.session.expired", session, "");
    return session;
  }

  private ObjectNode payment(Asked asked) throws Refused {
    ObjectNode method = world.find("payment_method", asked.one("payment_method"));
    if (!method.path("customer").asText().equals(asked.one("customer"))) {
      throw Refused.request("", "The PaymentMethod does not belong to the Customer.");
    }
    ObjectNode payment = newPayment(asked.cents("amount"), asked.one("currency"));
    payment.put("customer", asked.one("customer"));
    metadata(payment, asked, "metadata");
    if (asked.or("confirm", "false").equals("true")) {
      boolean present = !asked.or("off_session", "false").equals("true");
      world.confirm(payment, asked.one("payment_method"), present);
    }
    return payment;
  }

  ObjectNode newPayment(long cents, String currency) {
    ObjectNode payment = world.make("pi", "payment_intent");
    payment
        .put("amount", cents)
        .put("currency", currency)
        .put("status", "requires_payment_method")
        .putNull("last_payment_error")
        .putNull("latest_charge");
    return payment;
  }

  private ObjectNode payments(Asked asked) throws Refused {
    return page("/v1/payment_intents", asked, "payment_intent", "customer");
  }

  private ObjectNode showPayment(Asked asked) throws Refused {
    ObjectNode payment = show("payment_intent", asked).deepCopy();
    JsonNode charge = payment.path("latest_charge");
    if (asked.form().containsValue("latest_charge") && charge.isTextual()) {
      payment.set("latest_charge", world.find("charge", charge.asText()).deepCopy());
    }
    return payment;
  }

  private ObjectNode cancel(Asked asked) throws Refused {
    ObjectNode payment = show("payment_intent", asked);
    String status = payment.path("status").asText();
    if (status.equals("succeeded") || status.equals("canceled")) {
      throw Refused.request(
          "payment_intent_unexpected_state",
          "You cannot cancel this PaymentIntent because it has a status of " + status + ".");
    }
    payment.put("status", "canceled");
    world.tell("payment_intent.canceled", payment, "");
    return payment;
  }

  private ObjectNode refund(Asked asked) throws Refused {
    ObjectNode payment = world.find("payment_intent", asked.one("payment_intent"));
    ObjectNode charge = world.find("charge", payment.path("latest_charge").asText());
    long left = charge.path("amount").asLong() - charge.path("amount_refunded").asLong();
    long cents = asked.form().containsKey("amount") ? asked.cents("amount") : left;
    if (cents > left) {
      throw Refused.request(
          left == 0 ? "charge_already_refunded" : "amount_too_large",
          "Refund amount is greater than unrefunded amount on charge.");
    }
    if (charge.path("disputed").asBoolean()) {
      throw Refused.request("charge_disputed", "The charge has been disputed.");
    }
    world.add("", -cents);
    charge.put("amount_refunded", charge.path("amount_refunded").asLong() + cents);
    ObjectNode refund = world.make("re", "refund");
    refund
        .put("amount", cents)
        .put("currency", "usd")
        .put("status", "succeeded")
        .put("payment_intent", payment.path("id").asText());
    metadata(refund, asked, "metadata");
    world.tell("charge.refunded", charge, "");
    return refund;
  }

  private ObjectNode refunds(Asked asked) throws Refused {
    return page("/v1/refunds", asked, "refund", "payment_intent");
  }

  private ObjectNode disputes(Asked asked) throws Refused {
    return page("/v1/disputes", asked, "dispute", "payment_intent");
  }

  private ObjectNode account(Asked asked) {
    ObjectNode account = world.make("acct", "account");
    account.put("type", asked.or("type", "")).put("payouts_enabled", false);
    ObjectNode requirements = account.putObject("requirements");
    requirements.put("disabled_reason", "requirements.past_due");
    requirements.putArray("currently_due").add("external_account").add("tos_acceptance.date");
    metadata(account, asked, "metadata");
    return account;
  }

  private ObjectNode link(Asked asked) throws Refused {
    world.find("account", asked.one("account"));
    return Json.object()
        .put("object", "account_link")
        .put("created", world.now())
        .put("expires_at", world.now() + 300)
        .put("url", "https://connect.stripe.com/setup/e/" + asked.one("account"));
  }

  private ObjectNode transfer(Asked asked) throws Refused {
    ObjectNode account = world.find("account", asked.one("destination"));
    if (!account.path("payouts_enabled").asBoolean()) {
      throw Refused.request(
          "insufficient_capabilities_for_transfer",
          "Your destination account needs to have at least one of the following capabilities"
              + " enabled: transfers");
    }
    long cents = asked.cents("amount");
    world.take("", cents);
    world.add(asked.one("destination"), cents);
    ObjectNode transfer = world.make("tr", "transfer");
    transfer
        .put("amount", cents)
        .put("amount_reversed", 0)
        .put("reversed", false)
        .put("currency", asked.one("currency"))
        .put("destination", asked.one("destination"))
        .put("transfer_group", asked.or("transfer_group", ""));
    metadata(transfer, asked, "metadata");
    world.tell("transfer.created", transfer, "");
    return transfer;
  }

  private ObjectNode transfers(Asked asked) throws Refused {
    return page("/v1/transfers", asked, "transfer", "transfer_group");
  }

  private ObjectNode reverse(Asked asked) throws Refused {
    ObjectNode transfer = show("transfer", asked);
    long left = transfer.path("amount").asLong() - transfer.path("amount_reversed").asLong();
    long cents = asked.form().containsKey("amount") ? asked.cents("amount") : left;
    if (cents < 1 || cents > left) {
      throw Refused.request("", "This transfer is already fully reversed.");
    }
    world.take(transfer.path("destination").asText(), cents);
    world.add("", cents);
    transfer
        .put("amount_reversed", transfer.path("amount_reversed").asLong() + cents)
        .put("reversed", cents == left);
    ObjectNode reversal = world.make("trr", "transfer_reversal");
    reversal.put("amount", cents).put("transfer", transfer.path("id").asText());
    metadata(reversal, asked, "metadata");
    world.tell("transfer.reversed", transfer, "");
    return reversal;
  }

  private ObjectNode reversals(Asked asked) throws Refused {
    String transfer = asked.ids().getFirst();
    return world.list(
        "/v1/transfers/" + transfer + "/reversals",
        o ->
            o.path("object").asText().equals("transfer_reversal")
                && o.path("transfer").asText().equals(transfer),
        Integer.parseInt(asked.or("limit", "10")),
        asked.form().get("starting_after"));
  }

  private ObjectNode payout(Asked asked) throws Refused {
    ObjectNode account = world.find("account", asked.account());
    if (!account.path("payouts_enabled").asBoolean()) {
      throw Refused.request("payouts_not_allowed", "Payouts are not enabled.");
    }
    long cents = asked.cents("amount");
    world.take(asked.account(), cents);
    ObjectNode payout = world.make("po", "payout");
    payout
        .put("amount", cents)
        .put("currency", asked.one("currency"))
        .put("status", "pending")
        .put("of_account", asked.account());
    metadata(payout, asked, "metadata");
    world.tell("payout.created", payout, asked.account());
    return payout;
  }

  private ObjectNode payouts(Asked asked) throws Refused {
    return world.list(
        "/v1/payouts",
        o ->
            o.path("object").asText().equals("payout")
                && o.path("of_account").asText().equals(asked.account()),
        Integer.parseInt(asked.or("limit", "10")),
        asked.form().get("starting_after"));
  }

  private ObjectNode showPayout(Asked asked) throws Refused {
    ObjectNode payout = show("payout", asked);
    if (!payout.path("of_account").asText().equals(asked.account())) {
      throw new Refused(
          404,
          "invalid_request_error",
          "resource_missing",
          "No such payout: '" + asked.ids().getFirst() + "'");
    }
    return payout;
  }
}
