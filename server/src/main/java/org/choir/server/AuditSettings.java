package org.choir.server;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.choir.audit.NoteKey;
import org.choir.audit.dynamodb.DynamoAnchors;

/**
 * How the audit chains are written and where they are anchored, beside the files that always are.
 *
 * @param power whether an event waits for the disk before it is acknowledged
 * @param postgres whether they are anchored in the embedded PostgreSQL
 * @param dynamodb a table of DynamoDB
 * @param timestamp an authority that stamps anchors (RFC 3161)
 * @param witness that cosigns checkpoints
 */
public record AuditSettings(
    boolean power,
    boolean postgres,
    Optional<DynamoAnchors.Options> dynamodb,
    Optional<Timestamp> timestamp,
    Optional<Witness> witness) {

  /**
   * A time stamp authority.
   *
   * @param authority takes requests by HTTP POST
   * @param certificates PEM files of certificates that a token must lead to
   */
  public record Timestamp(URI authority, List<Path> certificates) {
    public Timestamp {
      certificates = List.copyOf(certificates);
    }
  }

  /**
   * A witness.
   *
   * @param prefix its submission address
   * @param key its public key, of the cosignature kind
   */
  public record Witness(URI prefix, NoteKey key) {}

  /** Files, and PostgreSQL if so wanted. */
  static AuditSettings local(boolean power, boolean postgres) {
    return new AuditSettings(power, postgres, Optional.empty(), Optional.empty(), Optional.empty());
  }
}
