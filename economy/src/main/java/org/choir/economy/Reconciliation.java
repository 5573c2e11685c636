package org.choir.economy;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.choir.database.Database;
import org.choir.economy.ChainGateway.Answer;
import org.choir.economy.ChainGateway.Signed;
import org.choir.economy.Settlements.Report;

/** One comparison of ledger and chain, while nothing is being settled. */
final class Reconciliation {
  /** How long an executed transaction may be missing from what the chain lets us read. */
  private static final Duration UNREADABLE_MAX = Duration.ofHours(1);

  private static final int COMPARED = 50;
  private static final int READINGS = 5;

  private final Database database;
  private final Ledger ledger;
  private final ChainGateway chain;
  private final ChainHalts halts;
  private final InstantSource clock;

  Reconciliation(
      Database database, Ledger ledger, ChainGateway chain, ChainHalts halts, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.chain = chain;
    this.halts = halts;
    this.clock = clock;
  }

  /** See {@link Settlements#reconcile}. */
  Report run(Runnable collect, LongSupplier unvested) {
    List<String> notes = new ArrayList<>();
    List<String> wrong = new ArrayList<>(confirm(notes));
    List<SettlementTable.Row> rows =
        database.transaction(c -> SettlementTable.settled(c, COMPARED));
    ChainGateway.Reading reading =
        chain.read(rows.stream().map(SettlementTable.Row::settlement).toList());
    long reached = database.transaction(SettlementTable::lastCheckpoint);
    if (reading.checkpoint() < reached) {
      notes.add("the chain's reading is behind: at " + reading.checkpoint() + " of " + reached);
      return report(false, wrong, notes, 0);
    }
    Optional<Supply.Sums> sums = sums(reading.supply(), collect, unvested);
    if (sums.isEmpty()) {
      notes.add("the ledger moved during every one of " + READINGS + " readings");
      return report(false, wrong, notes, 0);
    }
    List<SettlementTable.Row> compared =
        rows.stream().filter(row -> row.checkpoint().isPresent()).toList();
    List<Supply.Pair> pairs = new ArrayList<>();
    for (SettlementTable.Row row : compared) {
      Settlement settlement = row.settlement();
      pairs.add(
          new Supply.Pair(
              settlement,
              ledger.find(settlement.transfer()),
              Optional.ofNullable(reading.receipts().get(settlement.receipt()))));
    }
    wrong.addAll(Supply.mismatches(sums.get(), pairs));
    if (wrong.isEmpty()) {
      database.transaction(
          c -> {
            SettlementTable.checked(c, compared, clock.instant());
            return 0;
          });
    }
    return report(true, wrong, notes, compared.size());
  }

  private Report report(boolean complete, List<String> wrong, List<String> notes, int receipts) {
    if (!wrong.isEmpty()) {
      halts.halt(String.join("; ", wrong));
    }
    return new Report(complete, List.copyOf(wrong), List.copyOf(notes), receipts);
  }

  /** Reads where the chain has what was executed; says what contradicts that it was. */
  private List<String> confirm(List<String> notes) {
    List<String> wrong = new ArrayList<>();
    for (SettlementTable.Row row :
        database.transaction(c -> SettlementTable.unconfirmed(c, COMPARED))) {
      Signed signed = row.signed().orElseThrow();
      switch (confirmed(row, signed)) {
        case Answer.Done(OptionalLong checkpoint) -> {
          if (checkpoint.isPresent()) {
            confirm(row, checkpoint);
          }
        }
        case Answer.Failed(ChainGateway.Cause cause, String message) ->
            wrong.add(signed.digest() + " was executed and is now said to have failed: " + message);
        case Answer.Absent absent -> {
          Instant since = row.settledAt().orElseThrow();
          if (since.plus(UNREADABLE_MAX).isBefore(clock.instant())) {
            wrong.add(signed.digest() + " was executed at " + since + " and is not on the chain");
          } else {
            notes.add(signed.digest() + " cannot be read yet");
          }
        }
      }
    }
    return wrong;
  }

  private void confirm(SettlementTable.Row row, OptionalLong checkpoint) {
    database.transaction(
        c -> {
          SettlementTable.settled(c, row.settlement(), checkpoint, row.trouble(), clock.instant());
          return 0;
        });
  }

  /** The answer about its transaction, or about its receipt if an earlier one paid. */
  private Answer confirmed(SettlementTable.Row row, Signed signed) {
    Answer answer = chain.look(signed);
    if (answer instanceof Answer.Done || row.trouble().isEmpty()) {
      return answer;
    }
    ChainGateway.Reading reading = chain.read(List.of(row.settlement()));
    return reading.receipts().containsKey(row.settlement().receipt())
        ? new Answer.Done(OptionalLong.of(reading.checkpoint()))
        : answer;
  }

  /** The ledger's sums at one moment; empty if it never held still. */
  private Optional<Supply.Sums> sums(long supply, Runnable collect, LongSupplier unvested) {
    for (int i = 0; i < READINGS; i++) {
      Supply.Sums first = once(supply, collect, unvested);
      // What vested between the two questions is found by the second collection.
      if (first.equals(once(supply, collect, unvested))) {
        return Optional.of(first);
      }
    }
    return Optional.empty();
  }

  private Supply.Sums once(long supply, Runnable collect, LongSupplier unvested) {
    collect.run();
    long issued = Supply.issued(ledger);
    long open = unvested.getAsLong();
    return database.transaction(
        c ->
            new Supply.Sums(
                issued,
                open,
                SettlementTable.minting(c, "state in ('waiting', 'refused')"),
                SettlementTable.minting(
                    c, "(state = 'signed' or state = 'settled' and checkpoint is null)"),
                supply));
  }
}
