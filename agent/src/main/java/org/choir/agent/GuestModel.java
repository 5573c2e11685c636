package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.model.Message;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelClient;
import org.choir.model.ModelRequest;

/**
 * One short completion of the run's model for a program in its VM, from the run's budget. Nothing
 * of the run's conversation goes along, and the answer comes back as text: a program can spend what
 * the run may spend and learn nothing that it did not ask.
 */
final class GuestModel {
  static final int PROMPT_MAX = 20_000;
  private static final int OUTPUT_TOKENS = 1_024;
  private static final Duration ANSWER_MAX = Duration.ofSeconds(60);
  private static final String SYSTEM =
      "A program asks you for one short text. Answer it directly. You have no tools.";

  /** What an answer costs; empty where nobody knows. */
  interface Prices {
    Optional<Money> of(ModelClient client, ModelAnswer.Usage usage);
  }

  private final AgentId lead;
  private final Supplier<ModelClient> client;
  private final Budget budget;
  private final Prices prices;

  GuestModel(AgentId lead, Supplier<ModelClient> client, Budget budget, Prices prices) {
    this.lead = lead;
    this.client = client;
    this.budget = budget;
    this.prices = prices;
  }

  /**
   * Asks.
   *
   * @throws ChoirException {@code no_language_model}, {@code bad_request}, {@code
   *     budget_exhausted}, or what the model's provider says
   */
  ToolOutput ask(String prompt) {
    if (prompt.isBlank() || prompt.length() > PROMPT_MAX) {
      throw ChoirException.usage(
          "bad_request", "a prompt has 1 to " + PROMPT_MAX + " characters", "ask for less");
    }
    ModelClient model = client.get();
    if (!model.isLanguageModel()) {
      throw ChoirException.usage(
          "no_language_model",
          "this run's model is " + model.id() + ", which completes no text",
          "run the research with --model PROVIDER:NAME");
    }
    try {
      budget.reserve(lead);
    } catch (StopException e) {
      throw ChoirException.usage("budget_exhausted", e.reason(), "");
    }
    ModelAnswer answer;
    Optional<Money> cost;
    try {
      Duration left = budget.remaining();
      answer =
          model.ask(
              new ModelRequest(
                  SYSTEM,
                  List.of(new Message.User(Strings.sound(prompt))),
                  List.of(),
                  OUTPUT_TOKENS,
                  left.compareTo(ANSWER_MAX) < 0 ? left : ANSWER_MAX),
              event -> {});
      cost = prices.of(model, answer.usage());
      budget.used(lead, 0, answer.usage(), cost);
    } finally {
      budget.release(lead);
    }
    ObjectNode event = Events.of("model_asked").put("model", model.id());
    event
        .putObject("usage")
        .put("input", answer.usage().inputTokens())
        .put("cached", answer.usage().cachedInputTokens())
        .put("output", answer.usage().outputTokens());
    cost.ifPresent(c -> event.set("cost", Events.money(c)));
    event.put("prompt", Strings.sound(prompt)).put("text", Strings.sound(answer.text()));
    return ToolOutput.of(
        Json.write(Json.object().put("text", Strings.sound(answer.text()))), List.of(event));
  }
}
