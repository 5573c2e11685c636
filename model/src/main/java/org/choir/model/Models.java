package org.choir.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/** Reads what a person writes to choose a language model. */
public final class Models {
  /** The model that is no language model; it is built elsewhere and listed in messages only. */
  private static final String EXTRACTIVE = "extractive";

  private Models() {}

  /**
   * Reads {@code PROVIDER:NAME}; a name may itself hold colons ({@code ollama:llama3.1:8b}).
   *
   * @throws ChoirException {@code unknown_provider} with the nearest known name, or {@code
   *     bad_model}
   */
  public static ModelName parse(String text) {
    String trimmed = text.strip();
    int colon = trimmed.indexOf(':');
    String word = colon < 0 ? trimmed : trimmed.substring(0, colon);
    String name = colon < 0 ? "" : trimmed.substring(colon + 1);
    Optional<Provider> known =
        Arrays.stream(Provider.values())
            .filter(provider -> provider.id().equalsIgnoreCase(word))
            .findFirst();
    if (known.isPresent() && name.isEmpty()) {
      throw ChoirException.usage(
          "bad_model",
          "'" + Text.visible(trimmed, 60) + "' names a provider and no model",
          "write PROVIDER:NAME, for example " + example(known.get()));
    }
    return new ModelName(known.orElseThrow(() -> unknown(trimmed, word, name)), name);
  }

  static String example(Provider provider) {
    return switch (provider) {
      case ANTHROPIC -> "anthropic:claude-sonnet-4-6";
      case OPENAI -> "openai:gpt-5.4-mini";
      case OLLAMA -> "ollama:llama3.1:8b";
    };
  }

  private static ChoirException unknown(String text, String word, String name) {
    List<String> words = new ArrayList<>();
    words.add(EXTRACTIVE);
    Arrays.stream(Provider.values()).map(Provider::id).forEach(words::add);
    String lower = word.toLowerCase(Locale.ROOT);
    String nearest = words.getFirst();
    for (String candidate : words) {
      if (distance(lower, candidate) < distance(lower, nearest)) {
        nearest = candidate;
      }
    }
    String hint = "";
    if (distance(lower, nearest) <= 3) {
      boolean bare = nearest.equals(EXTRACTIVE) || name.isEmpty();
      hint = "did you mean " + nearest + (bare ? "" : ":" + Text.visible(name, 60)) + "? ";
    } else if (lower.startsWith("claude")) {
      hint = "did you mean anthropic:" + Text.visible(text, 60) + "? ";
    } else if (lower.startsWith("gpt")) {
      hint = "did you mean openai:" + Text.visible(text, 60) + "? ";
    }
    return ChoirException.usage(
        "unknown_provider",
        "no provider of models is called '" + Text.visible(word, 60) + "'",
        hint
            + "write extractive, "
            + example(Provider.ANTHROPIC)
            + ", "
            + example(Provider.OPENAI)
            + " or "
            + example(Provider.OLLAMA));
  }

  /** Levenshtein's distance; the words compared are cut to 40 characters. */
  private static int distance(String left, String right) {
    String a = left.substring(0, Math.min(40, left.length()));
    int[] row = new int[right.length() + 1];
    Arrays.setAll(row, i -> i);
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= right.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[right.length()];
  }
}
