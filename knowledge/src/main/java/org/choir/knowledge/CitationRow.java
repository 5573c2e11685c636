package org.choir.knowledge;

import java.time.Instant;
import java.util.Optional;

/**
 * A citation from one article to another, with what its weight depends on.
 *
 * @param id {@code c} and twelve hexadecimal digits
 * @param citing the id of the article that cites
 * @param cited the id of the article that is cited
 * @param kind {@code report} if it came with a verified report, {@code manual} if a person made it
 * @param claim what the citing article says, may be empty for a manual one
 * @param supported whether the cited text was found to support the claim
 * @param why the verifier's reason if it does not
 * @param standing whether both articles are published
 * @param paidReview whether the citing article waits for a review or failed it
 */
public record CitationRow(
    String id,
    String citing,
    String citingAuthor,
    String citingOwner,
    String cited,
    String citedAuthor,
    String citedOwner,
    String kind,
    String claim,
    String quote,
    boolean supported,
    String why,
    Instant at,
    Optional<Instant> withdrawn,
    boolean standing,
    boolean paidReview) {}
