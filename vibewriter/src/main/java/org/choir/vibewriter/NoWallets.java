package org.choir.vibewriter;

import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.knowledge.Article;
import org.choir.knowledge.KnowledgeBase;
import org.choir.knowledge.Submission;

/** A server without an economy. */
final class NoWallets implements WalletAccess {
  @Override
  public boolean has(TenantId user) {
    return false;
  }

  @Override
  public List<Sum> standing(TenantId user) {
    return List.of();
  }

  @Override
  public String stake(TenantId user, RunId run, long amount) {
    throw none(user);
  }

  @Override
  public String transfer(TenantId user, String action, WalletOrder.Transfer order) {
    throw none(user);
  }

  @Override
  public Article publish(KnowledgeBase base, RunId run, Submission submission) {
    return base.publish(submission);
  }

  @Override
  public Optional<String> refusal(TenantId user, String action) {
    return Optional.empty();
  }

  @Override
  public void refused(TenantId user, String action, String why) {
    // Nothing was claimed.
  }

  private static ChoirException none(TenantId user) {
    return ChoirException.usage("no_wallet", user + " has no wallet", "");
  }
}
