package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HexFormat;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.economy.Intents;
import org.choir.economy.SignedIntent;
import org.choir.sandbox.Signers;
import org.choir.sandbox.Signing;

/**
 * Acts that a person's key stands for: the intent is written down with its exact arguments, signed
 * in the person's own signer VM, and done only if that signature is good. The server never holds
 * the key.
 */
final class SignedActs {
  private static final Duration VALID = Duration.ofMinutes(5);
  private static final int NONCE_BYTES = 24;

  private final Signers signers;
  private final EconomyRoom economy;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();

  SignedActs(Signers signers, EconomyRoom economy, InstantSource clock) {
    this.signers = signers;
    this.economy = economy;
    this.clock = clock;
  }

  /**
   * Lets the user's signer sign, then does it.
   *
   * @param arguments with which it is done
   * @throws org.choir.core.ChoirException if the signer does not sign, what the intent's check
   *     refuses, or what the act throws
   */
  Intents.Done perform(
      TenantId user, SignedIntent.Kind kind, ObjectNode arguments, Intents.Act act) {
    return economy.services().intents().perform(sign(user, kind, arguments), kind, arguments, act);
  }

  private SignedIntent sign(TenantId user, SignedIntent.Kind kind, ObjectNode arguments) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    String written = Base64.getUrlEncoder().withoutPadding().encodeToString(nonce);
    Instant expires = clock.instant().plus(VALID).truncatedTo(ChronoUnit.MILLIS);
    Digest digest = Digest.of(SignedIntent.document(kind, user, arguments, written, expires));
    Signers.Signed signed =
        signers.sign(
            new Signing(
                user,
                Signing.PERSON,
                Signing.PERSON + ":" + digest.prefix(16) + ":0",
                kind.context(),
                Signing.Form.SHA256,
                HexFormat.of().parseHex(digest.hex())));
    String key = SignedIntent.keyId(Base64.getDecoder().decode(signed.key().base64()));
    return new SignedIntent(kind, user, arguments, written, expires, key, signed.signature());
  }
}
