package org.choir.economy.stripe;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;

/**
 * What the sandbox knows: Stripe's objects, in the form in which Stripe shows them, the balances
 * and the events. Not thread-safe; {@link StripeSandbox} lets one request in at a time.
 */
final class SandboxWorld {
  /** Stripe refuses; its words, type and code. */
  static final class Refused extends Exception {
    final int status;
    final ObjectNode error;

    Refused(int status, String type, String code, String message) {
      super(message, null, false, false);
      this.status = status;
      this.error = Json.object().put("type", type).put("message", message);
      if (!code.isEmpty()) {
        error.put("code", code);
      }
    }

    static Refused request(String code, String message) {
      return new Refused(400, "invalid_request_error", code, message);
    }
  }

  private final InstantSource clock;
  private final Map<String, ObjectNode> objects = new LinkedHashMap<>();
  private final Map<String, Long> balances = new LinkedHashMap<>();
  private final Map<String, String> cards = new LinkedHashMap<>();
  private final List<ObjectNode> events = new ArrayList<>();
  private int next = 1;

  SandboxWorld(InstantSource clock) {
    this.clock = clock;
  }

  long now() {
    return clock.instant().getEpochSecond();
  }

  ObjectNode make(String prefix, String kind) {
    String id = prefix + "_" + String.format(java.util.Locale.ROOT, "test%06d", next++);
    ObjectNode object =
        Json.object()
            .put("id", id)
            .put("object", kind)
            .put("created", now())
            .put("livemode", false);
    object.putObject("metadata");
    objects.put(id, object);
    return object;
  }

  ObjectNode find(String kind, String id) throws Refused {
    ObjectNode object = objects.get(id);
    if (object == null || !object.path("object").asText().equals(kind)) {
      throw new Refused(
          404, "invalid_request_error", "resource_missing", "No such " + kind + ": '" + id + "'");
    }
    return object;
  }

  /** A page of a list, newest first, as Stripe gives it. */
  ObjectNode list(String url, Predicate<ObjectNode> wanted, int limit, @Nullable String after)
      throws Refused {
    List<ObjectNode> found = new ArrayList<>();
    objects.values().forEach(object -> found.addFirst(object));
    found.removeIf(wanted.negate());
    int from = 0;
    if (after != null) {
      while (from < found.size() && !found.get(from).path("id").asText().equals(after)) {
        from++;
      }
      if (from == found.size()) {
        throw Refused.request("resource_missing", "No such object: '" + after + "'");
      }
      from++;
    }
    int to = Math.min(found.size(), from + limit);
    ObjectNode page =
        Json.object().put("object", "list").put("url", url).put("has_more", to < found.size());
    ArrayNode data = page.putArray("data");
    found.subList(from, to).forEach(object -> data.add(object.deepCopy()));
    return page;
  }

  /** Every object that this is true of, oldest first. */
  List<ObjectNode> all(Predicate<ObjectNode> wanted) {
    return objects.values().stream().filter(wanted).toList();
  }

  /** Tells of a change, with the object as it is at this moment. */
  void tell(String type, ObjectNode object, String account) {
    ObjectNode event =
        Json.object()
            .put("id", "evt_test" + String.format(java.util.Locale.ROOT, "%06d", next++))
            .put("object", "event")
            .put("api_version", StripePayments.VERSION)
            .put("created", now())
            .put("livemode", false)
            .put("type", type);
    if (!account.isEmpty()) {
      event.put("account", account);
    }
    event.putObject("data").set("object", object.deepCopy());
    events.add(event);
  }

  List<ObjectNode> events() {
    return events;
  }

  long balance(String account) {
    return balances.getOrDefault(account, 0L);
  }

  void add(String account, long cents) {
    balances.merge(account, cents, Math::addExact);
  }

  /** Takes from a balance that must suffice. */
  void take(String account, long cents) throws Refused {
    if (balance(account) < cents) {
      throw Refused.request("balance_insufficient", "You have insufficient funds.");
    }
    add(account, -cents);
  }

  /** How a card behaves: a payment method's id, or one of Stripe's named test cards. */
  String behaviour(String method) {
    return cards.getOrDefault(method, method);
  }

  void behave(String method, String card) {
    cards.put(method, card);
  }

  /** Lets the bank decide on a payment that has its amount and card, and tells of it. */
  void confirm(ObjectNode payment, String method, boolean present) throws Refused {
    String card = behaviour(method);
    payment.put("payment_method", method);
    boolean mustShow = card.equals("pm_card_authenticationRequired") && !present;
    if (mustShow || card.contains("chargeDeclined") || card.contains("Fail")) {
      String code = mustShow ? "authentication_required" : "card_declined";
      String declined = mustShow ? "authentication_required" : decline(card);
      Refused refused = new Refused(402, "card_error", code, "Your card was declined.");
      refused.error.put("decline_code", declined);
      payment.put("status", "requires_payment_method");
      payment.set("last_payment_error", refused.error.deepCopy());
      tell("payment_intent.payment_failed", payment, "");
      refused.error.set("payment_intent", payment.deepCopy());
      throw refused;
    }
    long cents = payment.path("amount").asLong();
    ObjectNode charge = make("ch", "charge");
    charge
        .put("amount", cents)
        .put("amount_refunded", 0)
        .put("currency", payment.path("currency").asText())
        .put("disputed", false)
        .put("paid", true)
        .put("status", "succeeded")
        .put("payment_intent", payment.path("id").asText());
    payment
        .put("status", "succeeded")
        .put("amount_received", cents)
        .put("latest_charge", charge.path("id").asText())
        .putNull("last_payment_error");
    add("", cents);
    tell("charge.succeeded", charge, "");
    tell("payment_intent.succeeded", payment, "");
  }

  private static String decline(String card) {
    return card.contains("Insufficient") ? "insufficient_funds" : "generic_decline";
  }
}
