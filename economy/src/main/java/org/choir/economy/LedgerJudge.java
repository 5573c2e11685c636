package org.choir.economy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The rules of the ledger: judges the orders of one batch one after the other, each on what the
 * ones before it left, without touching anything outside. What it accepted is in {@link #entries},
 * the accounts as they stand then in {@link #changed}.
 */
final class LedgerJudge {
  /** What was known before the batch. */
  interface Known {
    /** An account, if it exists. */
    Optional<Standing> account(AccountId account);

    /** An accepted order. */
    Optional<LedgerEntry> entry(UUID id);

    /** How a reservation was ended, if it was. */
    Optional<Transfer.Kind> end(UUID reservation);
  }

  /**
   * An account as the judge sees it.
   *
   * @param number its number in the database
   * @param entries how many entries it has
   */
  record Standing(long number, Limit limit, Balance balance, long entries) {
    private Standing with(Balance next) {
      return new Standing(number, limit, next, entries + 1);
    }
  }

  /** How one order was judged; {@code entry} is what an accepted one became. */
  private record Judged(Outcome outcome, Optional<LedgerEntry> entry) {
    static Judged no(Outcome outcome) {
      return new Judged(outcome, Optional.empty());
    }
  }

  private final Known known;
  private final long batch;
  private final long firstSeq;
  private final Instant now;
  private final Map<AccountId, Standing> changed = new LinkedHashMap<>();
  private final List<LedgerEntry> entries = new ArrayList<>();
  private final Map<UUID, LedgerEntry> byId = new HashMap<>();
  private final Map<UUID, Transfer.Kind> ends = new HashMap<>();

  /**
   * @param firstSeq the number that the first accepted order gets
   * @param now the ledger's time for the whole batch
   */
  LedgerJudge(Known known, long batch, long firstSeq, Instant now) {
    this.known = known;
    this.batch = batch;
    this.firstSeq = firstSeq;
    this.now = now;
  }

  /** Judges one caller's orders. */
  List<Outcome> judge(List<Transfer> orders) {
    List<Outcome> outcomes = new ArrayList<>(orders.size());
    int start = 0;
    while (start < orders.size()) {
      int end = start;
      while (end < orders.size() - 1 && orders.get(end).linked()) {
        end++;
      }
      outcomes.addAll(chain(orders.subList(start, end + 1)));
      start = end + 1;
    }
    return outcomes;
  }

  /** All of a chain or nothing of it. */
  private List<Outcome> chain(List<Transfer> chain) {
    List<Outcome> outcomes = new ArrayList<>(chain.size());
    List<Undo> undo = new ArrayList<>();
    boolean open = chain.getLast().linked();
    int failed = -1;
    int existing = 0;
    for (int i = 0; i < chain.size() && failed < 0; i++) {
      boolean last = i == chain.size() - 1;
      Judged judged = open && last ? Judged.no(Outcome.LINKED_EVENT_CHAIN_OPEN) : one(chain.get(i));
      outcomes.add(judged.outcome());
      judged.entry().ifPresent(entry -> undo.add(apply(entry)));
      if (!judged.outcome().done()) {
        failed = i;
      } else if (judged.outcome() == Outcome.EXISTS) {
        existing++;
      }
    }
    if (failed < 0 && existing > 0 && existing < chain.size()) {
      // Of a chain that was accepted, every member exists: this one is put together from others.
      failed = outcomes.indexOf(Outcome.EXISTS);
    }
    if (failed >= 0) {
      undo.reversed().forEach(Undo::run);
      for (int i = 0; i < chain.size(); i++) {
        if (i >= outcomes.size()) {
          outcomes.add(Outcome.LINKED_EVENT_FAILED);
        } else if (i != failed) {
          outcomes.set(i, Outcome.LINKED_EVENT_FAILED);
        }
      }
    }
    return outcomes;
  }

  /** Takes an accepted entry back. */
  private interface Undo {
    void run();
  }

  private Undo apply(LedgerEntry entry) {
    Standing debit = account(entry.debit()).orElseThrow();
    Standing credit = account(entry.credit()).orElseThrow();
    Transfer.Kind kind = entry.transfer().kind();
    boolean debitWasChanged = changed.containsKey(entry.debit());
    boolean creditWasChanged = changed.containsKey(entry.credit());
    changed.put(
        entry.debit(),
        debit.with(debit.balance().after(kind, true, entry.moved(), entry.reserved())));
    changed.put(
        entry.credit(),
        credit.with(credit.balance().after(kind, false, entry.moved(), entry.reserved())));
    entries.add(entry);
    byId.put(entry.transfer().id(), entry);
    entry.transfer().pending().ifPresent(reservation -> ends.put(reservation, kind));
    return () -> {
      restore(entry.debit(), debit, debitWasChanged);
      restore(entry.credit(), credit, creditWasChanged);
      entries.removeLast();
      byId.remove(entry.transfer().id());
      entry.transfer().pending().ifPresent(ends::remove);
    };
  }

  private void restore(AccountId account, Standing before, boolean wasChanged) {
    if (wasChanged) {
      changed.put(account, before);
    } else {
      changed.remove(account);
    }
  }

  private Judged one(Transfer order) {
    Optional<LedgerEntry> before = entry(order.id());
    if (before.isPresent()) {
      return Judged.no(same(order, before.get()));
    }
    return switch (order.kind()) {
      case MOVE, RESERVE -> between(order);
      case POST, RELEASE, EXPIRE -> end(order);
    };
  }

  private static Outcome same(Transfer order, LedgerEntry accepted) {
    Transfer before = accepted.transfer();
    if (order.kind() != before.kind()) {
      return Outcome.EXISTS_WITH_DIFFERENT_KIND;
    }
    if (differs(order.debit(), before.debit()) || differs(order.credit(), before.credit())) {
      return Outcome.EXISTS_WITH_DIFFERENT_ACCOUNTS;
    }
    if (order.amount() != before.amount()) {
      return Outcome.EXISTS_WITH_DIFFERENT_AMOUNT;
    }
    if (!order.pending().equals(before.pending())) {
      return Outcome.EXISTS_WITH_DIFFERENT_PENDING;
    }
    if (!order.timeout().equals(before.timeout())) {
      return Outcome.EXISTS_WITH_DIFFERENT_TIMEOUT;
    }
    return order.reason().equals(before.reason())
        ? Outcome.EXISTS
        : Outcome.EXISTS_WITH_DIFFERENT_REASON;
  }

  /** The end of a reservation is ordered without accounts. */
  private static boolean differs(Optional<AccountId> ordered, Optional<AccountId> accepted) {
    return ordered.isPresent() && !ordered.equals(accepted);
  }

  private Judged between(Transfer order) {
    if (order.amount() <= 0) {
      return Judged.no(Outcome.AMOUNT_NOT_POSITIVE);
    }
    boolean timed = !order.timeout().isZero();
    if (order.timeout().isNegative() || (timed && order.kind() == Transfer.Kind.MOVE)) {
      return Judged.no(Outcome.TIMEOUT_NOT_ALLOWED);
    }
    Optional<Standing> debit = order.debit().flatMap(this::account);
    if (debit.isEmpty()) {
      return Judged.no(Outcome.DEBIT_ACCOUNT_NOT_FOUND);
    }
    Optional<Standing> credit = order.credit().flatMap(this::account);
    if (credit.isEmpty()) {
      return Judged.no(Outcome.CREDIT_ACCOUNT_NOT_FOUND);
    }
    AccountId from = order.debit().orElseThrow();
    AccountId to = order.credit().orElseThrow();
    if (from.equals(to)) {
      return Judged.no(Outcome.ACCOUNTS_ARE_THE_SAME);
    }
    if (from.currency() != to.currency()) {
      return Judged.no(Outcome.ACCOUNTS_HAVE_DIFFERENT_CURRENCIES);
    }
    try {
      if (!debit
          .get()
          .balance()
          .after(order.kind(), true, order.amount(), 0)
          .within(debit.get().limit())) {
        return Judged.no(Outcome.EXCEEDS_CREDITS);
      }
      if (!credit
          .get()
          .balance()
          .after(order.kind(), false, order.amount(), 0)
          .within(credit.get().limit())) {
        return Judged.no(Outcome.EXCEEDS_DEBITS);
      }
    } catch (ArithmeticException e) {
      return Judged.no(Outcome.OVERFLOW);
    }
    return accepted(order, order.amount(), 0);
  }

  private Judged end(Transfer order) {
    UUID reservation = order.pending().orElse(order.id());
    Optional<LedgerEntry> pending = entry(reservation);
    if (pending.isEmpty()) {
      return Judged.no(Outcome.PENDING_TRANSFER_NOT_FOUND);
    }
    Transfer reserving = pending.get().transfer();
    if (reserving.kind() != Transfer.Kind.RESERVE) {
      return Judged.no(Outcome.PENDING_TRANSFER_NOT_PENDING);
    }
    Optional<Transfer.Kind> ended =
        Optional.ofNullable(ends.get(reservation)).or(() -> known.end(reservation));
    if (ended.isPresent()) {
      return Judged.no(
          switch (ended.get()) {
            case POST -> Outcome.PENDING_TRANSFER_ALREADY_POSTED;
            case RELEASE -> Outcome.PENDING_TRANSFER_ALREADY_RELEASED;
            case EXPIRE, MOVE, RESERVE -> Outcome.PENDING_TRANSFER_EXPIRED;
          });
    }
    boolean over =
        !reserving.timeout().isZero()
            && !now.isBefore(pending.get().at().plus(reserving.timeout()));
    if (over != (order.kind() == Transfer.Kind.EXPIRE)) {
      return Judged.no(
          over ? Outcome.PENDING_TRANSFER_EXPIRED : Outcome.PENDING_TRANSFER_NOT_PENDING);
    }
    long reserved = pending.get().moved();
    if (order.kind() == Transfer.Kind.POST) {
      if (order.amount() <= 0) {
        return Judged.no(Outcome.AMOUNT_NOT_POSITIVE);
      }
      if (order.amount() > reserved) {
        return Judged.no(Outcome.EXCEEDS_PENDING_AMOUNT);
      }
    }
    long moved = order.kind() == Transfer.Kind.POST ? order.amount() : reserved;
    return accepted(order.between(reserving.debit(), reserving.credit()), moved, reserved);
  }

  private Judged accepted(Transfer order, long moved, long reserved) {
    long seq = firstSeq + entries.size();
    return new Judged(
        Outcome.OK, Optional.of(new LedgerEntry(order, moved, reserved, batch, seq, now)));
  }

  private Optional<Standing> account(AccountId account) {
    Standing here = changed.get(account);
    return here == null ? known.account(account) : Optional.of(here);
  }

  private Optional<LedgerEntry> entry(UUID id) {
    LedgerEntry here = byId.get(id);
    return here == null ? known.entry(id) : Optional.of(here);
  }

  /** What was accepted so far, in order. */
  List<LedgerEntry> entries() {
    return entries;
  }

  /** The accounts that what was accepted has touched, as they stand now. */
  Map<AccountId, Standing> changed() {
    return changed;
  }
}
