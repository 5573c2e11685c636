package org.choir.knowledge;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.choir.core.Digest;

/**
 * A submitted article as PostgreSQL has it, with its newest version. Stake and boost are numbers of
 * CHIP here; who moves them is the economy's business.
 *
 * @param seq its place in the order of submission
 * @param id {@code a} and twelve hexadecimal digits
 * @param field in lower case
 * @param reviewer who decided the review, empty before
 * @param stakeReturned whether the stake goes back at once, as for a rejected article
 * @param score novelty, 0 to 100, of the first version; a revision does not change it
 * @param reason of the score
 * @param nearest the likest earlier passages side by side
 * @param model the embedding model that the score was made with
 * @param version the newest one
 */
public record Article(
    long seq,
    String id,
    String author,
    String field,
    State state,
    Review review,
    String reviewer,
    int stake,
    boolean stakeReturned,
    int boost,
    int score,
    String reason,
    List<NoveltyScore.Pair> nearest,
    String model,
    Instant publishedAt,
    Version version) {
  /** Below this an article is published without reward. */
  public static final int REWARD_FROM = 20;

  public Article {
    nearest = List.copyOf(nearest);
  }

  /** Where an article stands. */
  public enum State {
    /** Found by searches. */
    PUBLISHED,
    /** Its novelty was 0: never found, its stake given back. */
    REJECTED,
    /** Taken back by its author: no longer found, its versions stay. */
    WITHDRAWN;

    /** As the table and JSON have it. */
    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** Whether a person must look before anything is paid. */
  public enum Review {
    /** None is needed. */
    NONE,
    /** The first of its field, or far from it: pays nothing until someone has decided. */
    PENDING,
    ACCEPTED,
    REJECTED;

    /** As the table and JSON have it. */
    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /**
   * An immutable version.
   *
   * @param number from 1
   * @param digest of the body's bytes, its key in the object store
   * @param sources titles of what it cites
   * @param verification the verification record's summary, if it came with one
   */
  public record Version(
      int number,
      Digest digest,
      String title,
      int words,
      List<String> sources,
      Optional<VerificationRecord> verification,
      Instant at) {
    public Version {
      sources = List.copyOf(sources);
    }
  }

  /** Whether its novelty may be paid, before every other factor. */
  public boolean eligible() {
    return state == State.PUBLISHED
        && score >= REWARD_FROM
        && (review == Review.NONE || review == Review.ACCEPTED);
  }
}
