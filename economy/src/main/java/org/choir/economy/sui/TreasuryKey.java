package org.choir.economy.sui;

import java.security.PrivateKey;
import java.util.Arrays;
import java.util.Locale;
import org.choir.core.ChoirException;
import org.choir.economy.ChainSigner;

/**
 * The platform's own key on Sui: it pays from the treasury and pays the gas for others. It is read
 * where the process is wired, from the form that Sui's own tools export, {@code suiprivkey1...}
 * (Bech32, BIP 173, over the scheme's flag and the 32-byte seed), and shown to nobody.
 */
public final class TreasuryKey implements ChainSigner {
  private static final String PREFIX = "suiprivkey";
  private static final String ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  private static final int CHECKSUM = 6;
  private static final int[] GENERATOR = {
    0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3
  };

  private final PrivateKey key;
  private final byte[] publicKey;

  private TreasuryKey(byte[] seed) {
    this.key = Ed25519.privateKey(seed);
    this.publicKey = Ed25519.publicKey(seed);
  }

  /** The key of a 32-byte seed. */
  static TreasuryKey ofSeed(byte[] seed) {
    return new TreasuryKey(seed);
  }

  /**
   * Reads {@code suiprivkey1...}.
   *
   * @throws ChoirException {@code bad_sui_key}, without what was given
   */
  public static TreasuryKey parse(String exported) {
    String text = exported.strip();
    int separator = text.lastIndexOf('1');
    String data = text.substring(separator + 1).toLowerCase(Locale.ROOT);
    if (separator < 0
        || !text.substring(0, separator).toLowerCase(Locale.ROOT).equals(PREFIX)
        || data.length() < CHECKSUM) {
      throw bad("does not begin with " + PREFIX + "1");
    }
    int[] fives = data.chars().map(ALPHABET::indexOf).toArray();
    if (Arrays.stream(fives).anyMatch(five -> five < 0) || checksum(fives) != 1) {
      throw bad("has an error in writing: its checksum is wrong");
    }
    byte[] bytes = new byte[(fives.length - CHECKSUM) * 5 / 8];
    int held = 0;
    int bits = 0;
    int at = 0;
    for (int i = 0; i < fives.length - CHECKSUM; i++) {
      held = (held << 5 | fives[i]) & 0xfff;
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        bytes[at++] = (byte) (held >>> bits);
      }
    }
    if (bytes.length != 1 + Ed25519.KEY_BYTES || bytes[0] != SuiAddress.ED25519) {
      throw bad("is no Ed25519 key");
    }
    return new TreasuryKey(Arrays.copyOfRange(bytes, 1, bytes.length));
  }

  /** 1 if data and prefix agree (BIP 173). */
  private static int checksum(int[] data) {
    int sum = 1;
    for (int i = 0; i < PREFIX.length(); i++) {
      sum = step(sum, PREFIX.charAt(i) >>> 5);
    }
    sum = step(sum, 0);
    for (int i = 0; i < PREFIX.length(); i++) {
      sum = step(sum, PREFIX.charAt(i) & 31);
    }
    for (int five : data) {
      sum = step(sum, five);
    }
    return sum;
  }

  private static int step(int sum, int value) {
    int next = (sum & 0x1ffffff) << 5 ^ value;
    for (int i = 0; i < GENERATOR.length; i++) {
      if ((sum >>> (25 + i) & 1) == 1) {
        next ^= GENERATOR[i];
      }
    }
    return next;
  }

  private static ChoirException bad(String why) {
    return ChoirException.usage(
        "bad_sui_key",
        "the treasury's key for Sui " + why,
        "export it with Sui's own tool and set it as it is");
  }

  @Override
  public byte[] publicKey() {
    return publicKey.clone();
  }

  @Override
  public byte[] sign(byte[] digest) {
    return Ed25519.sign(key, digest);
  }

  /** The address of the account, and nothing of the key. */
  @Override
  public String toString() {
    return "the key of " + SuiAddress.ofKey(publicKey);
  }
}
