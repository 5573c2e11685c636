package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Those who own CHIP decide about numbers, the treasury and upgrades: one CHIP one vote, weighed as
 * the ledger stood when the proposal was made. A proposal keeps the rules under which it was made,
 * so no change of a rule touches a vote that is open. Thread-safe in one process.
 */
public final class Governance {
  private final Database database;
  private final Ledger ledger;
  private final Loans loans;
  private final PriceBook prices;
  private final ParameterHistory parameters;
  private final InstantSource clock;
  private final ReentrantLock lock = new ReentrantLock();

  /** Over a database whose room {@code economy} is migrated. */
  public Governance(
      Database database,
      Ledger ledger,
      Loans loans,
      PriceBook prices,
      ParameterHistory parameters,
      InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.loans = loans;
    this.prices = prices;
    this.parameters = parameters;
    this.clock = clock;
    ledger.open(Chart.treasury(Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(Chart.treasury(Currency.USDC), Limit.NO_OVERDRAFT);
    ledger.open(Chart.lending(), Limit.NO_OVERDRAFT);
  }

  /**
   * Proposes another value of a governed number.
   *
   * @param key the same for each retry
   * @throws ChoirException {@code bad_change}, {@code proposal_open}, {@code bad_key}, {@code
   *     ledger_exceeds_credits} without the bond
   */
  public Proposal propose(TenantId user, Parameter parameter, long value, String key) {
    Parameters now = parameters.at(clock.instant());
    return propose(user, new Proposal.Change(parameter, now.of(parameter), value), key);
  }

  /**
   * Proposes to give something of the treasury away.
   *
   * @param to a user's available purse, or {@link Chart#lending}
   * @param key the same for each retry
   * @throws ChoirException {@code bad_amount}, {@code bad_allocation}, {@code proposal_open},
   *     {@code bad_key}, {@code ledger_exceeds_credits} without the bond
   */
  public Proposal propose(TenantId user, AccountId to, long amount, String purpose, String key) {
    long share = parameters.at(clock.instant()).of(Parameter.ALLOCATION_SHARE);
    return propose(user, new Proposal.Allocation(to, amount, share, purpose), key);
  }

  /**
   * Proposes an upgrade.
   *
   * @param key the same for each retry
   * @throws ChoirException {@code bad_upgrade}, {@code proposal_open}, {@code bad_key}, {@code
   *     ledger_exceeds_credits} without the bond
   */
  public Proposal propose(TenantId user, String title, String text, String key) {
    return propose(user, new Proposal.Upgrade(title, text), key);
  }

  private Proposal propose(TenantId user, Proposal.Content content, String key) {
    String id = "p" + Digest.of(user + " " + Requests.key(key)).prefix(12);
    lock.lock();
    try {
      Optional<Proposal> there = database.transaction(c -> ProposalTable.find(c, id));
      if (there.isEmpty()) {
        judge(user, content);
        Proposal made = made(id, user, content);
        database.transaction(
            c -> {
              ProposalTable.insert(c, made, key);
              return 1;
            });
      }
      Proposal proposal = find(id);
      if (proposal.state() == Proposal.State.REQUESTED) {
        open(proposal);
      }
      return find(id);
    } finally {
      lock.unlock();
    }
  }

  private void judge(TenantId user, Proposal.Content content) {
    List<Proposal> live =
        database.transaction(
            c -> ProposalTable.list(c, "where state in ('requested', 'open', 'passed')"));
    for (Proposal other : live) {
      boolean own = other.proposer().equals(user) && other.state() != Proposal.State.PASSED;
      boolean same =
          other.content() instanceof Proposal.Change
              && content instanceof Proposal.Change
              && other.content().subject().equals(content.subject());
      if (own || same) {
        throw ChoirException.usage(
            "proposal_open",
            own
                ? user + " has the proposal " + other.id() + " open"
                : "the proposal " + other.id() + " is about " + content.subject() + " already",
            "wait until it has ended or taken effect, " + other.effectiveAt() + " at the latest");
      }
    }
    switch (content) {
      case Proposal.Change change -> judge(change);
      case Proposal.Allocation allocation -> judge(allocation);
      case Proposal.Upgrade _ -> {}
    }
  }

  private static void judge(Proposal.Change change) {
    Parameter parameter = change.parameter();
    if (change.value() == change.was()
        || !VoteRule.within(parameter, change.was(), change.value())) {
      throw ChoirException.usage(
          "bad_change",
          parameter.word() + " cannot go from " + change.was() + " to " + change.value(),
          "one vote moves it by at most 20 %, and it stays between "
              + parameter.least()
              + " and "
              + parameter.most());
    }
  }

  private void judge(Proposal.Allocation allocation) {
    long holdings = ledger.balance(Chart.treasury(allocation.to().currency())).available();
    long most = Shares.ppm(holdings, allocation.share());
    if (allocation.amount() > most) {
      throw ChoirException.usage(
          "bad_allocation",
          "one vote gives at most " + most + " of the treasury's " + holdings,
          "propose less");
    }
  }

  private Proposal made(String id, TenantId user, Proposal.Content content) {
    Instant now = clock.instant();
    Parameters in = parameters.at(now);
    long snapshot = ledger.seq();
    return new Proposal(
        id,
        user,
        content,
        in.of(Parameter.PROPOSAL_BOND),
        in.of(Parameter.VOTE_QUORUM),
        in.of(Parameter.VOTE_TIMELOCK),
        now,
        now.plusSeconds(in.of(Parameter.VOTE_TIME)),
        snapshot,
        circulating(snapshot),
        prices.quote().map(quote -> quote.average().micros()).orElse(0L),
        Proposal.State.REQUESTED,
        "");
  }

  /** CHIP that was made and is not the treasury's. */
  private long circulating(long seq) {
    long issued =
        Math.negateExact(
            Math.addExact(
                ledger.balanceAt(Chart.mint(), seq).posted(),
                ledger.balanceAt(Chart.unissuedChip(), seq).posted()));
    return Math.max(0, issued - ledger.balanceAt(Chart.treasury(Currency.CHIP), seq).posted());
  }

  private void open(Proposal proposal) {
    AccountId bond = Chart.bond(proposal.proposer(), proposal.id());
    ledger.open(Chart.available(proposal.proposer(), Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(bond, Limit.NO_OVERDRAFT);
    try {
      ledger.require(
          Transfer.move(
              Transfer.id("proposal", proposal.id(), "bond"),
              Chart.available(proposal.proposer(), Currency.CHIP),
              bond,
              proposal.bond(),
              "bond_taken",
              Explanation.of("given back at the end of the vote", "proposal", proposal.id())));
    } catch (LedgerException e) {
      database.transaction(
          c -> {
            ProposalTable.delete(c, proposal.id());
            return 1;
          });
      throw e;
    }
    move(proposal, Proposal.State.REQUESTED, Proposal.State.OPEN, "");
  }

  private void move(Proposal proposal, Proposal.State from, Proposal.State to, String reason) {
    boolean over = to != Proposal.State.OPEN && to != Proposal.State.PASSED;
    database.transaction(
        c ->
            ProposalTable.state(
                c,
                proposal.id(),
                from,
                to,
                reason,
                over ? Optional.of(clock.instant()) : Optional.empty()));
  }

  /**
   * Votes, once and for good; the same vote again changes nothing.
   *
   * @throws ChoirException {@code no_such_proposal}, {@code vote_closed}, {@code no_votes}, {@code
   *     already_voted}
   */
  public Proposal.Vote vote(TenantId user, String id, boolean yes) {
    Proposal proposal = find(id);
    Optional<Proposal.Vote> before = vote(id, user);
    if (before.isEmpty()) {
      Instant now = clock.instant();
      if (proposal.state() != Proposal.State.OPEN || !now.isBefore(proposal.closesAt())) {
        throw ChoirException.usage(
            "vote_closed",
            "the vote on " + id + " ended at " + proposal.closesAt(),
            "see: choir governance show " + id);
      }
      VoteRule.Snapshot had = snapshot(user, proposal);
      long weight = VoteRule.weight(had);
      if (weight == 0) {
        throw ChoirException.usage(
            "no_votes",
            user + " had no CHIP that votes when " + id + " was proposed",
            "CHIP must be one's own before a proposal is made");
      }
      database.transaction(
          c ->
              ProposalTable.insert(
                  c, id, new Proposal.Vote(user, yes, weight, had.explanation(), now)));
    }
    Proposal.Vote vote = vote(id, user).orElseThrow();
    if (vote.yes() != yes) {
      throw ChoirException.usage(
          "already_voted", user + " has voted on " + id, "a vote cannot be changed");
    }
    return vote;
  }

  private Optional<Proposal.Vote> vote(String id, TenantId user) {
    return votes(id).stream().filter(vote -> vote.voter().equals(user)).findFirst();
  }

  private VoteRule.Snapshot snapshot(TenantId user, Proposal proposal) {
    long seq = proposal.snapshot();
    long given =
        ledger
            .find(Transfer.id("sign-up", "starter", user.value()))
            .filter(entry -> entry.seq() <= seq)
            .map(LedgerEntry::moved)
            .orElse(0L);
    long starter = ledger.balanceAt(Chart.starter(user), seq).posted();
    return new VoteRule.Snapshot(
        ledger.balanceAt(Chart.available(user, Currency.CHIP), seq).posted(),
        ledger.balanceAt(Chart.staked(user), seq).posted(),
        Math.max(0, given - starter),
        loans.owedAt(user, seq),
        proposal.price());
  }

  /**
   * Ends votes whose time is over, and gives effect to those that passed and have waited; to be
   * called every few minutes.
   *
   * @return the proposals that ended or took effect
   */
  public List<String> settle() {
    lock.lock();
    try {
      Instant now = clock.instant();
      List<String> settled = new ArrayList<>();
      for (Proposal proposal :
          database.transaction(c -> ProposalTable.list(c, "where state = 'open'"))) {
        if (!now.isBefore(proposal.closesAt())) {
          close(proposal);
          settled.add(proposal.id());
        }
      }
      for (Proposal proposal :
          database.transaction(c -> ProposalTable.list(c, "where state = 'passed'"))) {
        if (!now.isBefore(proposal.effectiveAt())) {
          execute(proposal, now);
          settled.add(proposal.id());
        }
      }
      return settled;
    } finally {
      lock.unlock();
    }
  }

  private void close(Proposal proposal) {
    VoteRule.Decision decision = count(proposal.id()).decision().orElseThrow();
    ledger.require(
        Transfer.move(
            Transfer.id("proposal", proposal.id(), "bond-back"),
            Chart.bond(proposal.proposer(), proposal.id()),
            Chart.available(proposal.proposer(), Currency.CHIP),
            proposal.bond(),
            "bond_returned",
            Explanation.of("the vote has ended", "proposal", proposal.id())));
    move(
        proposal,
        Proposal.State.OPEN,
        decision.passed() ? Proposal.State.PASSED : Proposal.State.REJECTED,
        decision.reason());
  }

  private void execute(Proposal proposal, Instant now) {
    switch (proposal.content()) {
      case Proposal.Change change -> execute(proposal, change, now);
      case Proposal.Allocation allocation -> execute(proposal, allocation);
      case Proposal.Upgrade upgrade ->
          move(
              proposal,
              Proposal.State.PASSED,
              Proposal.State.EXECUTED,
              proposal.reason() + "; decided: " + upgrade.digest());
    }
  }

  private void execute(Proposal proposal, Proposal.Change change, Instant now) {
    database.transaction(
        c -> {
          boolean first =
              ProposalTable.state(
                  c,
                  proposal.id(),
                  Proposal.State.PASSED,
                  Proposal.State.EXECUTED,
                  proposal.reason(),
                  Optional.of(now));
          if (first) {
            ParameterHistory.add(
                c,
                new ParameterHistory.Change(
                    proposal.id(), change.parameter(), change.was(), change.value(), now));
          }
          return first;
        });
  }

  private void execute(Proposal proposal, Proposal.Allocation allocation) {
    AccountId from = Chart.treasury(allocation.to().currency());
    Transfer order =
        Transfer.move(
            Transfer.id("proposal", proposal.id(), "allocation"),
            from,
            allocation.to(),
            allocation.amount(),
            TreasuryFlow.ALLOCATION.reason(),
            Explanation.of("decided by vote: " + allocation.purpose(), "proposal", proposal.id()));
    ledger.open(allocation.to(), Limit.NO_OVERDRAFT);
    long most = Shares.ppm(ledger.balance(from).available(), allocation.share());
    boolean done = ledger.find(order.id()).isPresent();
    if (!done && allocation.amount() > most) {
      move(
          proposal,
          Proposal.State.PASSED,
          Proposal.State.VOID,
          proposal.reason() + "; the treasury holds too little by now, one vote gives " + most);
      return;
    }
    ledger.require(order);
    move(proposal, Proposal.State.PASSED, Proposal.State.EXECUTED, proposal.reason());
  }

  /** Opens what a crash left half made; to be called at the start. */
  public void finish() {
    lock.lock();
    try {
      for (Proposal proposal :
          database.transaction(c -> ProposalTable.list(c, "where state = 'requested'"))) {
        try {
          open(proposal);
        } catch (LedgerException e) {
          // Refused for good and its row is gone; whoever asked is told when they ask again.
          System.getLogger(Governance.class.getName())
              .log(System.Logger.Level.INFO, "a proposal was refused: " + e.code());
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** A proposal with its votes so far; the decision that would follow from them. */
  public Proposal.Count count(String id) {
    Proposal proposal = find(id);
    long yes = 0;
    long no = 0;
    List<Proposal.Vote> votes = votes(id);
    for (Proposal.Vote vote : votes) {
      if (vote.yes()) {
        yes = Math.addExact(yes, vote.weight());
      } else {
        no = Math.addExact(no, vote.weight());
      }
    }
    return new Proposal.Count(
        proposal,
        Optional.of(VoteRule.decide(yes, no, proposal.circulating(), proposal.quorum())),
        votes.size());
  }

  /** The votes that were cast, oldest first. */
  public List<Proposal.Vote> votes(String id) {
    return database.transaction(c -> votes(c, id));
  }

  private static List<Proposal.Vote> votes(Connection c, String id) throws SQLException {
    return ProposalTable.votes(c, id);
  }

  /** All proposals, oldest first. */
  public List<Proposal> proposals() {
    return database.transaction(c -> ProposalTable.list(c, ""));
  }

  private Proposal find(String id) {
    return database
        .transaction(c -> ProposalTable.find(c, id))
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_proposal",
                    "there is no proposal " + org.choir.core.Text.visible(id, 40),
                    "see: choir governance"));
  }
}
