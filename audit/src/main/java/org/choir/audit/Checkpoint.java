package org.choir.audit;

import java.util.Base64;
import java.util.List;
import org.choir.core.Digest;
import org.choir.core.Text;

/**
 * The head of a log at one size (C2SP tlog-checkpoint), the text that its key signs.
 *
 * @param origin which log
 * @param size how many entries
 * @param root of the tree over them
 * @param extensions further lines, none in logs of ours
 */
public record Checkpoint(String origin, long size, Digest root, List<String> extensions) {
  public Checkpoint {
    extensions = List.copyOf(extensions);
    if (origin.isEmpty() || origin.contains("\n") || size < 0) {
      throw new IllegalArgumentException("no checkpoint of '" + origin + "' at size " + size);
    }
    if (extensions.stream().anyMatch(e -> e.isEmpty() || e.contains("\n"))) {
      throw new IllegalArgumentException("an extension line of a checkpoint is one line");
    }
  }

  /** The text to sign. */
  String text() {
    StringBuilder out = new StringBuilder();
    out.append(origin).append('\n').append(size).append('\n');
    out.append(Base64.getEncoder().encodeToString(TreeHash.bytes(root))).append('\n');
    extensions.forEach(e -> out.append(e).append('\n'));
    return out.toString();
  }

  /**
   * Reads the text of a checkpoint.
   *
   * @throws LogException {@code bad_note}
   */
  static Checkpoint parse(String text) {
    List<String> lines = List.of(text.split("\n", -1));
    int last = lines.size() - 1;
    if (last < 3 || !lines.get(last).isEmpty() || lines.subList(0, last).contains("")) {
      throw LogException.malformed(
          "bad_note", "a checkpoint has an origin, a size and a root, one a line");
    }
    byte[] root = Note.base64(lines.get(2));
    if (root.length != TreeHash.BYTES) {
      throw LogException.malformed(
          "bad_note", "the root of a checkpoint has 32 bytes, not " + root.length);
    }
    return new Checkpoint(
        lines.get(0), number(lines.get(1)), TreeHash.digest(root), lines.subList(3, last));
  }

  /**
   * Reads a signed checkpoint and checks its signature.
   *
   * @throws LogException {@code bad_note} or {@code bad_signature}
   */
  public static Checkpoint verified(String note, NoteKey key) {
    return verified(Note.parse(note), key);
  }

  static Checkpoint verified(Note note, NoteKey key) {
    if (!key.verifies(note)) {
      throw LogException.malformed(
          "bad_signature", "the checkpoint is not signed by " + Text.visible(key.vkey(), 120));
    }
    return parse(note.text());
  }

  /** A decimal number without leading zeroes, at most 2^63-1. */
  static long number(String text) {
    if (text.matches("0|[1-9][0-9]{0,18}")) {
      try {
        return Long.parseLong(text);
      } catch (NumberFormatException e) {
        throw LogException.malformed("bad_note", "the number " + text + " is too large");
      }
    }
    throw LogException.malformed("bad_note", "not a number: " + Text.visible(text, 40));
  }
}
