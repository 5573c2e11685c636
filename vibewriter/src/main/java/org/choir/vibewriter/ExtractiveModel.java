package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.choir.core.Json;
import org.choir.model.Embedder;
import org.choir.model.Message;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelClient;
import org.choir.model.ModelEvent;
import org.choir.model.ModelRequest;
import org.choir.model.ToolCall;

/**
 * A deterministic program in the place of a language model. It speaks the same tool protocol: it
 * plans, delegates one researcher per sub-question, searches, reads, writes a draft made of
 * sentences taken from the sources, and lets it be verified. The same conversation always gives the
 * same answer, so an interrupted run ends with the same report as an undisturbed one.
 */
public final class ExtractiveModel implements ModelClient {
  /** What {@code --model} calls it. */
  public static final String ID = "extractive";

  private final ExtractiveLead lead = new ExtractiveLead();
  private final ExtractiveResearcher researcher;

  /**
   * A model over an embedding model, which it asks how close sentences are to a question.
   *
   * @param embedder not closed by this model
   */
  public ExtractiveModel(Embedder embedder) {
    this.researcher = new ExtractiveResearcher(new AnswerSentences(embedder));
  }

  /** What a role says next: words, and calls without ids. */
  record Turn(String text, List<Call> calls) {
    static Turn say(String text) {
      return new Turn(text, List.of());
    }
  }

  /** A call that gets its id from its place in the conversation. */
  record Call(String tool, JsonNode arguments) {}

  @Override
  public String id() {
    return ID;
  }

  @Override
  public boolean isLanguageModel() {
    return false;
  }

  /** It reads any length: nothing needs to be compacted for it. */
  @Override
  public int contextTokens() {
    return Integer.MAX_VALUE;
  }

  @Override
  public ModelAnswer ask(ModelRequest request, Consumer<ModelEvent> events) {
    Conversation conversation = Conversation.of(request);
    Turn turn =
        conversation.tools().contains("task")
            ? lead.next(conversation)
            : conversation.tools().contains("search_sources")
                ? researcher.next(conversation)
                : ExtractiveCritic.next(conversation);
    long before = request.messages().stream().filter(m -> m instanceof Message.Assistant).count();
    List<ToolCall> calls =
        IntStream.range(0, turn.calls().size())
            .mapToObj(
                i ->
                    new ToolCall(
                        "x" + (before + 1) + "_" + (i + 1),
                        turn.calls().get(i).tool(),
                        Json.write(turn.calls().get(i).arguments())))
            .toList();
    ModelAnswer answer =
        new ModelAnswer(
            turn.text(),
            calls,
            ModelAnswer.Usage.NONE,
            calls.isEmpty() ? ModelAnswer.Stop.END : ModelAnswer.Stop.TOOLS);
    if (!turn.text().isEmpty()) {
      events.accept(new ModelEvent.TextDelta(turn.text()));
    }
    calls.forEach(c -> events.accept(new ModelEvent.CallStarted(c.tool())));
    events.accept(new ModelEvent.Answered(answer));
    return answer;
  }
}
