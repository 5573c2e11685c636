package org.choir.keys;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The form of long ciphertexts: a header with a key of the stream's own, sealed under the tenant's
 * data key, then pieces under AES-256-GCM. A piece's nonce is its number and whether it is the last
 * (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015): nothing can be
 * changed, left out, put elsewhere, cut off or added. The key is used for one stream only, so no
 * nonce comes twice. Memory is bounded by one piece.
 *
 * <p>{@code "choir.sealed/1\n" | u16 n | key id | 12 bytes nonce | u16 n | sealed key}, then for
 * each piece {@code u32 n | ciphertext and tag}; all but the last hold {@link #PIECE_BYTES} of
 * plaintext.
 */
final class SealedStreams {
  static final byte[] MAGIC = "choir.sealed/1\n".getBytes(StandardCharsets.US_ASCII);
  static final int PIECE_BYTES = 1 << 20;
  static final int TAG_BYTES = 16;

  private SealedStreams() {}

  static SecretKey key(byte[] bytes) {
    return new SecretKeySpec(bytes, "AES");
  }

  /** What the stream's key is bound to: what the stream is, in the caller's words. */
  static byte[] context(byte[] what) {
    byte[] kind = "choir stream key\n".getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(kind.length + what.length).put(kind).put(what).array();
  }

  /**
   * One piece, sealed or opened.
   *
   * @throws AEADBadTagException if it is not that piece
   */
  static byte[] piece(int mode, SecretKey key, long number, boolean last, byte[] bytes, int length)
      throws AEADBadTagException {
    byte[] nonce =
        ByteBuffer.allocate(AesGcm.NONCE_BYTES).putInt(last ? 1 : 0).putLong(number).array();
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, key, new GCMParameterSpec(TAG_BYTES * 8, nonce));
      return cipher.doFinal(bytes, 0, length);
    } catch (AEADBadTagException e) {
      throw e;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-256-GCM does not work on this Java platform", e);
    }
  }
}
