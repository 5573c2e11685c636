package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.Money;

/**
 * What a run may use in all, its subagents included. Reaching one ends the run as {@code
 * budget_exhausted}, resumable with a larger one.
 *
 * @param steps model answers
 * @param time while running, not counting pauses
 * @param tokens input and output, empty for no limit
 * @param money what the provider charges, empty for no limit
 */
public record Limits(int steps, Duration time, Optional<Long> tokens, Optional<Money> money) {
  public Limits {
    if (steps < 1 || time.isNegative() || time.isZero() || tokens.orElse(1L) < 1) {
      throw ChoirException.usage(
          "bad_limits",
          "a run needs at least one step, some time and one token, not "
              + steps
              + " steps, "
              + time
              + ", "
              + tokens.map(String::valueOf).orElse("unlimited")
              + " tokens",
          "give larger limits with --budget");
    }
  }

  /** As recorded: {@code steps}, {@code seconds}, and where given {@code tokens}, {@code money}. */
  ObjectNode json() {
    ObjectNode out = Json.object().put("steps", steps).put("seconds", time.toSeconds());
    tokens.ifPresent(t -> out.put("tokens", t));
    money.ifPresent(m -> out.set("money", Events.money(m)));
    return out;
  }

  static Limits of(JsonNode json) {
    return new Limits(
        json.path("steps").asInt(),
        Duration.ofSeconds(json.path("seconds").asLong()),
        json.has("tokens") ? Optional.of(json.get("tokens").asLong()) : Optional.empty(),
        json.has("money") ? Optional.of(money(json.get("money"))) : Optional.empty());
  }

  static Money money(JsonNode json) {
    return new Money(
        json.path("minorUnits").asLong(), Currency.valueOf(json.path("currency").asText()));
  }
}
