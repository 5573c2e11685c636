package org.choir.economy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.Json;

/**
 * Transfers that were decided on balances of a moment. They are written down before they are
 * ordered, so that after a crash the same are ordered again; only when the ledger refuses them is a
 * new plan made, with the next number.
 *
 * @param after the purchase's numbers once they stand
 * @param matures whether they end the time for which what was bought is held
 */
record PurchasePlan(List<Leg> legs, TakeBack.Sale after, boolean matures) {
  /** One transfer. */
  record Leg(AccountId from, AccountId to, long amount, String reason, Explanation why) {}

  PurchasePlan {
    legs = legs.stream().filter(leg -> leg.amount() > 0).toList();
  }

  /** The orders to the ledger, all or none. */
  List<Transfer> orders(Purchase purchase, int number) {
    List<Transfer> orders = new ArrayList<>();
    for (int i = 0; i < legs.size(); i++) {
      Leg leg = legs.get(i);
      Transfer order =
          Transfer.move(
              purchase.transfer("plan", "" + number, "" + i),
              leg.from(),
              leg.to(),
              leg.amount(),
              leg.reason(),
              leg.why());
      orders.add(i == legs.size() - 1 ? order : order.chained());
    }
    return orders;
  }

  String text() {
    ObjectNode json = Json.object();
    ArrayNode array = json.putArray("legs");
    for (Leg leg : legs) {
      array
          .addObject()
          .put("from", leg.from().toString())
          .put("to", leg.to().toString())
          .put("amount", leg.amount())
          .put("reason", leg.reason())
          .set("why", leg.why().json());
    }
    json.putObject("after")
        .put("units", after.units())
        .put("micro", after.micro())
        .put("returned", after.returned())
        .put("taken", after.taken())
        .put("owed", after.owed());
    return Json.write(json.put("matures", matures));
  }

  static PurchasePlan parse(String text) {
    ObjectNode json = Json.parseObject(text);
    List<Leg> legs = new ArrayList<>();
    for (JsonNode leg : json.path("legs")) {
      legs.add(
          new Leg(
              AccountId.parse(leg.path("from").asText()),
              AccountId.parse(leg.path("to").asText()),
              leg.path("amount").asLong(),
              leg.path("reason").asText(),
              Explanation.parse((ObjectNode) leg.path("why"))));
    }
    JsonNode after = json.path("after");
    return new PurchasePlan(
        legs,
        new TakeBack.Sale(
            after.path("units").asLong(),
            after.path("micro").asLong(),
            after.path("returned").asLong(),
            after.path("taken").asLong(),
            after.path("owed").asLong()),
        json.path("matures").asBoolean());
  }
}
