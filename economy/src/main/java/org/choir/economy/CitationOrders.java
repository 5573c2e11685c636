package org.choir.economy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.Money;

/** What a citation payment in each of its states orders from the ledger and tells the bus. */
final class CitationOrders {
  private static final String FORMULA =
      "budget / max(three-month average, floor, eligible this month), an author's sum rounded down";

  private CitationOrders() {}

  /** What is ordered for a payment in its state; each time the same. */
  static List<Transfer> of(CitationPay pay, CitationMonth month) {
    Explanation why = why(pay, month);
    List<Transfer> orders = new ArrayList<>();
    AccountId budget = Chart.citationBudget(pay.month());
    AccountId purse = Chart.citations(pay.author());
    switch (pay.state()) {
      case PENDING -> {
        if (pay.reserved() > 0) {
          orders.add(
              Transfer.reserve(
                  pay.id("reserve"),
                  budget,
                  purse,
                  pay.reserved(),
                  Duration.ZERO,
                  "citation_pending",
                  why));
        }
      }
      case VOID -> {
        if (pay.reserved() > 0) {
          orders.add(Transfer.release(pay.id("void"), pay.id("reserve"), "citation_void", why));
        }
      }
      case PAID -> {
        if (pay.reserved() >= pay.amount()) {
          orders.add(
              Transfer.post(pay.id("post"), pay.id("reserve"), pay.amount(), "citation_paid", why)
                  .chained());
        } else {
          if (pay.reserved() > 0) {
            orders.add(
                Transfer.release(pay.id("release"), pay.id("reserve"), "citation_settled", why)
                    .chained());
          }
          orders.add(
              Transfer.move(pay.id("pay"), budget, purse, pay.amount(), "citation_paid", why)
                  .chained());
        }
        orders.add(
            Transfer.move(
                pay.id("earned"),
                purse,
                Chart.available(pay.author(), Currency.USDC),
                pay.amount(),
                "citation_earned",
                why));
      }
    }
    return orders;
  }

  private static Explanation why(CitationPay pay, CitationMonth month) {
    boolean settled = month.state() != CitationMonth.State.OPEN;
    return Explanation.of(
        settled ? FORMULA : "provisional: " + FORMULA,
        "citation",
        pay.citation(),
        "article",
        pay.article(),
        "month",
        pay.month(),
        "budget",
        usdc(month.terms().budget()),
        "average",
        month.terms().average(),
        "floor",
        month.terms().floor(),
        "eligible",
        settled ? month.eligible() : "so far",
        "rate",
        usdc(settled ? month.rate(0) : pay.reserved()),
        "reason",
        pay.reason().isEmpty() ? "counts" : pay.reason());
  }

  /** Tells the bus, in the caller's transaction. */
  static void tell(Connection c, CitationPay pay, Instant now) throws SQLException {
    ObjectNode data =
        Json.object()
            .put("citation", pay.citation())
            .put("article", pay.article())
            .put("month", pay.month().toString())
            .put(
                "amount",
                usdc(pay.state() == CitationPay.State.PAID ? pay.amount() : pay.reserved())
                    .toString());
    if (!pay.reason().isEmpty()) {
      data.put("reason", pay.reason());
    }
    String type = "citation_" + pay.state().word();
    News.add(
        c,
        pay.id(type).toString(),
        "citation.reward." + pay.article(),
        pay.author().value(),
        type,
        data,
        now);
  }

  static Money usdc(long micro) {
    return new Money(micro, Currency.USDC);
  }
}
