package org.choir.model.langchain4j;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.Optional;
import org.choir.model.Message;
import org.choir.model.ModelAnswer.Stop;
import org.choir.model.ModelAnswer.Usage;

/** What differs between providers: how to ask, and how to know that an answer is whole. */
interface Dialect {

  /** LangChain4j's model for one call over this client. */
  StreamingChatModel connect(HttpClientBuilder http, int maxOutputTokens);

  /** The state of one call. */
  Reading reading();

  /** A user's words; {@code last} if nothing follows them in the request. */
  default ChatMessage user(String text, boolean last) {
    return UserMessage.from(text);
  }

  /** A tool's result; {@code last} if nothing follows it in the request. */
  default ChatMessage result(Message.ToolResult result, boolean last) {
    return ToolExecutionResultMessage.builder()
        .id(result.callId())
        .toolName(result.tool())
        .text(result.text())
        .isError(result.failed())
        .build();
  }

  /** The request's body as it is sent, from the one LangChain4j wrote. */
  default String body(String json) {
    return json;
  }

  /** Watches the raw events of one answer. */
  interface Reading {

    /**
     * The event as LangChain4j shall see it; empty if it shall not.
     *
     * @throws org.choir.model.ModelException if the event says that the call has failed
     * @throws RuntimeException if it is not what this provider sends
     */
    Optional<ServerSentEvent> next(ServerSentEvent event);

    /** Whether the provider has said that the answer is whole. */
    boolean complete();

    /** Why the model stopped. */
    Stop stop();

    /** What the call consumed. */
    Usage usage(ChatResponse response);
  }
}
