package org.choir.model;

import java.net.URI;
import java.util.Locale;

/** A service that answers with a language model, and the environment variables it is known by. */
public enum Provider {
  /** Anthropic's Messages API. */
  ANTHROPIC("https://api.anthropic.com"),
  /** OpenAI's Chat Completions API, or any server that speaks it. */
  OPENAI("https://api.openai.com/v1"),
  /** Ollama's own chat API. */
  OLLAMA("http://127.0.0.1:11434");

  private final URI home;

  Provider(String home) {
    this.home = URI.create(home);
  }

  /** The word before the colon in {@code PROVIDER:NAME}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The variable that holds the key, for example {@code ANTHROPIC_API_KEY}. */
  public String keyVariable() {
    return name() + "_API_KEY";
  }

  /** The variable that names another server, for example {@code ANTHROPIC_BASE_URL}. */
  public String baseUrlVariable() {
    return name() + "_BASE_URL";
  }

  /** Where the provider itself listens. */
  public URI home() {
    return home;
  }
}
