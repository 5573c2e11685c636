package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.economy.EconomyServices;
import org.choir.economy.FromKnowledge;
import org.choir.economy.Reward;
import org.choir.economy.RewardRule;
import org.choir.economy.Rewards;
import org.choir.economy.SignedIntent;
import org.choir.economy.Stake;
import org.choir.knowledge.Article;
import org.choir.knowledge.KnowledgeBase;
import org.choir.knowledge.Submission;
import org.choir.knowledge.VerificationRecord;

/**
 * Publishing where it costs and pays: the stake is taken before, under the submission's key, and
 * bound to the article or given back after; the reward is claimed for what the server itself has
 * verified. Each part may be repeated, so a publication that was cut off is finished by publishing
 * the same again. Users who do not count publish without any of it.
 */
final class PaidPublishing {
  private static final long CHIP = 1_000_000;

  private final EconomyRoom economy;
  private final SignedActs signed;
  private final CheckedRecords records;
  private final boolean signing;
  private final InstantSource clock;

  /**
   * @param signing whether people's signatures are asked for
   */
  PaidPublishing(
      EconomyRoom economy,
      SignedActs signed,
      CheckedRecords records,
      boolean signing,
      InstantSource clock) {
    this.economy = economy;
    this.signed = signed;
    this.records = records;
    this.signing = signing;
    this.clock = clock;
  }

  /**
   * What came of a publication.
   *
   * @param reward empty for users who do not count
   */
  record Published(Article article, Optional<Reward> reward) {}

  /** Publishes for a person, with their signature. */
  Published publish(KnowledgeBase base, Submission submission) {
    TenantId user = new TenantId(submission.author());
    if (!economy.counts(user)) {
      return new Published(base.publish(submission), Optional.empty());
    }
    Submission keyed =
        submission.key().isEmpty() ? submission.withKey(key(submission)) : submission;
    if (!signing) {
      return staked(base, user, keyed);
    }
    ObjectNode arguments =
        Json.object()
            .put("text", Digest.of(keyed.text()).hex())
            .put("field", keyed.field())
            .put("stake", Long.toString(keyed.stake() * CHIP))
            .put("key", keyed.key());
    signed.perform(
        user,
        SignedIntent.Kind.PUBLISH,
        arguments,
        key -> staked(base, user, keyed).article().id());
    // Published by now, so this finds the article and what it earned.
    return staked(base, user, keyed);
  }

  /** Publishes for an agent whose gate has decided already. */
  Published publishForAgent(KnowledgeBase base, Submission submission) {
    TenantId user = new TenantId(submission.author());
    return economy.counts(user)
        ? staked(base, user, submission)
        : new Published(base.publish(submission), Optional.empty());
  }

  /** Two publications of the same text with the same stake by one author are one. */
  private static String key(Submission submission) {
    return "text:"
        + Digest.of(
                String.join(
                    "\n",
                    submission.author(),
                    submission.field(),
                    Integer.toString(submission.stake()),
                    submission.text()))
            .prefix(40);
  }

  private Published staked(KnowledgeBase base, TenantId user, Submission submission) {
    EconomyServices services = economy.services();
    services.debts().requireNone(user);
    Stake stake = services.stakes().take(user, submission.key(), submission.stake() * CHIP);
    Article article;
    try {
      if (stake.missing() > 0 && stake.article().isEmpty()) {
        requireCompletes(base, services, stake, submission);
      }
      article = base.publish(submission);
    } catch (ChoirException e) {
      services.stakes().giveBack(submission.key());
      throw e;
    }
    if (article.state() == Article.State.REJECTED) {
      services.stakes().giveBack(submission.key());
      return new Published(article, Optional.empty());
    }
    services.stakes().bind(submission.key(), article.id());
    Optional<Reward> reward =
        FromKnowledge.work(
                article, services.signUps().person(user).orElse(user.value()), checked(submission))
            .map(work -> claim(base, services, submission, work));
    economy.settle();
    return new Published(article, reward);
  }

  /** A stake that its article's own reward cannot complete is refused before anything is public. */
  private void requireCompletes(
      KnowledgeBase base, EconomyServices services, Stake stake, Submission submission) {
    RewardRule.Worth worth =
        RewardRule.worth(
            FromKnowledge.findings(base.judge(submission).score(), checked(submission)),
            0,
            services.parameters().at(clock.instant()));
    if (worth.micro() < stake.missing()) {
      throw ChoirException.usage(
          "reward_below_stake",
          "the stake lacks "
              + Amounts.text(stake.missing(), Currency.CHIP)
              + ", and the article's own reward would be "
              + Amounts.text(worth.micro(), Currency.CHIP)
              + " ("
              + worth.why().formula()
              + ")",
          "buy what is missing with: choir buy chip");
    }
  }

  /** If the rewards decide otherwise after all, the article does not stay published. */
  private static Reward claim(
      KnowledgeBase base, EconomyServices services, Submission submission, Rewards.Work work) {
    try {
      return services.rewards().claim(work);
    } catch (ChoirException e) {
      if (e.code().equals("reward_below_stake")) {
        base.withdraw(work.article(), submission.author());
        services.stakes().giveBack(submission.key());
      }
      throw e;
    }
  }

  private Optional<VerificationRecord> checked(Submission submission) {
    return submission.record().flatMap(record -> records.checked(submission.text(), record));
  }

  /** Takes the fee of a revision before it is made. */
  Article revise(KnowledgeBase base, String id, Submission revision) {
    TenantId user = new TenantId(revision.author());
    if (!economy.counts(user)) {
      return base.revise(id, revision);
    }
    String key = Digest.of(id + "\n" + revision.text()).prefix(40);
    economy.services().fees().revision(user, id, key);
    try {
      Article article = base.revise(id, revision);
      economy.settle();
      return article;
    } catch (ChoirException e) {
      economy.services().fees().giveBackRevision(user, id, key);
      throw e;
    }
  }

  /**
   * Pays for a boost and gives it.
   *
   * @param chip whole CHIP
   * @param key the same for each retry
   */
  Article boost(KnowledgeBase base, String id, String by, int chip, String key) {
    TenantId user = new TenantId(by);
    if (economy.counts(user)) {
      base.articles().show(id);
      economy.services().fees().boost(user, id, chip * CHIP, key);
      economy.settle();
    }
    return base.boost(id, by, chip);
  }

  /** Decides the review of a first article, and with it about its reward. */
  Article review(KnowledgeBase base, String id, String reviewer, boolean accept) {
    Article article = base.review(id, reviewer, accept);
    TenantId author = TenantId.isValid(article.author()) ? new TenantId(article.author()) : null;
    if (author != null
        && economy.counts(author)
        && economy.services().rewards().of(id).isPresent()) {
      economy.services().rewards().reviewed(id, accept);
      economy.settle();
    }
    return article;
  }

  /** What was earned, for people. */
  static String words(Reward reward) {
    return switch (reward.state()) {
      case NOTHING -> "no reward: " + reward.reason();
      case HELD -> "the reward waits: " + reward.reason();
      case ACTIVE, VESTED, STOPPED ->
          "reward "
              + Amounts.text(reward.worth(), Currency.CHIP)
              + ", of which "
              + Amounts.text(reward.vested(), Currency.CHIP)
              + " are yours now and the rest over "
              + reward.days()
              + " days\n  "
              + reward.why().formula();
    };
  }
}
