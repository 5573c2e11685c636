package org.choir.economy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import org.choir.core.CanonicalJson;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Json;
import org.choir.database.Database;

/**
 * Lets an act happen that its user has signed: once, with exactly the arguments that were signed,
 * and by a key that is that user's. Thread-safe.
 */
public final class Intents {
  /** How far ahead an intent may expire, so that nobody signs cheques without a date. */
  static final Duration AHEAD_MAX = Duration.ofHours(24);

  private static final int KEY_BYTES = 32;

  /** What stands before the bytes of such a key in the form that Java reads (RFC 8410). */
  private static final byte[] X509_HEAD = HexFormat.of().parseHex("302a300506032b6570032100");

  private final Database database;
  private final UserKeys keys;
  private final InstantSource clock;

  /** Over a database whose room {@code economy} is migrated. */
  public Intents(Database database, UserKeys keys, InstantSource clock) {
    this.database = database;
    this.keys = keys;
    this.clock = clock;
  }

  /** Does what was signed; called again with the same key after a crash, it must do it once. */
  @FunctionalInterface
  public interface Act {
    /**
     * Does it.
     *
     * @param key the same for each retry of this intent
     * @return what names the result, such as the id of a vote
     */
    String run(String key);
  }

  /**
   * What came of an intent.
   *
   * @param reference what the act returned
   * @param repeated whether it had been done before, and nothing was done now
   */
  public record Done(String reference, boolean repeated) {}

  private record Row(String digest, Optional<String> reference) {}

  /**
   * Verifies an intent and does the act, unless it was done; the very same intent again is answered
   * with the first result. An act that throws leaves the nonce used and may be tried again with the
   * same intent.
   *
   * @param arguments with which the act will really be done; must be what was signed
   * @throws ChoirException {@code intent_other_arguments}, {@code intent_foreign}, {@code
   *     intent_wrong}, {@code intent_key_lost}, {@code intent_expired}, {@code intent_too_long},
   *     {@code intent_replayed}
   */
  public Done perform(SignedIntent intent, SignedIntent.Kind kind, ObjectNode arguments, Act act) {
    verify(intent, kind, arguments);
    Row row = row(intent).orElseGet(() -> accept(intent));
    if (!row.digest().equals(intent.digest().hex())) {
      throw refused(
          "intent_replayed",
          "the nonce " + intent.nonce() + " was used for something else",
          "sign with a new nonce");
    }
    if (row.reference().isPresent()) {
      return new Done(row.reference().get(), true);
    }
    String reference = act.run("intent:" + intent.user() + ":" + intent.nonce());
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.intent set reference = ? where owner = ? and nonce = ?"
                    + " and reference is null",
                reference,
                intent.user().value(),
                intent.nonce()));
    return new Done(reference, false);
  }

  private void verify(SignedIntent intent, SignedIntent.Kind kind, ObjectNode arguments) {
    if (intent.kind() != kind
        || !CanonicalJson.text(intent.body()).equals(CanonicalJson.text(arguments))) {
      throw refused(
          "intent_other_arguments",
          "what was signed is not what is asked for",
          "sign exactly what shall be done");
    }
    UserKeys.UserKey key =
        keys.of(intent.user()).stream()
            .filter(k -> id(k).equals(intent.keyId()))
            .findFirst()
            .orElseThrow(
                () ->
                    refused(
                        "intent_foreign",
                        "the key "
                            + org.choir.core.Text.visible(intent.keyId(), 20)
                            + " is none of "
                            + intent.user()
                            + "'s",
                        "sign with your own key; see: choir vm key"));
    if (!verifies(key, intent)) {
      throw refused("intent_wrong", "the signature is not over this intent", "sign it anew");
    }
    if (!key.active() && row(intent).isEmpty()) {
      throw refused(
          "intent_key_lost",
          "the key " + intent.keyId() + " was given up",
          "sign with the new key");
    }
  }

  private static String id(UserKeys.UserKey key) {
    return SignedIntent.keyId(Base64.getDecoder().decode(key.base64()));
  }

  private static boolean verifies(UserKeys.UserKey key, SignedIntent intent) {
    byte[] encoded = Arrays.copyOf(X509_HEAD, X509_HEAD.length + KEY_BYTES);
    byte[] raw = Base64.getDecoder().decode(key.base64());
    if (raw.length != KEY_BYTES) {
      return false;
    }
    System.arraycopy(raw, 0, encoded, X509_HEAD.length, KEY_BYTES);
    try {
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(
          KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
      verifier.update(intent.signedBytes());
      return verifier.verify(intent.signature());
    } catch (GeneralSecurityException e) {
      return false; // not even the form of a key or of a signature
    }
  }

  private Row accept(SignedIntent intent) {
    Instant now = clock.instant();
    if (!now.isBefore(intent.expires())) {
      throw refused("intent_expired", "the intent expired at " + intent.expires(), "sign it anew");
    }
    if (intent.expires().isAfter(now.plus(AHEAD_MAX))) {
      throw refused(
          "intent_too_long",
          "the intent expires at " + intent.expires(),
          "let it expire within " + AHEAD_MAX.toHours() + " hours");
    }
    database.transaction(
        c ->
            Rows.update(
                c,
                "insert into economy.intent (owner, nonce, kind, digest, signer, body, signature,"
                    + " at) values (?, ?, ?, ?, ?, ?::jsonb, ?, ?) on conflict do nothing",
                intent.user().value(),
                intent.nonce(),
                intent.kind().word(),
                intent.digest().hex(),
                intent.keyId(),
                Json.write(intent.body()),
                intent.signature(),
                now));
    return row(intent).orElseThrow();
  }

  private Optional<Row> row(SignedIntent intent) {
    return database.transaction(
        c ->
            Rows.first(
                c,
                "select digest, reference from economy.intent where owner = ? and nonce = ?",
                row ->
                    new Row(
                        row.getString("digest"), Optional.ofNullable(row.getString("reference"))),
                intent.user().value(),
                intent.nonce()));
  }

  private static ChoirException refused(String code, String message, String remedy) {
    return new ChoirException(new Failure(code, message, remedy, ExitStatus.FAILED, false));
  }
}
