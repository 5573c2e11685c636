package org.choir.model;

import java.util.Map;
import java.util.Optional;
import org.choir.core.ChoirException;

/**
 * A key of the platform itself (never a customer's): read where the process is wired, handed to one
 * adapter, and never shown. It is known by the variable it came from.
 */
public final class PlatformCredential {
  private final String variable;
  private final String secret;

  private PlatformCredential(String variable, String secret) {
    this.variable = variable;
    this.secret = secret;
  }

  /**
   * A credential; blanks around it are dropped.
   *
   * @throws ChoirException {@code bad_credential} if it is empty or could not stand in an HTTP
   *     header; the message names the variable, never the value
   */
  public static PlatformCredential of(String variable, String secret) {
    String stripped = secret.strip();
    if (stripped.isEmpty() || !stripped.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw ChoirException.usage(
          "bad_credential",
          variable + " is empty or holds characters that no key has",
          "set " + variable + " to the key alone, on one line");
    }
    return new PlatformCredential(variable, stripped);
  }

  /** The credential in this variable, if the variable is set and not blank. */
  public static Optional<PlatformCredential> from(
      Map<String, String> environment, String variable) {
    return Optional.ofNullable(environment.get(variable))
        .filter(value -> !value.isBlank())
        .map(value -> of(variable, value));
  }

  /** The variable it came from. */
  public String variable() {
    return variable;
  }

  /** The secret itself, for the adapter that sends it. */
  public String reveal() {
    return secret;
  }

  /** The text with every occurrence of the secret replaced by the variable's name. */
  public String redact(String text) {
    return text.replace(secret, "[" + variable + "]");
  }

  @Override
  public String toString() {
    return variable + " (hidden)";
  }
}
