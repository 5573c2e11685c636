package org.choir.economy.stripe;

import com.stripe.exception.ApiConnectionException;
import com.stripe.exception.AuthenticationException;
import com.stripe.exception.IdempotencyException;
import com.stripe.exception.PermissionException;
import com.stripe.exception.RateLimitException;
import com.stripe.exception.StripeException;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/**
 * What Stripe's refusals mean. Its words are quoted, cut and on one line, except after a refused
 * key, of which they show a part.
 */
final class StripeFailures {
  private static final int QUOTE_MAX = 200;

  private StripeFailures() {}

  static ChoirException of(StripeException e) {
    String code = e.getCode() == null ? "" : e.getCode();
    int status = e.getStatusCode() == null ? 0 : e.getStatusCode();
    if (e instanceof ApiConnectionException) {
      return ChoirException.retryable(
          "payments_unavailable",
          "Stripe does not answer: " + Text.visible(String.valueOf(e.getMessage()), QUOTE_MAX),
          "try again; nothing is done twice",
          e);
    }
    if (e instanceof AuthenticationException || e instanceof PermissionException) {
      return ChoirException.fatal(
          "payments_unauthorized",
          "Stripe refuses the key (HTTP " + status + ")",
          "check STRIPE_API_KEY");
    }
    if (e instanceof IdempotencyException && status != 409) {
      return ChoirException.fatal(
          "payments_key_reused",
          "Stripe was asked for something else with this key before: " + words(e),
          "begin anew",
          e);
    }
    if (e instanceof RateLimitException || status == 429 || status == 409 || busy(code)) {
      return ChoirException.retryable(
          "payments_busy", "Stripe is busy: " + words(e), "try again in a moment", e);
    }
    if (status >= 500 || status == 0) {
      return ChoirException.retryable(
          "payments_unavailable",
          "Stripe answers HTTP " + status,
          "try again; nothing is done twice",
          e);
    }
    if (code.equals("balance_insufficient") || code.equals("insufficient_funds")) {
      return ChoirException.retryable(
          "payments_short",
          "the platform's balance at Stripe is too small for now",
          "it is tried again; an operator can add funds at Stripe",
          e);
    }
    return ChoirException.fatal(
        "payments_refused",
        "Stripe refuses (HTTP " + status + (code.isEmpty() ? "" : ", " + code) + "): " + words(e),
        "",
        e);
  }

  private static boolean busy(String code) {
    return code.equals("lock_timeout") || code.equals("rate_limit");
  }

  private static String words(StripeException e) {
    return Text.visible(e.getUserMessage() == null ? "" : e.getUserMessage(), QUOTE_MAX);
  }
}
