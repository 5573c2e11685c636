package org.choir.economy.sui;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import org.bouncycastle.crypto.digests.Blake2bDigest;

/** Sui's digests and the Base58 in which they are written (Bitcoin's alphabet, no checksum). */
final class Hashes {
  static final int BYTES = 32;
  private static final String ALPHABET =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  private static final BigInteger BASE = BigInteger.valueOf(58);

  private Hashes() {}

  /** Blake2b with 32 bytes over these, one after the other. */
  static byte[] blake2b(byte[]... parts) {
    Blake2bDigest digest = new Blake2bDigest(BYTES * Byte.SIZE);
    for (byte[] part : parts) {
      digest.update(part, 0, part.length);
    }
    byte[] hash = new byte[BYTES];
    digest.doFinal(hash, 0);
    return hash;
  }

  /** The digest that names a value of this type. */
  static byte[] named(String type, byte[] bcs) {
    return blake2b((type + "::").getBytes(StandardCharsets.US_ASCII), bcs);
  }

  static String base58(byte[] bytes) {
    StringBuilder reversed = new StringBuilder();
    BigInteger left = new BigInteger(1, bytes);
    while (left.signum() > 0) {
      BigInteger[] parts = left.divideAndRemainder(BASE);
      reversed.append(ALPHABET.charAt(parts[1].intValue()));
      left = parts[0];
    }
    for (int i = 0; i < bytes.length && bytes[i] == 0; i++) {
      reversed.append(ALPHABET.charAt(0));
    }
    return reversed.reverse().toString();
  }

  /** The 32 bytes of a digest in Base58. */
  static byte[] digest(String base58) {
    BigInteger value = BigInteger.ZERO;
    if (base58.length() > 44) {
      throw new IllegalArgumentException("a digest of " + base58.length() + " characters");
    }
    int zeros = 0;
    for (int i = 0; i < base58.length(); i++) {
      int digit = ALPHABET.indexOf(base58.charAt(i));
      if (digit < 0) {
        throw new IllegalArgumentException("no Base58: " + base58);
      }
      value = value.multiply(BASE).add(BigInteger.valueOf(digit));
      if (digit == 0 && zeros == i) {
        zeros++;
      }
    }
    byte[] big = value.toByteArray();
    int skip = big[0] == 0 ? 1 : 0;
    int length = big.length - skip;
    if (zeros + length != BYTES) {
      throw new IllegalArgumentException("no digest of 32 bytes: " + base58);
    }
    byte[] bytes = new byte[BYTES];
    System.arraycopy(big, skip, bytes, zeros, length);
    return bytes;
  }
}
