package org.choir.vibewriter;

import java.util.List;
import java.util.Optional;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.knowledge.Article;
import org.choir.knowledge.KnowledgeBase;
import org.choir.knowledge.Submission;

/** The port to users' wallets, as runs use it in the name of their users. Thread-safe. */
public interface WalletAccess {
  /** Nobody has a wallet. */
  WalletAccess NONE = new NoWallets();

  /**
   * One line of a wallet.
   *
   * @param name what it is, for example {@code available}
   * @param amount with its currency
   */
  record Sum(String name, String amount) {}

  /** Whether this user has a wallet; tells without starting anything. */
  boolean has(TenantId user);

  /** What the user has, and what agents may still do today without asking. */
  List<Sum> standing(TenantId user);

  /**
   * Takes the stake of the article that a run will publish, once for each run.
   *
   * @param amount in the smallest unit of CHIP
   * @return what happened, in words
   */
  String stake(TenantId user, RunId run, long amount);

  /**
   * Publishes in the user's name, with the run's stake where the user stakes; a run publishes once.
   *
   * @param base where to
   */
  Article publish(KnowledgeBase base, RunId run, Submission submission);

  /**
   * Sends USDC, once for each action.
   *
   * @return what happened, in words, with the receipt's id
   */
  String transfer(TenantId user, String action, WalletOrder.Transfer order);

  /** Why an action was refused when it was to be done the first time, if it was. */
  Optional<String> refusal(TenantId user, String action);

  /** An action was refused and nothing of it happened: what it has claimed of the day is free. */
  void refused(TenantId user, String action, String why);

  /** The key of a run's stake: whoever publishes for the run publishes with it. */
  static String stakeKey(RunId run) {
    return "run-" + run;
  }
}
