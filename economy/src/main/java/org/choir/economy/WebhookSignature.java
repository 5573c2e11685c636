package org.choir.economy;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The rule by which a webhook proves who sent it: {@code t=<seconds>,v1=<hex>,...}, each v1 an
 * HMAC-SHA-256 of {@code <seconds>.<body>} under a secret that both sides hold. While a secret is
 * being changed there are two secrets here, and several v1 in the header. Stripe's scheme.
 */
public final class WebhookSignature {
  private static final int HEADER_MAX = 4_000;
  private static final int SIGNATURES_MAX = 16;

  private WebhookSignature() {}

  /** A secret that webhooks are signed with; {@link #toString} never shows it. */
  public static final class Secret {
    private final byte[] bytes;

    public Secret(String secret) {
      if (secret.isBlank() || secret.length() > 500) {
        throw org.choir.core.ChoirException.usage(
            "bad_webhook_secret", "the secret for webhooks is empty or too long", "copy it anew");
      }
      this.bytes = secret.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return "a webhook secret";
    }
  }

  /** What a signature is worth. */
  public enum Verdict {
    GOOD,
    /** No header of this form. */
    MALFORMED,
    /** Signed by nobody we know, or another body. */
    WRONG,
    /** Right, but signed too long ago or in the future: perhaps recorded and sent again. */
    STALE
  }

  /**
   * Judges a signature.
   *
   * @param header the header {@code Stripe-Signature}
   * @param tolerance how far the signing time may be from now, either way
   */
  public static Verdict judge(
      byte[] body, String header, List<Secret> secrets, Instant now, Duration tolerance) {
    if (header.length() > HEADER_MAX) {
      return Verdict.MALFORMED;
    }
    String time = "";
    List<byte[]> signatures = new ArrayList<>();
    for (String part : header.split(",", -1)) {
      int equals = part.indexOf('=');
      String name = equals < 0 ? "" : part.substring(0, equals).strip();
      String value = part.substring(equals + 1).strip();
      if (name.equals("t")) {
        if (!time.isEmpty() || !value.matches("[0-9]{1,12}")) {
          return Verdict.MALFORMED;
        }
        time = value;
      } else if (name.equals("v1") && value.matches("[0-9a-f]{64}")) {
        signatures.add(HexFormat.of().parseHex(value));
      }
    }
    if (time.isEmpty() || signatures.isEmpty() || signatures.size() > SIGNATURES_MAX) {
      return Verdict.MALFORMED;
    }
    boolean good = false;
    for (Secret secret : secrets) {
      byte[] expected = hmac(secret, time, body);
      for (byte[] signature : signatures) {
        // No early way out: how long it takes tells nothing about which one was nearly right.
        good |= MessageDigest.isEqual(expected, signature);
      }
    }
    if (!good) {
      return Verdict.WRONG;
    }
    Duration age = Duration.between(Instant.ofEpochSecond(Long.parseLong(time)), now).abs();
    return age.compareTo(tolerance) > 0 ? Verdict.STALE : Verdict.GOOD;
  }

  /** The header of a body that is signed now, with each of the secrets. */
  public static String header(byte[] body, List<Secret> secrets, Instant now) {
    String time = String.valueOf(now.getEpochSecond());
    StringBuilder header = new StringBuilder("t=").append(time);
    for (Secret secret : secrets) {
      header.append(",v1=").append(HexFormat.of().formatHex(hmac(secret, time, body)));
    }
    return header.toString();
  }

  private static byte[] hmac(Secret secret, String time, byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.bytes, "HmacSHA256"));
      mac.update((time + ".").getBytes(StandardCharsets.UTF_8));
      return mac.doFinal(body);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }
}
