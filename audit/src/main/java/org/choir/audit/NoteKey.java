package org.choir.audit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import org.choir.core.Digest;
import org.choir.core.Text;

/**
 * A public key that signs notes, with its text form {@code <name>+<key id>+<base 64>} (vkey). Two
 * kinds are known: Ed25519 signatures (0x01) and Ed25519 witness cosignatures (0x04).
 */
public final class NoteKey {
  static final byte ED25519 = 0x01;
  static final byte COSIGNATURE = 0x04;
  private static final byte[] SPKI = HexFormat.of().parseHex("302a300506032b6570032100");
  private static final int KEY_BYTES = 32;

  private final String name;
  private final byte type;
  private final byte[] key;
  private final int id;
  private final PublicKey publicKey;

  NoteKey(String name, byte type, byte[] key) {
    this.name = Note.requireName(name);
    this.type = type;
    this.key = key.clone();
    this.id = id(name, type, key);
    this.publicKey = decode(key);
  }

  /**
   * Reads a vkey.
   *
   * @throws LogException {@code bad_key} if it is malformed, its id is not the one of its key, or
   *     its kind is unknown
   */
  public static NoteKey parse(String vkey) {
    String[] parts = vkey.strip().split("\\+", 3);
    if (parts.length != 3 || !parts[1].matches("[0-9a-f]{8}")) {
      throw bad(vkey, "the form is <name>+<8 hexadecimal digits>+<base 64>");
    }
    byte[] bytes;
    try {
      bytes = Note.base64(parts[2]);
      Note.requireName(parts[0]);
    } catch (LogException e) {
      throw bad(vkey, e.failure().message());
    }
    if (bytes.length != 1 + KEY_BYTES || (bytes[0] != ED25519 && bytes[0] != COSIGNATURE)) {
      throw bad(vkey, "only Ed25519 keys are known");
    }
    NoteKey key = new NoteKey(parts[0], bytes[0], Arrays.copyOfRange(bytes, 1, bytes.length));
    if (!key.idText().equals(parts[1])) {
      throw bad(vkey, "the id of this key is " + key.idText());
    }
    return key;
  }

  /** The name that its signature lines carry; of a log's key, the origin. */
  public String name() {
    return name;
  }

  /** The text form, one line without a newline. */
  public String vkey() {
    byte[] typed = ByteBuffer.allocate(1 + key.length).put(type).put(key).array();
    return name + "+" + idText() + "+" + Base64.getEncoder().encodeToString(typed);
  }

  int id() {
    return id;
  }

  /** Whether it is the key of a witness, which cosigns the notes of others. */
  public boolean isWitness() {
    return type == COSIGNATURE;
  }

  /**
   * Whether this key has signed the note. A signature with this key's name and id that does not
   * verify spoils the whole note, as the standard asks.
   */
  boolean verifies(Note note) {
    boolean found = false;
    for (Note.Signature line : note.signatures()) {
      if (line.keyId() == id && line.name().equals(name)) {
        if (!verifies(note.text(), line.bytes())) {
          return false;
        }
        found = true;
      }
    }
    return found;
  }

  /** When this witness cosigned, in seconds since 1970; empty if it did not, or not validly. */
  Optional<Long> cosignedAt(Note note) {
    if (!isWitness() || !verifies(note)) {
      return Optional.empty();
    }
    return note.signatures().stream()
        .filter(s -> s.keyId() == id && s.name().equals(name))
        .map(s -> ByteBuffer.wrap(s.bytes()).getLong())
        .max(Long::compare);
  }

  private boolean verifies(String text, byte[] signature) {
    if (type == ED25519) {
      return signature.length == 64 && ed25519(text, signature);
    }
    if (signature.length != 8 + 64) {
      return false;
    }
    long time = ByteBuffer.wrap(signature).getLong();
    return time >= 0
        && ed25519(cosigned(time, text), Arrays.copyOfRange(signature, 8, signature.length));
  }

  /** What a witness signs (C2SP tlog-cosignature, Ed25519). */
  static String cosigned(long seconds, String text) {
    return "cosignature/v1\ntime " + seconds + "\n" + text;
  }

  private boolean ed25519(String message, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(publicKey);
      verifier.update(message.getBytes(StandardCharsets.UTF_8));
      return verifier.verify(signature);
    } catch (java.security.SignatureException | java.security.InvalidKeyException e) {
      // The JDK throws for values out of range; either way it is no signature of this key.
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has Ed25519", e);
    }
  }

  private static PublicKey decode(byte[] key) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException("an Ed25519 key has 32 bytes, not " + key.length);
    }
    byte[] encoded = ByteBuffer.allocate(SPKI.length + KEY_BYTES).put(SPKI).put(key).array();
    try {
      return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
    } catch (GeneralSecurityException e) {
      throw LogException.malformed("bad_key", "not an Ed25519 key: " + e.getMessage());
    }
  }

  private static int id(String name, byte type, byte[] key) {
    var sha = Digest.sha256();
    sha.update(name.getBytes(StandardCharsets.UTF_8));
    sha.update((byte) '\n');
    sha.update(type);
    return ByteBuffer.wrap(sha.digest(key)).getInt();
  }

  private String idText() {
    return HexFormat.of().toHexDigits(id);
  }

  private static LogException bad(String vkey, String why) {
    return LogException.malformed(
        "bad_key", "'" + Text.visible(vkey, 120) + "' is not a key of a log: " + why);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NoteKey that && that.vkey().equals(vkey());
  }

  @Override
  public int hashCode() {
    return id;
  }

  @Override
  public String toString() {
    return vkey();
  }
}
