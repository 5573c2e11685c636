package org.choir.model.langchain4j;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.choir.model.ModelEvent;
import org.jspecify.annotations.Nullable;

/** Turns LangChain4j's callbacks into events, all on the thread that asked. */
final class Collector implements StreamingChatResponseHandler {
  private final Consumer<ModelEvent> events;
  private final Failures failures;
  private final Set<Integer> started = new HashSet<>();
  private @Nullable ChatResponse response;
  private @Nullable RuntimeException failure;

  Collector(Consumer<ModelEvent> events, Failures failures) {
    this.events = events;
    this.failures = failures;
  }

  @Override
  public void onPartialResponse(String text) {
    emit(new ModelEvent.TextDelta(text));
  }

  @Override
  public void onPartialToolCall(PartialToolCall call) {
    started(call.index(), call.name());
  }

  @Override
  public void onCompleteToolCall(CompleteToolCall call) {
    started(call.index(), call.toolExecutionRequest().name());
  }

  private void started(int index, @Nullable String tool) {
    if (tool != null && started.add(index)) {
      emit(new ModelEvent.CallStarted(tool));
    }
  }

  /** LangChain4j would log what the receiver throws and go on. */
  private void emit(ModelEvent event) {
    if (failure == null) {
      try {
        events.accept(event);
      } catch (RuntimeException e) {
        failure = e;
      }
    }
  }

  @Override
  public void onCompleteResponse(ChatResponse complete) {
    response = complete;
  }

  @Override
  public void onError(Throwable error) {
    if (failure == null) {
      failure = failures.malformed(error);
    }
  }

  @Nullable RuntimeException failure() {
    return failure;
  }

  Optional<ChatResponse> response() {
    return Optional.ofNullable(response);
  }
}
