package org.choir.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.choir.core.Action;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.economy.AccountId;
import org.choir.economy.Allowance;
import org.choir.economy.AllowanceRule;
import org.choir.economy.Allowances;
import org.choir.economy.Balance;
import org.choir.economy.Chart;
import org.choir.economy.EconomyServices;
import org.choir.economy.Ledger;
import org.choir.economy.Stake;
import org.choir.economy.Stakes;
import org.choir.economy.UserTransfers;
import org.choir.knowledge.Article;
import org.choir.knowledge.KnowledgeBase;
import org.choir.knowledge.Submission;
import org.choir.vibewriter.WalletAccess;
import org.choir.vibewriter.WalletOrder;

/**
 * Users' wallets in the hands of their agents: what runs see and do of the ledger, and what the
 * gate counts of it. It sets no allowance. Thread-safe.
 */
final class AgentWallet implements WalletAccess, AllowanceGate.Claims {
  private final Predicate<TenantId> members;
  private final Supplier<Optional<Parts>> parts;
  private final BiFunction<KnowledgeBase, Submission, Article> publisher;

  /** What it works on. */
  record Parts(Ledger ledger, Stakes stakes, UserTransfers transfers, Allowances allowances) {
    static Parts of(EconomyServices services) {
      return new Parts(
          services.ledger(), services.stakes(), services.transfers(), services.allowances());
    }
  }

  /**
   * @param members whether a user has a wallet; must tell without starting anything
   * @param parts the first use may start the database; empty on a server without an economy, where
   *     every action asks
   * @param publisher publishes for an agent, with the stake of the submission's key
   */
  AgentWallet(
      Predicate<TenantId> members,
      Supplier<Optional<Parts>> parts,
      BiFunction<KnowledgeBase, Submission, Article> publisher) {
    this.members = members;
    this.parts = parts;
    this.publisher = publisher;
  }

  private Parts parts() {
    return parts
        .get()
        .orElseThrow(() -> ChoirException.usage("economy_off", "this server has no economy", ""));
  }

  @Override
  public boolean has(TenantId user) {
    return members.test(user);
  }

  @Override
  public AllowanceRule.Ruling claim(Action action, WalletOrder order) {
    List<List<AllowanceRule.Asked>> asked = AllowanceGate.asked(order);
    boolean stakes =
        has(action.tenant()) && !isStaked(action.tenant(), action.agent().run(), order);
    List<AllowanceRule.Asked> least = stakes ? asked.getFirst() : asked.getLast();
    return parts
        .get()
        .map(p -> p.allowances().claim(action.tenant(), action.id(), action.digest(), least))
        .orElseGet(() -> AllowanceRule.rule(least, Allowance.NONE, Allowance.NONE));
  }

  /** Whether just this stake of the run is taken, and its article not yet published. */
  private boolean isStaked(TenantId user, RunId run, WalletOrder order) {
    return parts()
        .stakes()
        .withKey(WalletAccess.stakeKey(run))
        .filter(AgentWallet::isFree)
        .filter(stake -> stake.user().equals(user) && stake.amount() == stakeOf(order))
        .isPresent();
  }

  private static boolean isFree(Stake stake) {
    return stake.state() == Stake.State.HELD && stake.article().isEmpty();
  }

  private static long stakeOf(WalletOrder order) {
    return switch (order) {
      case WalletOrder.Publication p -> p.stake();
      case WalletOrder.Stake s -> s.amount();
      case WalletOrder.Transfer t -> 0;
    };
  }

  @Override
  public List<Sum> standing(TenantId user) {
    List<Sum> out = new ArrayList<>();
    for (Currency currency : List.of(Currency.CREDITS, Currency.CHIP, Currency.USDC)) {
      Balance balance = balance(Chart.available(user, currency));
      out.add(sum(currency + " available", balance.available(), currency));
      out.add(sum(currency + " reserved", balance.debitsPending(), currency));
    }
    out.add(chip("CHIP that can only be staked", Chart.starter(user)));
    out.add(chip("CHIP at stake", Chart.staked(user)));
    out.add(chip("CHIP not yet vested", Chart.unvested(user)));
    out.add(
        sum(
            "USDC expected for citations, settled at the month's end",
            balance(Chart.citations(user)).creditsPending(),
            Currency.USDC));
    Allowances allowances = parts().allowances();
    Allowance limit = allowances.of(user);
    Allowance used = allowances.usedToday(user);
    String today = " today (" + allowances.today() + ", UTC)";
    out.add(
        sum(
            "CHIP you may stake without asking" + today,
            left(limit.chip(), used.chip()),
            Currency.CHIP));
    out.add(
        sum(
            "USDC you may send without asking" + today,
            left(limit.usdc(), used.usdc()),
            Currency.USDC));
    out.add(
        new Sum(
            "publications without asking" + today,
            Long.toString(left(limit.publications(), used.publications()))));
    return out;
  }

  private Balance balance(AccountId account) {
    return parts().ledger().balance(account);
  }

  private Sum chip(String name, AccountId account) {
    return sum(name, balance(account).posted(), Currency.CHIP);
  }

  private static Sum sum(String name, long amount, Currency currency) {
    return new Sum(name, new Money(amount, currency).toString());
  }

  private static long left(long limit, long used) {
    return Math.max(0, limit - used);
  }

  @Override
  public String stake(TenantId user, RunId run, long amount) {
    Stake stake = parts().stakes().take(user, WalletAccess.stakeKey(run), amount);
    if (!isFree(stake)) {
      throw ChoirException.usage(
          "stake_used",
          "this run had a stake before: it is "
              + stake.state().name().toLowerCase(Locale.ROOT)
              + stake.article().map(a -> " and answers for " + a).orElse(""),
          "publish in another run");
    }
    return new Money(stake.amount(), Currency.CHIP)
        + " are at stake for the article of this run"
        + (stake.missing() == 0
            ? ""
            : "; "
                + new Money(stake.missing(), Currency.CHIP)
                + " of it are still missing and must come from the article's own reward")
        + ". They are free at "
        + stake.freeAt()
        + " unless the article is slashed.";
  }

  @Override
  public Article publish(KnowledgeBase base, RunId run, Submission submission) {
    return has(new TenantId(submission.author()))
        ? publisher.apply(base, submission.withKey(WalletAccess.stakeKey(run)))
        : base.publish(submission);
  }

  @Override
  public String transfer(TenantId user, String action, WalletOrder.Transfer order) {
    UUID receipt = parts().transfers().send(user, order.to(), order.amount(), order.note(), action);
    return new Money(order.amount(), Currency.USDC)
        + " were sent to "
        + order.to()
        + "; the receipt is "
        + receipt
        + ".";
  }

  @Override
  public Optional<String> refusal(TenantId user, String action) {
    return parts.get().flatMap(p -> p.allowances().refusal(user, action));
  }

  @Override
  public void refused(TenantId user, String action, String why) {
    parts.get().ifPresent(p -> p.allowances().giveBack(user, action, why));
  }
}
