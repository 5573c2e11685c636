package org.choir.backbone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.Sealed;

/**
 * The one form of a message in NATS: {@code {schema, id, tenant, at, type, data, trace}}, where
 * {@code data} is {@code {kid, iv, ct}} under the tenant's data key, authenticated with the subject
 * and the message id, so that a message moved elsewhere does not open.
 *
 * @param id the message id
 * @param type what the data is: {@code step} in state, {@code control} in control messages
 */
record Envelope(String id, TenantId tenant, Instant at, String type, Sealed data) {
  static final int SCHEMA = 1;

  static Envelope seal(
      DataKeys keys,
      TenantId tenant,
      String subject,
      String id,
      Instant at,
      String type,
      byte[] plain) {
    return new Envelope(id, tenant, at, type, keys.seal(tenant, plain, context(subject, id)));
  }

  /** The plaintext; {@code not_authentic} if this is not what was sealed for this subject. */
  byte[] open(DataKeys keys, String subject) {
    return keys.open(tenant, data, context(subject, id));
  }

  private static byte[] context(String subject, String id) {
    return (subject + "\n" + id).getBytes(StandardCharsets.UTF_8);
  }

  byte[] bytes() {
    ObjectNode json = Json.object();
    json.put("schema", SCHEMA);
    json.put("id", id);
    json.put("tenant", tenant.value());
    json.put("at", at.toString());
    json.put("type", type);
    ObjectNode sealed = json.putObject("data");
    sealed.put("kid", data.kid());
    sealed.put("iv", Base64.getEncoder().encodeToString(data.iv()));
    sealed.put("ct", Base64.getEncoder().encodeToString(data.ct()));
    json.put("trace", "");
    return Json.write(json).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a message's body.
   *
   * @throws ChoirException {@code newer_schema}, or {@code bad_envelope} for anything that is none
   */
  static Envelope parse(byte[] body) {
    try {
      JsonNode json = Json.parse(body);
      requireKnown(json.path("schema").asInt(0));
      JsonNode sealed = json.required("data");
      Base64.Decoder base64 = Base64.getDecoder();
      return new Envelope(
          json.required("id").asText(),
          new TenantId(json.required("tenant").asText()),
          Instant.parse(json.required("at").asText()),
          json.required("type").asText(),
          new Sealed(
              sealed.required("kid").asText(),
              base64.decode(sealed.required("iv").asText()),
              base64.decode(sealed.required("ct").asText())));
    } catch (IllegalArgumentException | DateTimeException e) {
      throw bad(e);
    } catch (ChoirException e) {
      throw e.code().equals("newer_schema") ? e : bad(e);
    }
  }

  /** Refuses what a newer Choir wrote: guessing at its meaning could repeat or lose a step. */
  static void requireKnown(int schema) {
    if (schema > SCHEMA) {
      throw ChoirException.fatal(
          "newer_schema",
          "a newer Choir wrote this (schema " + schema + ", this one reads up to " + SCHEMA + ")",
          "use the Choir that wrote it, or a newer one");
    }
  }

  private static ChoirException bad(Exception cause) {
    return ChoirException.fatal(
        "bad_envelope",
        "a stored message is not one that Choir wrote",
        "restore a backup: choir restore FILE",
        cause);
  }
}
