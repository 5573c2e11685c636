package org.choir.sandbox;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.KeyAgreement;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * A message that one process of a guest can open, once: ECDH over P-256 with a fresh key on both
 * sides, HKDF-SHA-256, AES-256-GCM. The guest's port buffers and its agent's memory see ciphertext,
 * so a snapshot of its memory holds no secret that travelled this way.
 */
final class KeeperBox {
  private static final String CURVE = "secp256r1";
  private static final byte[] LABEL = "choir keeper box 1".getBytes(StandardCharsets.UTF_8);
  private static final int COORDINATE_BYTES = 32;

  /** An uncompressed point: 4, x, y. */
  static final int POINT_BYTES = 1 + 2 * COORDINATE_BYTES;

  private KeeperBox() {}

  /**
   * The host's public key and the ciphertext.
   *
   * @throws IllegalArgumentException if the guest's key is no point of the curve
   */
  static byte[] seal(byte[] guestPublic, byte[] plain) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(CURVE));
      KeyPair mine = generator.generateKeyPair();
      byte[] minePublic = encode(((ECPublicKey) mine.getPublic()).getW());
      KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
      agreement.init(mine.getPrivate());
      agreement.doPhase(decode(guestPublic), true);
      byte[] shared = agreement.generateSecret();
      SecretKey key =
          KDF.getInstance("HKDF-SHA256")
              .deriveKey(
                  "AES",
                  HKDFParameterSpec.ofExtract()
                      .addIKM(shared)
                      .thenExpand(concat(LABEL, guestPublic, minePublic), 32));
      Arrays.fill(shared, (byte) 0);
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      // The key is used for this one message, so a constant nonce is never used twice with it.
      cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(128, new byte[12]));
      return concat(minePublic, cipher.doFinal(plain));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("not a public key of a keeper", e);
    }
  }

  private static PublicKey decode(byte[] point) throws GeneralSecurityException {
    if (point.length != POINT_BYTES || point[0] != 4) {
      throw new GeneralSecurityException("no uncompressed point");
    }
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec(CURVE));
    ECPoint w =
        new ECPoint(
            new BigInteger(1, Arrays.copyOfRange(point, 1, 1 + COORDINATE_BYTES)),
            new BigInteger(1, Arrays.copyOfRange(point, 1 + COORDINATE_BYTES, POINT_BYTES)));
    return KeyFactory.getInstance("EC")
        .generatePublic(new ECPublicKeySpec(w, parameters.getParameterSpec(ECParameterSpec.class)));
  }

  private static byte[] encode(ECPoint point) {
    byte[] out = new byte[POINT_BYTES];
    out[0] = 4;
    put(point.getAffineX(), out, 1 + COORDINATE_BYTES);
    put(point.getAffineY(), out, POINT_BYTES);
    return out;
  }

  /** Writes a coordinate so that it ends before {@code end}. */
  private static void put(BigInteger value, byte[] out, int end) {
    byte[] bytes = value.toByteArray(); // may begin with one zero for the sign
    int n = Math.min(bytes.length, COORDINATE_BYTES);
    System.arraycopy(bytes, bytes.length - n, out, end - n, n);
  }

  private static byte[] concat(byte[]... parts) {
    int total = 0;
    for (byte[] part : parts) {
      total += part.length;
    }
    byte[] all = new byte[total];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
