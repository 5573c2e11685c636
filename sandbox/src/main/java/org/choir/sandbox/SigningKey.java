package org.choir.sandbox;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;

/**
 * The public half of a user's Ed25519 key (RFC 8032); the private half never leaves the signer.
 *
 * @param base64 the 32 bytes
 * @param madeMillis since 1970
 * @param lostMillis when its private half was found to be gone; 0 while it signs
 */
public record SigningKey(String base64, long madeMillis, long lostMillis) {
  static final int BYTES = 32;

  /** What stands before the bytes of such a key in the form that Java reads (RFC 8410). */
  private static final byte[] X509_HEAD = HexFormat.of().parseHex("302a300506032b6570032100");

  public SigningKey {
    if (Base64.getDecoder().decode(base64).length != BYTES) {
      throw new IllegalArgumentException("not an Ed25519 public key: " + base64);
    }
  }

  /** {@code active}, or {@code lost}: then it made its signatures and makes no more. */
  public String state() {
    return lostMillis == 0 ? "active" : "lost";
  }

  /** Whether this key made the signature over exactly these bytes. */
  public boolean verifies(byte[] signedBytes, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(publicKey());
      verifier.update(signedBytes);
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false; // not even the form of a signature
    }
  }

  private PublicKey publicKey() throws GeneralSecurityException {
    byte[] encoded = java.util.Arrays.copyOf(X509_HEAD, X509_HEAD.length + BYTES);
    System.arraycopy(Base64.getDecoder().decode(base64), 0, encoded, X509_HEAD.length, BYTES);
    return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
  }
}
