package org.choir.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.choir.core.CanonicalJson;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * The personal fields of one event with the salt that hides them. The leaf holds only the {@link
 * #commitment}: HMAC-SHA-256 under the salt over the canonical fields. Without the salt it tells
 * nothing of the fields; with it nobody can open it as other fields.
 *
 * @param salt {@value #SALT_BYTES} random bytes
 * @param fields the personal fields; one that is larger than {@value #FIELD_BYTES_MAX} bytes is
 *     replaced by its digest and size
 */
public record Payload(byte[] salt, ObjectNode fields) {
  static final int SALT_BYTES = 32;
  static final int FIELD_BYTES_MAX = 4 << 20;

  public Payload {
    if (salt.length != SALT_BYTES) {
      throw new IllegalArgumentException("a salt has " + SALT_BYTES + " bytes");
    }
    salt = salt.clone();
  }

  /** A payload of these fields; too large ones by reference. */
  static Payload of(byte[] salt, ObjectNode fields) {
    ObjectNode fitted = Json.object();
    for (Map.Entry<String, com.fasterxml.jackson.databind.JsonNode> field : fields.properties()) {
      byte[] bytes = CanonicalJson.bytes(field.getValue());
      if (bytes.length <= FIELD_BYTES_MAX) {
        fitted.set(field.getKey(), field.getValue());
      } else {
        fitted
            .putObject(field.getKey())
            .put("sha256", Digest.of(bytes).hex())
            .put("bytes", bytes.length);
      }
    }
    return new Payload(salt, fitted);
  }

  /** What the leaf holds of it: 64 hexadecimal digits, and the payload's name in the store. */
  public String commitment() {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(salt, "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(CanonicalJson.bytes(fields)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", e);
    }
  }

  /** Whether this is what a leaf committed to. */
  public boolean opens(String commitment) {
    return MessageDigest.isEqual(
        commitment().getBytes(StandardCharsets.US_ASCII),
        commitment.getBytes(StandardCharsets.UTF_8));
  }

  /** {@code {"salt":hex,"fields":{..}}}: what is sealed, and what an export discloses. */
  ObjectNode json() {
    ObjectNode out = Json.object().put("salt", HexFormat.of().formatHex(salt));
    out.set("fields", fields);
    return out;
  }

  /**
   * Reads {@link #json}.
   *
   * @throws IllegalArgumentException if it is none
   */
  static Payload parse(com.fasterxml.jackson.databind.JsonNode json) {
    if (json.path("fields") instanceof ObjectNode fields) {
      return new Payload(HexFormat.of().parseHex(json.path("salt").asText()), fields);
    }
    throw new IllegalArgumentException("not a payload");
  }

  /** Names no field: payloads are personal. */
  @Override
  public String toString() {
    return "Payload[" + commitment() + "]";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Payload p && Arrays.equals(salt, p.salt) && fields.equals(p.fields);
  }

  @Override
  public int hashCode() {
    return fields.hashCode();
  }
}
