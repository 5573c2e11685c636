package org.choir.backbone;

import io.nats.client.AuthHandler;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/**
 * A NATS user's Ed25519 key pair. The client library's own class does the same with Bouncy Castle,
 * whose loading takes over a second of every start; the JDK has the algorithm.
 *
 * @param name the public half as nats-server writes it: base32 of a type byte, the key and its
 *     CRC-16
 * @param secret the private half
 */
record Nkey(String name, PrivateKey secret) {
  private static final int RAW_BYTES = 32;
  private static final byte USER = (byte) (20 << 3); // makes the first letter a U
  private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  static Nkey create() {
    try {
      KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      // X.509 form: a fixed head, then the 32 bytes of the key itself (RFC 8410).
      byte[] encoded = pair.getPublic().getEncoded();
      ByteBuffer raw = ByteBuffer.wrap(encoded, encoded.length - RAW_BYTES, RAW_BYTES);
      return new Nkey(encode(raw), pair.getPrivate());
    } catch (NoSuchAlgorithmException e) {
      throw noEd25519(e);
    }
  }

  /**
   * Reads what {@link #secretText} and {@link #name} gave.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static Nkey read(String name, String secretText) {
    try {
      if (!name.matches("U[A-Z2-7]{55}")) {
        throw new IllegalArgumentException("not the public half of an nkey");
      }
      byte[] encoded = Base64.getDecoder().decode(secretText);
      return new Nkey(
          name,
          KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(encoded)));
    } catch (NoSuchAlgorithmException e) {
      throw noEd25519(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("not the private half of an nkey", e);
    }
  }

  /** The private half, base64 of its PKCS 8 form. */
  String secretText() {
    return Base64.getEncoder().encodeToString(secret.getEncoded());
  }

  /** Signs in to nats-server with this key. */
  AuthHandler signingIn() {
    return new AuthHandler() {
      @Override
      public byte[] sign(byte[] nonce) {
        try {
          Signature signature = Signature.getInstance("Ed25519");
          signature.initSign(secret);
          signature.update(nonce);
          return signature.sign();
        } catch (GeneralSecurityException e) {
          throw noEd25519(e);
        }
      }

      @Override
      public char[] getID() {
        return name.toCharArray();
      }

      @Override
      @SuppressWarnings("NullAway") // the library asks for null where there is no token
      public char[] getJWT() {
        return null;
      }
    };
  }

  /** Names the public half only. */
  @Override
  public String toString() {
    return name;
  }

  private static String encode(ByteBuffer raw) {
    ByteBuffer all = ByteBuffer.allocate(1 + RAW_BYTES + 2).order(ByteOrder.LITTLE_ENDIAN);
    all.put(USER).put(raw);
    all.putShort(crc16(all.array(), 1 + RAW_BYTES));
    StringBuilder out = new StringBuilder();
    int bits = 0;
    int count = 0;
    for (byte each : all.array()) {
      bits = bits << 8 | (each & 0xff);
      count += 8;
      while (count >= 5) {
        count -= 5;
        out.append(BASE32.charAt(bits >> count & 31));
      }
      bits &= (1 << count) - 1;
    }
    // 35 bytes are exactly 56 letters.
    return out.toString();
  }

  /** CRC-16/XMODEM: polynomial 0x1021, start 0. */
  private static short crc16(byte[] bytes, int length) {
    int crc = 0;
    for (int i = 0; i < length; i++) {
      crc ^= (bytes[i] & 0xff) << 8;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
      }
      crc &= 0xffff;
    }
    return (short) crc;
  }

  private static IllegalStateException noEd25519(GeneralSecurityException e) {
    return new IllegalStateException("every Java platform from 15 on has Ed25519", e);
  }
}
