package org.choir.server;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.choir.core.Digest;

/**
 * The keys and addresses of outside services, read from the environment where the process is wired
 * and handed to one adapter each. They reach no guest, event, state message or log; {@link
 * #toString} names what is set and never a value.
 */
public final class PlatformCredentials {
  /** What is read; each keeps the provider's own name. */
  public static final List<String> NAMES =
      List.of(
          "ANTHROPIC_API_KEY",
          "ANTHROPIC_BASE_URL",
          "OPENAI_API_KEY",
          "OPENAI_BASE_URL",
          "QDRANT_API_KEY",
          "OLLAMA_API_KEY",
          "OLLAMA_BASE_URL",
          "E2B_API_KEY",
          "E2B_API_URL",
          "E2B_SANDBOX_URL",
          "RUNLOOP_API_KEY",
          "RUNLOOP_BASE_URL",
          "STRIPE_API_KEY",
          "STRIPE_BASE_URL",
          "STRIPE_WEBHOOK_SECRET",
          "SUI_TREASURY_KEY",
          "TAVILY_API_KEY",
          "TAVILY_BASE_URL");

  private final Map<String, String> values = new TreeMap<>();

  private PlatformCredentials() {}

  /** What this environment holds. */
  public static PlatformCredentials from(Map<String, String> environment) {
    PlatformCredentials credentials = new PlatformCredentials();
    for (String name : NAMES) {
      String value = environment.get(name);
      if (value != null && !value.isBlank()) {
        credentials.values.put(name, value.strip());
      }
    }
    return credentials;
  }

  /** What one provider's adapter is given: that provider's variables and no others. */
  Map<String, String> of(String provider) {
    Map<String, String> own = new TreeMap<>(values);
    own.keySet().removeIf(name -> !name.startsWith(provider.toUpperCase(Locale.ROOT) + "_"));
    return Map.copyOf(own);
  }

  /**
   * A mark per set name by which two processes of one user see whether they hold the same value,
   * and that tells nothing about the value to whoever does not hold it.
   *
   * @param salt random, of the process that asks
   */
  public Map<String, String> marks(String salt) {
    Map<String, String> marks = new TreeMap<>();
    values.forEach(
        (name, value) ->
            marks.put(
                name,
                Digest.of((salt + "\n" + name + "\n" + value).getBytes(StandardCharsets.UTF_8))
                    .prefix(32)));
    return marks;
  }

  @Override
  public String toString() {
    return "credentials " + values.keySet();
  }
}
