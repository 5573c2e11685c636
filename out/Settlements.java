package org.choir.economy;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.core.Text;
import org.choir.database.Database;
import org.choir.economy.ChainGateway.Answer;
import org.choir.economy.ChainGateway.Signed;

/**
 * Brings to the chain what happened in the ledger, each transfer once. What is to be settled is a
 * row; its transaction is written down with its signatures before it is sent; whoever finds one
 * that was written and not settled, after a crash or a lost answer, asks the chain for it by its
 * digest and sends the same bytes again. Another is signed only when the first can never be
 * executed any more, and even then the chain's own table of receipts pays once.
 *
 * <p>One transaction is under way at a time, held by an index of the database. Thread-safe.
 */
public final class Settlements {
  /** The contract counts epochs of so many days since 1970. */
  private static final long EPOCH_MILLIS = Duration.ofDays(30).toMillis();

  /** How long a settlement waits that could not be built or was not signed. */
  private static final Duration PREPARE_PAUSE = Duration.ofMinutes(10);

  /** So many that could not be built, one after the other, and the cause is not theirs. */
  private static final int FAILED_MAX = 3;

  private static final Duration HOLDINGS_PAUSE = Duration.ofHours(1);

  /** How long an executed transaction may be missing from what the chain lets us read. */
  private static final Duration UNREADABLE_MAX = Duration.ofHours(1);

  private static final int PAGE = 1_000;
  private static final int COMPARED = 50;
  private static final int READINGS = 5;
  private static final int TROUBLE_MAX = 400;

  private final Database database;
  private final Ledger ledger;
  private final ChainGateway chain;
  private final ChainHalts halts;
  private final InstantSource clock;

  /** Over the tables of this room, which exist. */
  public Settlements(
      Database database, Ledger ledger, ChainGateway chain, ChainHalts halts, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.chain = chain;
    this.halts = halts;
    this.clock = clock;
  }

  /**
   * How a transfer stands on the chain.
   *
   * @param state {@code waiting}, {@code signed}, {@code settled} or {@code refused}
   * @param digest of its transaction; empty while there is none
   * @param trouble what went wrong last; empty if nothing
   */
  public record Standing(
      Settlement settlement, String state, Optional<String> digest, String trouble) {}

  /**
   * A reconciliation.
   *
   * @param complete whether sums and receipts were compared; if not, why is in {@code notes}
   * @param mismatches what does not agree; if there is any, payouts are stopped
   */
  public record Report(
      boolean complete, List<String> mismatches, List<String> notes, int receipts) {}

  /**
   * Settles a transfer that the ledger accepted; the amount is what the ledger moved. Asking again
   * changes nothing.
   *
   * @param about the transfer of the stake that is freed or slashed; empty otherwise
   * @param reason of a slash; empty otherwise
   * @return whether it is new
   * @throws ChoirException {@code no_such_transfer}
   */
  public boolean add(
      UUID transfer, Settlement.Kind kind, TenantId user, Optional<UUID> about, String reason) {
    LedgerEntry entry =
        ledger
            .find(transfer)
            .orElseThrow(
                () ->
                    ChoirException.usage(
                        "no_such_transfer",
                        "the ledger has no transfer " + transfer,
                        "settle what the ledger has accepted"));
    String stake = about.map(id -> Settlement.receipt(id).hex()).orElse("");
    Settlement settlement = Settlement.of(transfer, kind, user, entry.moved(), stake, reason);
    return database.transaction(c -> SettlementTable.add(c, settlement, clock.instant())) == 1;
  }

  /**
   * Settles what touched an account since the last time, by the transfers' reasons. The user is the
   * one whose account the transfer names. Meant to run before every {@link #settle}; no transfer is
   * left out, since it reads the ledger and remembers how far.
   *
   * @param kinds what a transfer of this reason is on the chain; other reasons are left alone
   * @return how many are new
   */
  public int collect(AccountId account, Map<String, Settlement.Kind> kinds) {
    long from = database.transaction(c -> SettlementTable.cursor(c, account));
    long before = Long.MAX_VALUE;
    long newest = from;
    int added = 0;
    while (true) {
      List<LedgerEntry> page = ledger.statement(account, before, PAGE);
      List<LedgerEntry> fresh = page.stream().filter(entry -> entry.seq() > from).toList();
      for (LedgerEntry entry : fresh.reversed()) {
        newest = Math.max(newest, entry.seq());
        added += collected(entry, kinds);
      }
      if (fresh.size() < PAGE) {
        break;
      }
      before = fresh.getLast().seq();
    }
    long seen = newest;
    database.transaction(
        c -> {
          SettlementTable.cursor(c, account, seen);
          return 0;
        });
    return added;
  }

  private int collected(LedgerEntry entry, Map<String, Settlement.Kind> kinds) {
    Transfer transfer = entry.transfer();
    Settlement.Kind kind = kinds.get(transfer.reason());
    // Reserving and giving back move nothing.
    if (kind == null
        || !(transfer.kind() == Transfer.Kind.MOVE || transfer.kind() == Transfer.Kind.POST)) {
      return 0;
    }
    TenantId user =
        user(transfer.credit())
            .or(() -> user(transfer.debit()))
            .orElseThrow(
                () ->
                    ChoirException.fatal(
                        "settlement_without_user",
                        "the transfer " + transfer.id() + " names no user's account",
                        "settle only reasons that pay users"));
    Settlement settlement = Settlement.of(transfer.id(), kind, user, entry.moved(), "", "");
    return database.transaction(c -> SettlementTable.add(c, settlement, clock.instant()));
  }

  private static Optional<TenantId> user(Optional<AccountId> account) {
    return account
        .map(AccountId::owner)
        .filter(owner -> owner.startsWith("user:"))
        .map(owner -> new TenantId(owner.substring("user:".length())));
  }

  /** How a transfer stands on the chain; empty if it is not to be settled. */
  public Optional<Standing> of(UUID transfer) {
    return database
        .transaction(c -> SettlementTable.find(c, transfer))
        .map(
            row ->
                new Standing(
                    row.settlement(),
                    row.state().word(),
                    row.signed().map(Signed::digest),
                    row.trouble()));
  }

  /** Lets a refused settlement be tried again. */
  public void retry(UUID transfer) {
    database.transaction(
        c -> {
          SettlementTable.Row row = SettlementTable.find(c, transfer).orElseThrow();
          if (row.state() == SettlementTable.State.REFUSED) {
            SettlementTable.unsettled(
                c, row.settlement(), SettlementTable.State.WAITING, "", clock.instant());
          }
          return 0;
        });
  }

  /**
   * Settles what waits, oldest first, after what is under way. What cannot be built or is not
   * signed waits ten minutes and lets others pass.
   *
   * @param most how many at most
   * @return how many were settled
   * @throws ChoirException {@code payouts_halted}; whatever the chain failed by: what is under way
   *     stays so and is looked up first at the next call
   */
  public synchronized int settle(int most) {
    int settled = 0;
    List<ChoirException> failed = new ArrayList<>();
    for (int steps = 0; settled < most && steps < 3 * most; steps++) {
      if (failed.size() == FAILED_MAX) {
        break;
      }
      halts.requireNone();
      Optional<SettlementTable.Row> underWay = database.transaction(SettlementTable::underWay);
      Step step;
      if (underWay.isPresent()) {
        step = resolve(underWay.get());
      } else {
        Optional<SettlementTable.Row> next =
            database.transaction(c -> SettlementTable.next(c, clock.instant()));
        if (next.isEmpty()) {
          break;
        }
        step = start(next.get().settlement(), failed);
      }
      if (step == Step.SETTLED) {
        settled++;
      } else if (step == Step.STOP) {
        break;
      }
    }
    if (!failed.isEmpty() && (settled == 0 || failed.size() == FAILED_MAX)) {
      throw failed.getLast();
    }
    return settled;
  }

  private enum Step {
    SETTLED,
    NEXT,
    STOP
  }

  private Step start(Settlement settlement, List<ChoirException> failed) {
    Signed signed;
    try {
      signed = chain.prepare(settlement);
    } catch (ChoirException e) {
      // One user who does not sign, or whose signer is broken, keeps nobody else waiting.
      again(settlement, String.valueOf(e.getMessage()), clock.instant().plus(PREPARE_PAUSE));
      failed.add(e);
      return Step.NEXT;
    }
    database.transaction(
        c -> {
          SettlementTable.signed(c, signed, clock.instant());
          return 0;
        });
    return send(signed);
  }

  private Step resolve(SettlementTable.Row row) {
    Signed signed = row.signed().orElseThrow();
    Answer found = asked(signed, () -> chain.look(signed));
    return switch (found) {
      case Answer.Absent absent when absent.message().equals("no") -> send(signed);
      default -> decide(signed, found);
    };
  }

  private Step send(Signed signed) {
    Answer answer = asked(signed, () -> chain.submit(signed));
    if (answer instanceof Answer.Absent refusal) {
      // It was not taken. Perhaps because it, or another that uses the same coin, was before.
      Answer found = asked(signed, () -> chain.look(signed));
      if (found instanceof Answer.Absent absent && !absent.never()) {
        trouble(signed, refusal.message());
        return Step.STOP;
      }
      return decide(signed, found);
    }
    return decide(signed, answer);
  }

  /** An answer of the chain; one that contradicts what is known stops payouts. */
  private Answer asked(Signed signed, java.util.function.Supplier<Answer> question) {
    try {
      return question.get();
    } catch (ChoirException e) {
      if (e.failure().retryable()) {
        trouble(signed, String.valueOf(e.getMessage()));
      } else {
        halts.halt(e.getMessage() + " (" + signed.digest() + ")");
      }
      throw e;
    }
  }

  private void trouble(Signed signed, String what) {
    database.transaction(
        c -> {
          SettlementTable.trouble(c, signed.settlement(), Text.visible(what, TROUBLE_MAX));
          return 0;
        });
  }

  private Step decide(Signed signed, Answer answer) {
    Settlement settlement = signed.settlement();
    Instant now = clock.instant();
    return switch (answer) {
      case Answer.Done(OptionalLong checkpoint) -> {
        done(settlement, checkpoint, "");
        yield Step.SETTLED;
      }
      case Answer.Absent absent -> {
        again(settlement, "the transaction was never executed: " + absent.message(), now);
        yield Step.NEXT;
      }
      case Answer.Failed(ChainGateway.Cause cause, String message) ->
          switch (cause) {
            case RECEIPT_USED -> paidBefore(settlement);
            case EPOCH_CAP -> {
              Instant next = nextEpoch(now);
              again(settlement, message, next);
              postpone(settlement.kind(), next);
              yield Step.NEXT;
            }
            case HOLDINGS -> {
              Instant later = now.plus(HOLDINGS_PAUSE);
              again(settlement, message, later);
              postpone(settlement.kind(), later);
              yield Step.NEXT;
            }
            case OTHER -> {
              refuse(settlement, message, now);
              yield Step.NEXT;
            }
          };
    };
  }

  private static Instant nextEpoch(Instant now) {
    long epoch = Math.floorDiv(now.toEpochMilli(), EPOCH_MILLIS);
    return Instant.ofEpochMilli(Math.multiplyExact(epoch + 1, EPOCH_MILLIS));
  }

  /** The chain has the receipt already, from a transaction before this one. */
  private Step paidBefore(Settlement settlement) {
    ChainGateway.Paid paid = chain.read(List.of(settlement)).receipts().get(settlement.receipt());
    if (paid == null || paid.amount() != settlement.amount() || paid.kind() != settlement.kind()) {
      String found = paid == null ? "none" : "a " + paid.kind().word() + " of " + paid.amount();
      halts.halt(
          "the chain says that the receipt of transfer "
              + settlement.transfer()
              + " over "
              + settlement.amount()
              + " was used, and shows "
              + found);
      return Step.STOP;
    }
    done(settlement, OptionalLong.empty(), "paid by an earlier transaction");
    return Step.SETTLED;
  }

  private void done(Settlement settlement, OptionalLong checkpoint, String note) {
    database.transaction(
        c -> {
          SettlementTable.settled(c, settlement, checkpoint, note, clock.instant());
          return 0;
        });
  }

  private void again(Settlement settlement, String trouble, Instant notBefore) {
    unsettled(settlement, SettlementTable.State.WAITING, trouble, notBefore);
  }

  private void refuse(Settlement settlement, String trouble, Instant now) {
    unsettled(settlement, SettlementTable.State.REFUSED, trouble, now);
  }

  private void unsettled(
      Settlement settlement, SettlementTable.State state, String trouble, Instant notBefore) {
    String line = Text.visible(trouble, TROUBLE_MAX);
    database.transaction(
        c -> {
          SettlementTable.unsettled(c, settlement, state, line, notBefore);
          return 0;
        });
  }

  private void postpone(Settlement.Kind kind, Instant notBefore) {
    database.transaction(
        c -> {
          SettlementTable.postpone(c, kind, notBefore);
          return 0;
        });
  }

  /**
   * Compares ledger and chain: the supply, and the receipts that were never or longest ago
   * compared. A mismatch stops payouts.
   *
   * @param collect finds what has become due; see {@link #collect}
   * @param unvested how much CHIP the ledger has rewarded that is not the authors' yet, and so is
   *     not to be on the chain, in the smallest unit
   */
  public synchronized Report reconcile(Runnable collect, LongSupplier unvested) {
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
            done(row.settlement(), checkpoint, row.trouble());
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
