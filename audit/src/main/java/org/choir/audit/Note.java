package org.choir.audit;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.choir.core.Text;

/**
 * A signed note (C2SP signed-note): a text that ends with a newline, a blank line, and signature
 * lines. What it says counts only after {@link NoteKey#verifies} has said so.
 *
 * @param text with its final newline
 */
record Note(String text, List<Signature> signatures) {
  /** Limits against hostile notes; the standard asks for room for 16 signatures at least. */
  static final int BYTES_MAX = 1_000_000;

  static final int SIGNATURES_MAX = 100;
  private static final String DASH = "— ";

  Note {
    signatures = List.copyOf(signatures);
    requireText(text);
  }

  /**
   * One signature line.
   *
   * @param name of the key
   * @param keyId its 32-bit id
   * @param bytes the signature without the id
   */
  record Signature(String name, int keyId, byte[] bytes) {
    Signature {
      requireName(name);
      if (bytes.length == 0) {
        throw bad("a signature is empty");
      }
    }

    String line() {
      byte[] whole = ByteBuffer.allocate(4 + bytes.length).putInt(keyId).put(bytes).array();
      return DASH + name + " " + Base64.getEncoder().encodeToString(whole) + "\n";
    }

    static Signature parse(String line) {
      int space = line.indexOf(' ', DASH.length());
      if (!line.startsWith(DASH) || space < 0) {
        throw bad("not a signature line: " + Text.visible(line, 60));
      }
      byte[] whole = base64(line.substring(space + 1));
      if (whole.length < 5) {
        throw bad("a signature is too short");
      }
      return new Signature(
          line.substring(DASH.length(), space),
          ByteBuffer.wrap(whole).getInt(),
          Arrays.copyOfRange(whole, 4, whole.length));
    }

    @Override
    public String toString() {
      return name + " " + HexFormat.of().toHexDigits(keyId);
    }
  }

  /** The note as it is stored and sent. */
  String format() {
    StringBuilder out = new StringBuilder(text).append('\n');
    signatures.forEach(s -> out.append(s.line()));
    return out.toString();
  }

  /**
   * Reads a note.
   *
   * @throws LogException {@code bad_note}
   */
  static Note parse(byte[] bytes) {
    if (bytes.length > BYTES_MAX) {
      throw bad("the note is longer than " + BYTES_MAX + " bytes");
    }
    try {
      return parse(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      throw bad("the note is not UTF-8");
    }
  }

  /** As {@link #parse(byte[])}. */
  static Note parse(String note) {
    if (note.length() > BYTES_MAX) {
      throw bad("the note is longer than " + BYTES_MAX + " characters");
    }
    int blank = note.lastIndexOf("\n\n");
    if (blank < 0 || !note.endsWith("\n") || blank + 2 >= note.length()) {
      throw bad("the note has no signature");
    }
    List<Signature> signatures = signatureLines(note.substring(blank + 2));
    return new Note(note.substring(0, blank + 1), signatures);
  }

  /** Signature lines alone, as a witness answers. */
  static List<Signature> signatureLines(String lines) {
    if (!lines.endsWith("\n")) {
      throw bad("the signatures do not end with a newline");
    }
    List<Signature> signatures = new ArrayList<>();
    for (String line : lines.substring(0, lines.length() - 1).split("\n", -1)) {
      if (signatures.size() == SIGNATURES_MAX) {
        throw bad("the note has more than " + SIGNATURES_MAX + " signatures");
      }
      signatures.add(Signature.parse(line));
    }
    return signatures;
  }

  static String requireName(String name) {
    boolean space =
        name.codePoints().anyMatch(c -> Character.isWhitespace(c) || Character.isSpaceChar(c));
    if (name.isEmpty() || space || name.indexOf('+') >= 0 || hasControl(name)) {
      throw bad("not a name of a key: " + Text.visible(name, 60));
    }
    return name;
  }

  /** Standard base 64 in its one canonical spelling: a changed padding bit is a changed note. */
  static byte[] base64(String text) {
    try {
      byte[] bytes = Base64.getDecoder().decode(text);
      if (Base64.getEncoder().encodeToString(bytes).equals(text)) {
        return bytes;
      }
    } catch (IllegalArgumentException e) {
      throw bad("not base 64: " + Text.visible(text, 60));
    }
    throw bad("not canonical base 64: " + Text.visible(text, 60));
  }

  private static void requireText(String text) {
    if (!text.endsWith("\n") || hasControl(text.replace("\n", ""))) {
      throw bad("the text of a note ends with a newline and has no control characters");
    }
    try {
      ByteBuffer ignored = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      assert ignored.hasRemaining();
    } catch (CharacterCodingException e) {
      throw bad("the text of a note is not Unicode");
    }
  }

  private static boolean hasControl(String text) {
    return text.chars().anyMatch(c -> c < 0x20);
  }

  private static LogException bad(String message) {
    return LogException.malformed("bad_note", message);
  }
}
