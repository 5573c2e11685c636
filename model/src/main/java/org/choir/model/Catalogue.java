package org.choir.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/**
 * Context windows and prices of well-known models: the dated file {@code models.json} that ships
 * with this room, and what the configuration puts before it. A price that is not known is absent,
 * never guessed.
 */
public final class Catalogue {
  /** What an unknown model is trusted to take. */
  public static final int DEFAULT_CONTEXT_TOKENS = 128_000;

  /**
   * What an unknown Ollama model is started with. Ollama reserves memory for the whole window, so
   * the models' own maximum would not fit many machines.
   */
  public static final int DEFAULT_OLLAMA_CONTEXT_TOKENS = 32_768;

  /** What may follow a family's name without changing its price: a date or the word latest. */
  private static final Pattern SAME_PRICE =
      Pattern.compile("(-(\\d{4}-\\d{2}-\\d{2}|\\d{8}|latest))?");

  private final LocalDate asOf;
  private final List<Entry> entries;

  private Catalogue(LocalDate asOf, List<Entry> entries) {
    this.asOf = asOf;
    this.entries = List.copyOf(entries);
  }

  private record Entry(Provider provider, String family, int context, @Nullable Price price) {}

  /** The catalogue as shipped. */
  public static Catalogue shipped() {
    try (InputStream file = Catalogue.class.getResourceAsStream("models.json")) {
      if (file == null) {
        throw new IllegalStateException("models.json is missing beside this class");
      }
      JsonNode root = Json.parse(file.readAllBytes());
      return new Catalogue(LocalDate.parse(root.get("asOf").asText()), entries(root.get("models")));
    } catch (IOException e) {
      throw new UncheckedIOException("models.json cannot be read", e);
    }
  }

  /**
   * This catalogue after the entries of an array in the form of {@code models.json}.
   *
   * @throws ChoirException {@code bad_catalogue} naming the entry that cannot be used
   */
  public Catalogue with(JsonNode models) {
    List<Entry> all = new ArrayList<>(entries(models));
    all.addAll(entries);
    return new Catalogue(asOf, all);
  }

  /** The day the shipped prices were looked up. */
  public LocalDate asOf() {
    return asOf;
  }

  /** What the model takes, input and output together: that of the longest family it belongs to. */
  public int contextTokens(ModelName model) {
    Entry best = null;
    for (Entry entry : entries) {
      if (entry.provider == model.provider()
          && model.name().startsWith(entry.family)
          && (best == null || entry.family.length() > best.family.length())) {
        best = entry;
      }
    }
    if (best != null) {
      return best.context;
    }
    return model.provider() == Provider.OLLAMA
        ? DEFAULT_OLLAMA_CONTEXT_TOKENS
        : DEFAULT_CONTEXT_TOKENS;
  }

  /** What the model costs, if that is known. */
  public Optional<Price> price(ModelName model) {
    for (Entry entry : entries) {
      if (entry.provider == model.provider()
          && entry.price != null
          && model.name().startsWith(entry.family)
          && SAME_PRICE.matcher(model.name().substring(entry.family.length())).matches()) {
        return Optional.of(entry.price);
      }
    }
    return model.provider() == Provider.OLLAMA ? Optional.of(Price.FREE) : Optional.empty();
  }

  private static List<Entry> entries(JsonNode models) {
    List<Entry> entries = new ArrayList<>();
    for (JsonNode model : models) {
      entries.add(entry(model));
    }
    return entries;
  }

  private static Entry entry(JsonNode model) {
    String family = model.path("family").asText("");
    int context = model.path("context").asInt(0);
    boolean priced = model.has("input") || model.has("cached") || model.has("output");
    boolean whole =
        model.path("input").isIntegralNumber()
            && model.path("cached").isIntegralNumber()
            && model.path("output").isIntegralNumber();
    for (Provider provider : Provider.values()) {
      if (provider.id().equals(model.path("provider").asText())
          && !family.isEmpty()
          && context > 0
          && priced == whole) {
        Price price =
            priced
                ? new Price(
                    model.get("input").asLong(),
                    model.get("cached").asLong(),
                    model.get("output").asLong())
                : null;
        return new Entry(provider, family, context, price);
      }
    }
    throw ChoirException.usage(
        "bad_catalogue",
        "this entry of the model catalogue cannot be used: " + Text.visible(Json.write(model), 200),
        "give provider, family, context and, all or none, input, cached and output (whole"
            + " micro-dollars for a million tokens)");
  }
}
