package org.choir.economy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;
import org.choir.core.CanonicalJson;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.core.Text;

/**
 * An act that a user wants, signed by that user's key in their own virtual machine. The signature
 * is over the SHA-256 of the canonical document, in the form in which the signer signs a file:
 * {@code choir signature 1}, the context {@code choir/intent/<kind>/1} and the word {@code sha256},
 * each with a line feed, then the 32 bytes. So {@code choir vm sign --context C FILE} over the
 * document makes a valid one.
 *
 * @param body the arguments of the act; amounts are strings, since numbers end at 2^53
 * @param nonce chosen by the user, never used twice: 16 to 64 letters, digits, {@code _ -}
 * @param expires in whole milliseconds; not accepted for the first time after it
 * @param keyId of the signing key, as {@link #keyId}
 * @param signature 64 bytes, Ed25519
 */
public record SignedIntent(
    Kind kind,
    TenantId user,
    ObjectNode body,
    String nonce,
    Instant expires,
    String keyId,
    byte[] signature) {
  private static final String SCHEMA = "choir.intent/1";
  private static final Pattern NONCE = Pattern.compile("[A-Za-z0-9_-]{16,64}");
  private static final int BODY_MAX = 8_000;
  private static final int SIGNATURE_BYTES = 64;

  /** What is wanted. */
  public enum Kind {
    PUBLISH,
    STAKE,
    WITHDRAW,
    VOTE;

    /** As it stands in the document. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** What the signature is for, as the signer knows it. */
    public String context() {
      return "choir/intent/" + word() + "/1";
    }
  }

  public SignedIntent {
    body = body.deepCopy();
    signature = signature.clone();
    if (!NONCE.matcher(nonce).matches() || signature.length != SIGNATURE_BYTES) {
      throw bad("its nonce or its signature has no valid form");
    }
    if (expires.toEpochMilli() < 0
        || !Instant.ofEpochMilli(expires.toEpochMilli()).equals(expires)) {
      throw bad("it expires at no whole millisecond");
    }
    try {
      if (CanonicalJson.text(body).length() > BODY_MAX) {
        throw bad("its body is longer than " + BODY_MAX + " characters");
      }
    } catch (IllegalArgumentException e) {
      throw bad(e.getMessage() == null ? "its body has no canonical form" : e.getMessage());
    }
  }

  private static ChoirException bad(String why) {
    return ChoirException.usage(
        "bad_intent", "this is no signed intent: " + Text.visible(why, 160), "sign it anew");
  }

  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public ObjectNode body() {
    return body.deepCopy();
  }

  /** The document whose digest is signed. */
  public static byte[] document(
      Kind kind, TenantId user, ObjectNode body, String nonce, Instant expires) {
    ObjectNode document =
        Json.object()
            .put("schema", SCHEMA)
            .put("kind", kind.word())
            .put("user", user.value())
            .put("nonce", nonce)
            .put("expires", expires.toEpochMilli());
    document.set("body", body);
    return CanonicalJson.bytes(document);
  }

  /** The digest of the document. */
  public Digest digest() {
    return Digest.of(document(kind, user, body, nonce, expires));
  }

  /** What the signature is over. */
  public byte[] signedBytes() {
    byte[] head =
        ("choir signature 1\n" + kind.context() + "\nsha256\n").getBytes(StandardCharsets.UTF_8);
    byte[] message = HexFormat.of().parseHex(digest().hex());
    byte[] all = java.util.Arrays.copyOf(head, head.length + message.length);
    System.arraycopy(message, 0, all, head.length, message.length);
    return all;
  }

  /** The name of a public key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes. */
  public static String keyId(byte[] publicKey) {
    return Digest.of(publicKey).prefix(16);
  }

  /** As it travels: the document with {@code key} and {@code signature} (base64). */
  public ObjectNode json() {
    ObjectNode json =
        Json.object()
            .put("schema", SCHEMA)
            .put("kind", kind.word())
            .put("user", user.value())
            .put("nonce", nonce)
            .put("expires", expires.toEpochMilli());
    json.set("body", body);
    return json.put("key", keyId).put("signature", Base64.getEncoder().encodeToString(signature));
  }

  /**
   * Reads what {@link #json} wrote.
   *
   * @throws ChoirException {@code bad_intent}
   */
  public static SignedIntent parse(ObjectNode json) {
    if (!json.path("schema").asText().equals(SCHEMA)
        || !(json.path("body") instanceof ObjectNode body)
        || !json.path("expires").isIntegralNumber()) {
      throw bad("it is not of the schema " + SCHEMA);
    }
    for (Kind kind : Kind.values()) {
      if (kind.word().equals(json.path("kind").asText())) {
        return new SignedIntent(
            kind,
            new TenantId(json.path("user").asText()),
            body,
            json.path("nonce").asText(),
            Instant.ofEpochMilli(json.path("expires").asLong()),
            json.path("key").asText(),
            bytes(json.path("signature").asText()));
      }
    }
    throw bad("it wants no known kind of act");
  }

  private static byte[] bytes(String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw bad("its signature is not base64");
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SignedIntent that && json().equals(that.json());
  }

  @Override
  public int hashCode() {
    return json().hashCode();
  }

  @Override
  public String toString() {
    return "intent " + kind.word() + " of " + user + " " + nonce;
  }
}
