package org.choir.economy;

import java.math.BigInteger;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Currency;

/**
 * The ledger as one would write it on paper: a list of what was accepted, every balance added up
 * from the beginning, every chain tried on a copy. Slow and plain on purpose; the oracle of the
 * real one, sharing none of its rules.
 */
final class ReferenceLedger implements Ledger {
  private final InstantSource clock;
  private final Map<AccountId, Limit> accounts = new LinkedHashMap<>();
  private final List<LedgerEntry> accepted = new ArrayList<>();

  ReferenceLedger(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public synchronized void open(AccountId account, Limit limit) {
    Limit there = accounts.putIfAbsent(account, limit);
    if (there != null && there != limit) {
      throw ChoirException.usage("account_limit", account + " exists with another limit", "");
    }
  }

  @Override
  public synchronized List<Outcome> submit(List<Transfer> orders) {
    expire();
    List<Outcome> all = new ArrayList<>();
    List<Transfer> chain = new ArrayList<>();
    for (int i = 0; i < orders.size(); i++) {
      chain.add(orders.get(i));
      boolean last = i == orders.size() - 1;
      if (!orders.get(i).linked() || last) {
        all.addAll(together(chain, orders.get(i).linked()));
        chain.clear();
      }
    }
    return all;
  }

  private List<Outcome> together(List<Transfer> chain, boolean open) {
    List<LedgerEntry> before = new ArrayList<>(accepted);
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < chain.size(); i++) {
      boolean broken = open && i == chain.size() - 1;
      outcomes.add(broken ? Outcome.LINKED_EVENT_CHAIN_OPEN : add(chain.get(i)));
    }
    int bad = -1;
    for (int i = 0; i < outcomes.size() && bad < 0; i++) {
      if (!outcomes.get(i).done()) {
        bad = i;
      }
    }
    long existing = outcomes.stream().filter(o -> o == Outcome.EXISTS).count();
    if (bad < 0 && existing > 0 && existing < chain.size()) {
      bad = outcomes.indexOf(Outcome.EXISTS);
    }
    if (bad >= 0) {
      accepted.clear();
      accepted.addAll(before);
      for (int i = 0; i < outcomes.size(); i++) {
        if (i != bad) {
          outcomes.set(i, Outcome.LINKED_EVENT_FAILED);
        }
      }
    }
    return outcomes;
  }

  private void expire() {
    for (LedgerEntry entry : List.copyOf(accepted)) {
      if (over(entry) && end(entry.transfer().id()).isEmpty()) {
        Transfer end = Transfer.expire(entry.transfer().id());
        record(
            end.between(entry.transfer().debit(), entry.transfer().credit()),
            entry.moved(),
            entry.moved());
      }
    }
  }

  private boolean over(LedgerEntry entry) {
    Transfer t = entry.transfer();
    return t.kind() == Transfer.Kind.RESERVE
        && !t.timeout().isZero()
        && !clock.instant().isBefore(entry.at().plus(t.timeout()));
  }

  private Optional<LedgerEntry> end(UUID reservation) {
    return accepted.stream()
        .filter(e -> e.transfer().pending().equals(Optional.of(reservation)))
        .findFirst();
  }

  private Outcome add(Transfer t) {
    Optional<LedgerEntry> twin = find(t.id());
    if (twin.isPresent()) {
      return twin(t, twin.get().transfer());
    }
    if (t.kind() == Transfer.Kind.MOVE || t.kind() == Transfer.Kind.RESERVE) {
      return first(t);
    }
    Optional<LedgerEntry> pending = find(t.pending().orElseThrow());
    if (pending.isEmpty()) {
      return Outcome.PENDING_TRANSFER_NOT_FOUND;
    }
    if (pending.get().transfer().kind() != Transfer.Kind.RESERVE) {
      return Outcome.PENDING_TRANSFER_NOT_PENDING;
    }
    Optional<LedgerEntry> end = end(t.pending().get());
    if (end.isPresent()) {
      return switch (end.get().transfer().kind()) {
        case POST -> Outcome.PENDING_TRANSFER_ALREADY_POSTED;
        case RELEASE -> Outcome.PENDING_TRANSFER_ALREADY_RELEASED;
        default -> Outcome.PENDING_TRANSFER_EXPIRED;
      };
    }
    long reserved = pending.get().moved();
    boolean post = t.kind() == Transfer.Kind.POST;
    if (post && t.amount() <= 0) {
      return Outcome.AMOUNT_NOT_POSITIVE;
    }
    if (post && t.amount() > reserved) {
      return Outcome.EXCEEDS_PENDING_AMOUNT;
    }
    Transfer reserving = pending.get().transfer();
    record(
        t.between(reserving.debit(), reserving.credit()), post ? t.amount() : reserved, reserved);
    return Outcome.OK;
  }

  private Outcome first(Transfer t) {
    if (t.amount() <= 0) {
      return Outcome.AMOUNT_NOT_POSITIVE;
    }
    if (t.timeout().isNegative() || (t.kind() == Transfer.Kind.MOVE && !t.timeout().isZero())) {
      return Outcome.TIMEOUT_NOT_ALLOWED;
    }
    AccountId from = t.debit().orElseThrow();
    AccountId to = t.credit().orElseThrow();
    if (!accounts.containsKey(from)) {
      return Outcome.DEBIT_ACCOUNT_NOT_FOUND;
    }
    if (!accounts.containsKey(to)) {
      return Outcome.CREDIT_ACCOUNT_NOT_FOUND;
    }
    if (from.equals(to)) {
      return Outcome.ACCOUNTS_ARE_THE_SAME;
    }
    if (from.currency() != to.currency()) {
      return Outcome.ACCOUNTS_HAVE_DIFFERENT_CURRENCIES;
    }
    BigInteger amount = BigInteger.valueOf(t.amount());
    Balance debit = balance(from);
    Balance credit = balance(to);
    var leaving = sum(debit.debitsPosted(), debit.debitsPending()).add(amount);
    var coming = sum(credit.creditsPosted(), credit.creditsPending()).add(amount);
    boolean leavingFits = leaving.bitLength() <= 63;
    if (!leavingFits) {
      return Outcome.OVERFLOW;
    }
    if (accounts.get(from) == Limit.NO_OVERDRAFT
        && leaving.compareTo(BigInteger.valueOf(debit.creditsPosted())) > 0) {
      return Outcome.EXCEEDS_CREDITS;
    }
    if (coming.bitLength() > 63) {
      return Outcome.OVERFLOW;
    }
    if (accounts.get(to) == Limit.NO_OVERPAYMENT
        && coming.compareTo(BigInteger.valueOf(credit.debitsPosted())) > 0) {
      return Outcome.EXCEEDS_DEBITS;
    }
    record(t, t.amount(), 0);
    return Outcome.OK;
  }

  private static BigInteger sum(long a, long b) {
    return BigInteger.valueOf(a).add(BigInteger.valueOf(b));
  }

  private static Outcome twin(Transfer t, Transfer before) {
    if (t.kind() != before.kind()) {
      return Outcome.EXISTS_WITH_DIFFERENT_KIND;
    }
    boolean named = t.debit().isPresent();
    if (named && !(t.debit().equals(before.debit()) && t.credit().equals(before.credit()))) {
      return Outcome.EXISTS_WITH_DIFFERENT_ACCOUNTS;
    }
    if (t.amount() != before.amount()) {
      return Outcome.EXISTS_WITH_DIFFERENT_AMOUNT;
    }
    if (!t.pending().equals(before.pending())) {
      return Outcome.EXISTS_WITH_DIFFERENT_PENDING;
    }
    if (!t.timeout().equals(before.timeout())) {
      return Outcome.EXISTS_WITH_DIFFERENT_TIMEOUT;
    }
    return t.reason().equals(before.reason())
        ? Outcome.EXISTS
        : Outcome.EXISTS_WITH_DIFFERENT_REASON;
  }

  private void record(Transfer t, long moved, long reserved) {
    Instant now = clock.instant();
    long seq = accepted.size() + 1L;
    accepted.add(new LedgerEntry(t, moved, reserved, 0, seq, now));
  }

  @Override
  public Balance balance(AccountId account) {
    return balanceAt(account, Long.MAX_VALUE);
  }

  @Override
  public synchronized Balance balanceAt(AccountId account, long seq) {
    long debits = 0;
    long credits = 0;
    long debitsPending = 0;
    long creditsPending = 0;
    for (LedgerEntry e : accepted) {
      boolean debited = e.debit().equals(account);
      if (e.seq() > seq || !(debited || e.credit().equals(account))) {
        continue;
      }
      long posted = 0;
      long pending = 0;
      switch (e.transfer().kind()) {
        case MOVE -> posted = e.moved();
        case RESERVE -> pending = e.moved();
        case POST -> {
          posted = e.moved();
          pending = -e.reserved();
        }
        default -> pending = -e.reserved();
      }
      if (debited) {
        debits += posted;
        debitsPending += pending;
      } else {
        credits += posted;
        creditsPending += pending;
      }
    }
    return new Balance(debits, credits, debitsPending, creditsPending);
  }

  @Override
  public synchronized long seq() {
    return accepted.size();
  }

  @Override
  public synchronized List<AccountId> accounts(String purse, Currency currency) {
    return accounts.keySet().stream()
        .filter(a -> a.purse().equals(purse) && a.currency() == currency)
        .sorted(Comparator.comparing(AccountId::owner))
        .toList();
  }

  @Override
  public synchronized Optional<LedgerEntry> find(UUID id) {
    return accepted.stream().filter(e -> e.transfer().id().equals(id)).findFirst();
  }

  @Override
  public synchronized List<LedgerEntry> statement(AccountId account, long before, int limit) {
    return accepted.reversed().stream()
        .filter(e -> e.seq() < before)
        .filter(e -> e.debit().equals(account) || e.credit().equals(account))
        .limit(limit)
        .toList();
  }
}
