package org.choir.audit;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.choir.core.Digest;
import org.choir.core.Text;

/**
 * A proof that a log holds an entry, verifiable offline (C2SP tlog-proof): the entry's index, its
 * inclusion proof, and the signed checkpoint it leads to.
 *
 * @param index of the entry
 * @param extra opaque bytes for the reader, not authenticated; empty for none
 * @param hashes the inclusion proof, from the leaf's sibling upwards
 * @param checkpoint the signed checkpoint, verbatim
 */
public record ProofText(long index, byte[] extra, List<Digest> hashes, String checkpoint) {
  private static final String HEADER = "c2sp.org/tlog-proof@v1";

  /** A tree of 2^63 entries needs no more. */
  private static final int HASHES_MAX = 63;

  public ProofText {
    hashes = List.copyOf(hashes);
    if (index < 0 || hashes.size() > HASHES_MAX) {
      throw new IllegalArgumentException("no proof of index " + index);
    }
  }

  /** The text, as it is stored in a {@code .tlog-proof} file. */
  public String format() {
    Base64.Encoder base64 = Base64.getEncoder();
    StringBuilder out = new StringBuilder(HEADER).append('\n');
    if (extra.length > 0) {
      out.append("extra ").append(base64.encodeToString(extra)).append('\n');
    }
    out.append("index ").append(index).append('\n');
    hashes.forEach(h -> out.append(base64.encodeToString(TreeHash.bytes(h))).append('\n'));
    return out.append('\n').append(checkpoint).toString();
  }

  /**
   * Reads a proof; nothing of it is checked yet.
   *
   * @throws LogException {@code bad_proof}
   */
  public static ProofText parse(String text) {
    int blank = text.indexOf("\n\n");
    if (blank < 0 || text.length() > Note.BYTES_MAX) {
      throw bad("it has no checkpoint");
    }
    List<String> lines = new ArrayList<>(List.of(text.substring(0, blank).split("\n", -1)));
    if (!lines.removeFirst().equals(HEADER)) {
      throw bad("its first line is not " + HEADER);
    }
    try {
      byte[] extra = new byte[0];
      if (!lines.isEmpty() && lines.getFirst().startsWith("extra ")) {
        extra = Note.base64(lines.removeFirst().substring("extra ".length()));
      }
      if (lines.isEmpty() || !lines.getFirst().startsWith("index ")) {
        throw bad("it has no index");
      }
      long index = Checkpoint.number(lines.removeFirst().substring("index ".length()));
      if (lines.size() > HASHES_MAX) {
        throw bad("it has more than " + HASHES_MAX + " hashes");
      }
      List<Digest> hashes = new ArrayList<>();
      for (String line : lines) {
        byte[] hash = Note.base64(line);
        if (hash.length != TreeHash.BYTES) {
          throw bad("a hash has 32 bytes, not " + hash.length);
        }
        hashes.add(TreeHash.digest(hash));
      }
      return new ProofText(index, extra, hashes, text.substring(blank + 2));
    } catch (LogException e) {
      throw e.code().equals("bad_proof") ? e : bad(e.failure().message());
    }
  }

  /**
   * Checks that the log with this key and origin holds this entry; returns the checkpoint that says
   * so.
   *
   * @throws LogException {@code bad_note}, {@code bad_signature}, or {@code proof_fails} if the
   *     checkpoint is another log's or the hashes do not lead to its root
   */
  public Checkpoint verify(byte[] entry, String origin, NoteKey key) {
    Checkpoint head = Checkpoint.verified(checkpoint, key);
    if (!head.origin().equals(origin)) {
      throw fails("the proof is of log " + Text.visible(head.origin(), 80) + ", not of " + origin);
    }
    if (!TreeProof.includes(TreeHash.ofEntry(entry), index, head.size(), hashes, head.root())) {
      throw fails("the entry is not at index " + index + " of the log of size " + head.size());
    }
    return head;
  }

  private static LogException bad(String why) {
    return LogException.malformed("bad_proof", "this is not a proof of a log: " + why);
  }

  private static LogException fails(String message) {
    return LogException.untrusted(
        "proof_fails", message, "ask whoever gave the proof for the right one");
  }
}
