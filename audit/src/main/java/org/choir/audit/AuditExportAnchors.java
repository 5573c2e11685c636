package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.choir.core.Digest;

/** Checks one anchor of an exported folder. */
final class AuditExportAnchors {
  private AuditExportAnchors() {}

  /**
   * What is wrong with it; empty if nothing.
   *
   * @param before the anchor before it at the same place
   * @param proof that the log extends the anchor
   * @param head of the exported log
   */
  static Optional<String> wrong(
      Anchor anchor, Optional<Anchor> before, List<Digest> proof, Checkpoint head, NoteKey key) {
    if (!anchor.isSignedBy(key)) {
      return Optional.of("is not signed by the log's key");
    }
    if (!anchor.origin().equals(head.origin())) {
      return Optional.of("is of another log");
    }
    Digest previous = before.map(Anchor::digest).orElseGet(TreeHash::ofNothing);
    long number = before.map(a -> a.number() + 1).orElse(0L);
    if (!anchor.previous().equals(previous) || anchor.number() != number) {
      return Optional.of("does not follow the one before it: one is missing or was exchanged");
    }
    if (anchor.size() > head.size()) {
      return Optional.of("saw more events than this log has: the log was rolled back");
    }
    if (anchor.size() == 0) {
      return Optional.empty();
    }
    boolean extended =
        anchor.size() == head.size()
            ? anchor.root().equals(head.root())
            : TreeProof.extendsTo(anchor.size(), head.size(), anchor.root(), head.root(), proof);
    return extended ? Optional.empty() : Optional.of("saw another history than this log has");
  }

  /**
   * The proof in a line of {@code anchors.jsonl}.
   *
   * @throws IllegalArgumentException if a hash in it is none
   */
  static List<Digest> proof(JsonNode line) {
    List<Digest> proof = new ArrayList<>();
    for (JsonNode hash : line.path("consistency")) {
      byte[] bytes = Base64.getDecoder().decode(hash.asText());
      if (bytes.length != TreeHash.BYTES) {
        throw new IllegalArgumentException("a hash has " + TreeHash.BYTES + " bytes");
      }
      proof.add(TreeHash.digest(bytes));
    }
    return proof;
  }
}
