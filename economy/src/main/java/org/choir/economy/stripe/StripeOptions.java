package org.choir.economy.stripe;

import java.net.URI;
import java.time.Duration;
import org.choir.core.ChoirException;

/**
 * How Stripe is reached.
 *
 * @param base Stripe's address, or that of a {@link StripeSandbox}
 * @param deadline of one request, from its first byte to the answer's last
 * @param retries how often a request that may pass is repeated at once, with its own key
 */
public record StripeOptions(Key key, URI base, Duration deadline, int retries) {
  /** Stripe itself. */
  public static final URI STRIPE = URI.create("https://api.stripe.com");

  /** A secret key; {@link #toString} never shows it. */
  public static final class Key {
    private final String secret;

    private Key(String secret) {
      this.secret = secret;
    }

    String secret() {
      return secret;
    }

    /** Whether it moves real money. */
    public boolean live() {
      return !secret.startsWith("sk_test_") && !secret.startsWith("rk_test_");
    }

    @Override
    public String toString() {
      return live() ? "a live key" : "a test key";
    }
  }

  public StripeOptions {
    String host = base.getHost() == null ? "" : base.getHost();
    boolean loopback = host.equals("127.0.0.1") || host.equals("localhost") || host.equals("[::1]");
    if (!"https".equals(base.getScheme()) && !("http".equals(base.getScheme()) && loopback)) {
      throw ChoirException.usage(
          "bad_stripe_address",
          "Stripe is reached with https, not at " + base,
          "set STRIPE_BASE_URL to an https address, or to a sandbox on this machine");
    }
    if (retries < 0 || retries > 5 || deadline.isNegative() || deadline.isZero()) {
      throw new IllegalArgumentException(retries + " retries within " + deadline);
    }
  }

  /** Stripe with this key and patience of 30 s. */
  public static StripeOptions of(Key key) {
    return new StripeOptions(key, STRIPE, Duration.ofSeconds(30), 2);
  }

  /** The same at another address. */
  public StripeOptions at(URI address) {
    return new StripeOptions(key, address, deadline, retries);
  }

  /**
   * Reads a secret key.
   *
   * @param liveAllowed whether a key that moves real money is taken
   * @throws ChoirException {@code bad_stripe_key}, {@code live_key_refused}
   */
  public static Key key(String secret, boolean liveAllowed) {
    if (!secret.matches("(sk|rk)_(test|live)_[A-Za-z0-9_]{8,250}")) {
      throw ChoirException.usage(
          "bad_stripe_key",
          "STRIPE_API_KEY is not a secret key of Stripe",
          "it begins with sk_test_ or rk_test_");
    }
    Key key = new Key(secret);
    if (key.live() && !liveAllowed) {
      throw ChoirException.usage(
          "live_key_refused",
          "STRIPE_API_KEY moves real money, which is not configured",
          "use a key that begins with sk_test_, or allow it: payments.live: true");
    }
    return key;
  }
}
