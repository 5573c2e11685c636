package org.choir.audit;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.choir.core.Digest;

/**
 * One statement about a log, kept outside it: signed by the log's key, numbered, and linked back to
 * the statement before, so that a changed, missing or exchanged one shows.
 *
 * @param origin which log
 * @param number 0 for the first in its store
 * @param size of the log
 * @param root of the tree over that many entries
 * @param previous the digest of the anchor before in the same store; of no bytes for the first
 * @param at when, by the clock of the log's server
 * @param note the signed text; everything above is read from it
 * @param evidence what the store adds: a timestamp token, cosignatures; empty for none
 */
public record Anchor(
    String origin,
    long number,
    long size,
    Digest root,
    Digest previous,
    Instant at,
    String note,
    byte[] evidence) {
  private static final String HEADER = "choir-anchor/1";

  /**
   * The next anchor of a store.
   *
   * @param before the last one there
   */
  static Anchor next(LogKey key, Optional<Anchor> before, Checkpoint head, Instant at) {
    Digest previous = before.map(Anchor::digest).orElseGet(TreeHash::ofNothing);
    long number = before.map(a -> a.number() + 1).orElse(0L);
    String text =
        String.join(
            "\n",
            HEADER,
            "origin " + head.origin(),
            "number " + number,
            "size " + head.size(),
            "root " + Base64.getEncoder().encodeToString(TreeHash.bytes(head.root())),
            "previous " + previous,
            "time " + at.getEpochSecond(),
            "");
    return parse(key.sign(text), new byte[0]);
  }

  /**
   * Reads an anchor; its signature is checked by {@link #isSignedBy}.
   *
   * @throws LogException {@code bad_anchor}
   */
  public static Anchor parse(String note, byte[] evidence) {
    try {
      List<String> lines = new ArrayList<>(List.of(Note.parse(note).text().split("\n", -1)));
      if (lines.size() != 8 || !lines.getFirst().equals(HEADER) || !lines.getLast().isEmpty()) {
        throw LogException.malformed("bad_anchor", "not an anchor of a log");
      }
      byte[] root = Note.base64(field(lines, 4, "root "));
      return new Anchor(
          field(lines, 1, "origin "),
          Checkpoint.number(field(lines, 2, "number ")),
          Checkpoint.number(field(lines, 3, "size ")),
          TreeHash.digest(root),
          new Digest(field(lines, 5, "previous ")),
          Instant.ofEpochSecond(Checkpoint.number(field(lines, 6, "time "))),
          note,
          evidence);
    } catch (IllegalArgumentException | java.time.DateTimeException e) {
      throw LogException.malformed("bad_anchor", "not an anchor of a log: " + e.getMessage());
    }
  }

  private static String field(List<String> lines, int line, String name) {
    if (!lines.get(line).startsWith(name)) {
      throw LogException.malformed("bad_anchor", "the anchor has no " + name.strip());
    }
    return lines.get(line).substring(name.length());
  }

  /** What the next anchor links to. */
  public Digest digest() {
    return Digest.of(note);
  }

  boolean isSignedBy(NoteKey key) {
    return key.verifies(Note.parse(note));
  }

  Anchor with(byte[] newEvidence) {
    return new Anchor(origin, number, size, root, previous, at, note, newEvidence);
  }
}
