package org.choir.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.PrivateFiles;
import org.choir.keys.Sealed;

/**
 * The Ed25519 key that signs one log's checkpoints and anchors, or a witness's cosignatures. On
 * disk it lies wrapped under the tenant's data key, bound to its origin and public key, and never
 * in clear.
 */
public final class LogKey {
  private final PrivateKey secret;
  private final NoteKey shown;

  private LogKey(PrivateKey secret, NoteKey shown) {
    this.secret = secret;
    this.shown = shown;
  }

  /** A fresh key of a log, held in memory only. */
  public static LogKey generate(String origin, SecureRandom random) {
    return generate(origin, NoteKey.ED25519, random);
  }

  /** A fresh key of a witness, held in memory only. */
  static LogKey witness(String name, SecureRandom random) {
    return generate(name, NoteKey.COSIGNATURE, random);
  }

  private static LogKey generate(String name, byte type, SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
      generator.initialize(NamedParameterSpec.ED25519, random);
      KeyPair pair = generator.generateKeyPair();
      byte[] encoded = pair.getPublic().getEncoded();
      byte[] raw = Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
      return new LogKey(pair.getPrivate(), new NoteKey(name, type, raw));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has Ed25519", e);
    }
  }

  /**
   * The key in this file; where there is none, a fresh one is made and kept there.
   *
   * @throws LogException {@code log_key_unreadable} if the file is another log's or was changed
   */
  public static LogKey open(
      Path file, TenantId tenant, String origin, DataKeys keys, SecureRandom random) {
    try {
      if (!Files.exists(file)) {
        LogKey fresh = generate(origin, random);
        fresh.store(file, tenant, keys);
        return fresh;
      }
      var json = Json.parseObject(Files.readString(file));
      NoteKey shown = NoteKey.parse(json.path("vkey").asText());
      if (!shown.name().equals(origin)) {
        throw LogException.untrusted(
            "log_key_unreadable",
            "the key in " + file + " is of log " + shown.name() + ", not of " + origin,
            "put back the file that belongs there");
      }
      Base64.Decoder base64 = Base64.getDecoder();
      Sealed sealed =
          new Sealed(
              json.path("kid").asText(),
              base64.decode(json.path("iv").asText()),
              base64.decode(json.path("ct").asText()));
      byte[] secret = keys.open(tenant, sealed, bound(shown));
      try {
        return new LogKey(
            KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(secret)),
            shown);
      } finally {
        Arrays.fill(secret, (byte) 0);
      }
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      throw LogException.untrusted(
          "log_key_unreadable",
          "the key in " + file + " cannot be read: " + e.getMessage(),
          "put back the file from a backup",
          e);
    }
  }

  private void store(Path file, TenantId tenant, DataKeys keys) throws IOException {
    byte[] encoded = secret.getEncoded();
    Sealed sealed = keys.seal(tenant, encoded, bound(shown));
    Arrays.fill(encoded, (byte) 0);
    Base64.Encoder base64 = Base64.getEncoder();
    var json =
        Json.object()
            .put("vkey", shown.vkey())
            .put("kid", sealed.kid())
            .put("iv", base64.encodeToString(sealed.iv()))
            .put("ct", base64.encodeToString(sealed.ct()));
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      PrivateFiles.folder(folder);
    }
    PrivateFiles.write(file, Json.pretty(json).getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] bound(NoteKey shown) {
    return ("choir log key\n" + shown.vkey()).getBytes(StandardCharsets.UTF_8);
  }

  /** The public half. */
  public NoteKey shown() {
    return shown;
  }

  /** The text with this key's signature, as a note. */
  String sign(String text) {
    return new Note(text, List.of(signature(text, 0))).format();
  }

  /**
   * A signature line over the text.
   *
   * @param seconds since 1970, which a cosignature states; a log's signature has no time
   */
  Note.Signature signature(String text, long seconds) {
    if (!shown.isWitness()) {
      return new Note.Signature(shown.name(), shown.id(), ed25519(text));
    }
    byte[] signature = ed25519(NoteKey.cosigned(seconds, text));
    byte[] timed = ByteBuffer.allocate(8 + 64).putLong(seconds).put(signature).array();
    return new Note.Signature(shown.name(), shown.id(), timed);
  }

  private byte[] ed25519(String message) {
    try {
      Signature signer = Signature.getInstance("Ed25519");
      signer.initSign(secret);
      signer.update(message.getBytes(StandardCharsets.UTF_8));
      return signer.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("an Ed25519 key signs", e);
    }
  }

  @Override
  public String toString() {
    return "LogKey[" + shown.vkey() + "]";
  }
}
