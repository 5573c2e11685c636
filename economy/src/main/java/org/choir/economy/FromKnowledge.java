package org.choir.economy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.knowledge.Article;
import org.choir.knowledge.CitationRow;
import org.choir.knowledge.CitationWeights;
import org.choir.knowledge.VerificationRecord;

/** What knowledge knows of articles and citations, in the words of those who pay. */
public final class FromKnowledge {
  private FromKnowledge() {}

  /**
   * Citations with what they weigh for payment; those of authors who can have no account are left
   * out. Where trust has a beginning, a citation by someone to whom no trust flows weighs nothing,
   * so that accounts which only touch each other change nobody's pay.
   *
   * @param trusted accounts to which trust flows, or whose person is known; empty if nobody was
   *     named for trust to begin with, and then everybody counts
   */
  public static List<Cited> cited(List<CitationWeights.Weighed> weighed, Set<String> trusted) {
    List<Cited> all = new ArrayList<>();
    for (CitationWeights.Weighed w : weighed) {
      CitationRow row = w.citation();
      String citing = row.citingAuthor();
      boolean foreign = w.weight() == 1 && !trusted.isEmpty() && !trusted.contains(citing);
      String reason = foreign ? "not_trusted: no trust flows to " + citing : w.reason();
      account(row.citedAuthor())
          .map(
              author ->
                  new Cited(
                      row.id(),
                      row.cited(),
                      author,
                      row.citingOwner(),
                      row.citedOwner(),
                      row.at(),
                      reason))
          .ifPresent(all::add);
    }
    return all;
  }

  /**
   * An article with what was found out about it; empty if its author can have no account.
   *
   * @param owner the person behind its author, or the author if that is not known
   * @param checked what the platform itself verified about the article's text, never what came with
   *     a submission unchecked; empty counts as no claim verified
   */
  public static Optional<Rewards.Work> work(
      Article article, String owner, Optional<VerificationRecord> checked) {
    int score = article.state() == Article.State.PUBLISHED ? article.score() : 0;
    boolean review = article.review() == Article.Review.PENDING;
    boolean refused = article.review() == Article.Review.REJECTED;
    return account(article.author())
        .map(
            author ->
                new Rewards.Work(
                    article.id(), author, owner, findings(refused ? 0 : score, checked), review));
  }

  /**
   * The share of claims that are supported, and as quality the share that is at least partly
   * supported.
   *
   * @param checked as in {@link #work}
   */
  public static RewardRule.Findings findings(int score, Optional<VerificationRecord> checked) {
    long claims = checked.map(record -> record.count("claims")).orElse(0);
    if (claims <= 0) {
      return new RewardRule.Findings(score, 0, 0, 0);
    }
    long supported = checked.map(record -> record.count("supported")).orElse(0);
    long partial = checked.map(record -> record.count("partial")).orElse(0);
    return new RewardRule.Findings(
        score, supported, claims, Shares.part(Shares.WHOLE, supported + partial, claims));
  }

  private static Optional<TenantId> account(String author) {
    try {
      return Optional.of(new TenantId(author));
    } catch (ChoirException e) {
      return Optional.empty();
    }
  }
}
