package org.choir.economy.demo;

import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.choir.core.ChoirException;
import org.choir.economy.Cited;
import org.choir.economy.EconomyRounds;
import org.choir.economy.EconomyServices;
import org.choir.economy.RunCharges;

/** What the house does by itself, and the citations that it sees. */
final class YearRounds {
  /** Citations a month of everybody else. */
  static final long AVERAGE = 15_000;

  private final YearParts parts;

  YearRounds(YearParts parts) {
    this.parts = parts;
  }

  /** Does what is due now; what could not be done stops the year. */
  void run() {
    EconomyServices services = parts.services();
    EconomyRounds rounds =
        new EconomyRounds(
            services,
            this::citations,
            run -> RunCharges.RunEnd.RUNNING,
            month -> AVERAGE,
            parts.clock());
    Map<String, String> failed = rounds.run();
    if (!failed.isEmpty()) {
      throw ChoirException.retryable(
          "round_failed", "the round could not do everything: " + failed, "try again", null);
    }
  }

  /** Every citation so far: spread over each month's first three weeks, each by another reader. */
  List<Cited> citations() {
    List<Cited> all = new ArrayList<>();
    for (int n = 0; n < EconomyYear.CITATIONS.size(); n++) {
      Instant first =
          EconomyYear.FIRST.plusMonths(n).atDay(1).atTime(LocalTime.NOON).toInstant(ZoneOffset.UTC);
      for (int i = 0; i < EconomyYear.CITATIONS.get(n); i++) {
        Instant at = first.plusSeconds(20 * 86_400L * (i + 1) / EconomyYear.CITATIONS.get(n));
        String id = "cited-" + EconomyYear.FIRST.plusMonths(n) + "-" + (i + 1);
        all.add(
            new Cited(
                id,
                EconomyYear.ARTICLE,
                EconomyYear.ADA,
                "reader-" + (i + 1),
                EconomyYear.ADA.value(),
                at,
                ""));
      }
    }
    all.removeIf(cited -> cited.at().isAfter(parts.clock().instant()));
    return all;
  }
}
