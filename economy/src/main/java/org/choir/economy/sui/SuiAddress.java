package org.choir.economy.sui;

import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/**
 * The address of an account, an object or a package.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record SuiAddress(String hex) {
  static final int BYTES = 32;

  /** The flag of the Ed25519 scheme, before public keys and signatures. */
  static final int ED25519 = 0;

  private static final Pattern WRITTEN = Pattern.compile("0x[0-9a-f]{1,64}");
  private static final Pattern FORM = Pattern.compile("[0-9a-f]{64}");

  public SuiAddress {
    if (!FORM.matcher(hex).matches()) {
      throw new IllegalArgumentException("no address: " + Text.visible(hex, 80));
    }
  }

  static SuiAddress of(byte[] bytes) {
    return new SuiAddress(HexFormat.of().formatHex(bytes));
  }

  /** The account of an Ed25519 public key: the Blake2b-256 of the scheme's flag and the key. */
  public static SuiAddress ofKey(byte[] publicKey) {
    if (publicKey.length != Ed25519.KEY_BYTES) {
      throw new IllegalArgumentException("a public key of " + publicKey.length + " bytes");
    }
    return of(Hashes.blake2b(new byte[] {ED25519}, publicKey));
  }

  /**
   * Reads {@code 0x} and 1 to 64 hexadecimal digits; {@code 0x2} is short for its long form.
   *
   * @throws ChoirException {@code bad_sui_address}
   */
  public static SuiAddress parse(String written) {
    String lower = written.toLowerCase(Locale.ROOT);
    if (!WRITTEN.matcher(lower).matches()) {
      throw ChoirException.usage(
          "bad_sui_address",
          "'" + Text.visible(written, 80) + "' is no address on Sui",
          "write 0x and up to 64 hexadecimal digits");
    }
    String digits = lower.substring(2);
    return new SuiAddress("0".repeat(64 - digits.length()) + digits);
  }

  byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  /** {@code 0x} and all 64 digits. */
  @Override
  public String toString() {
    return "0x" + hex;
  }
}
