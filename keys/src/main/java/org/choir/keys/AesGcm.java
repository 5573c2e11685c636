package org.choir.keys;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/**
 * AES-256-GCM with random 96-bit nonces and 128-bit tags. NIST SP 800-38D, 8.3 allows 2^32 messages
 * under one key with random nonces.
 */
final class AesGcm {
  static final int NONCE_BYTES = 12;
  static final int KEY_BYTES = 32;
  private static final int TAG_BITS = 128;

  private AesGcm() {}

  static Sealed seal(
      SecureRandom random, SecretKey key, String kid, byte[] plain, byte[] associated) {
    byte[] iv = new byte[NONCE_BYTES];
    random.nextBytes(iv);
    try {
      return new Sealed(kid, iv, run(Cipher.ENCRYPT_MODE, key, iv, plain, associated));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-256-GCM cannot encrypt on this Java platform", e);
    }
  }

  /**
   * The plaintext.
   *
   * @throws AEADBadTagException if key, nonce, ciphertext and associated data do not belong
   *     together
   */
  static byte[] open(SecretKey key, Sealed sealed, byte[] associated) throws AEADBadTagException {
    if (sealed.iv().length != NONCE_BYTES || sealed.ct().length < TAG_BITS / 8) {
      throw new AEADBadTagException("not the length of a nonce and a tag");
    }
    try {
      return run(Cipher.DECRYPT_MODE, key, sealed.iv(), sealed.ct(), associated);
    } catch (AEADBadTagException e) {
      throw e;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-256-GCM cannot decrypt on this Java platform", e);
    }
  }

  private static byte[] run(int mode, SecretKey key, byte[] iv, byte[] in, byte[] associated)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, iv));
    cipher.updateAAD(associated);
    return cipher.doFinal(in);
  }
}
