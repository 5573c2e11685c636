package org.choir.audit;

import java.security.MessageDigest;
import java.util.HexFormat;
import org.choir.core.Digest;

/**
 * The hashes of RFC 6962, section 2.1: {@code SHA-256(0x00 || entry)} for a leaf and {@code
 * SHA-256(0x01 || left || right)} for a node. The first byte keeps an entry from ever passing as a
 * node (second preimage). One instance is used by one thread at a time.
 */
public final class TreeHash {
  /** The length of every hash, in bytes. */
  static final int BYTES = 32;

  private static final byte LEAF = 0;
  private static final byte NODE = 1;
  private final MessageDigest sha = Digest.sha256();

  TreeHash() {}

  /** The leaf hash of an entry. */
  public static Digest ofEntry(byte[] entry) {
    return digest(new TreeHash().leaf(entry));
  }

  /** The root of a log without entries: the hash of no bytes. */
  public static Digest ofNothing() {
    return Digest.of(new byte[0]);
  }

  byte[] leaf(byte[] entry) {
    sha.update(LEAF);
    return sha.digest(entry);
  }

  byte[] node(byte[] left, byte[] right) {
    sha.update(NODE);
    sha.update(left);
    return sha.digest(right);
  }

  /**
   * The root of a perfect subtree whose lowest hashes lie one after another.
   *
   * @param count a power of two
   */
  byte[] perfect(byte[] hashes, int first, int count) {
    byte[] work = new byte[count * BYTES];
    System.arraycopy(hashes, first * BYTES, work, 0, work.length);
    for (int width = count; width > 1; width /= 2) {
      for (int i = 0; i < width / 2; i++) {
        sha.update(NODE);
        sha.update(work, 2 * i * BYTES, 2 * BYTES);
        System.arraycopy(sha.digest(), 0, work, i * BYTES, BYTES);
      }
    }
    return java.util.Arrays.copyOf(work, BYTES);
  }

  static Digest digest(byte[] hash) {
    return new Digest(HexFormat.of().formatHex(hash));
  }

  static byte[] bytes(Digest digest) {
    return HexFormat.of().parseHex(digest.hex());
  }
}
