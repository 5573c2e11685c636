package org.choir.model.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.model.ModelException.Kind;

/**
 * What a provider says about a failure, in any of the forms they use: {@code
 * {"error":{"type","code","message"}}}, {@code {"error":"text"}}, {@code {"message"}}, {@code
 * {"detail"}} or plain text.
 *
 * @param status the HTTP status; 0 for a failure reported in mid-stream
 * @param word the error's type and code, lower case
 */
record ErrorReply(int status, String word, String message) {
  /**
   * How providers and servers say that a conversation is too long: Anthropic ("prompt is too long",
   * "exceed context limit"), OpenAI and vLLM ("maximum context length", context_length_exceeded),
   * llama.cpp and Ollama ("exceeds the available context size", "input length exceeds the context
   * length", exceed_context_size_error), Groq ("reduce the length of the messages"), Bedrock
   * ("input is too long"), Text Generation Inference ("`max_new_tokens` must be <=").
   */
  private static final Pattern OVERFLOW =
      Pattern.compile(
          "prompt is too long|maximum context length|context[_ ]length[_ ]exceeded"
              + "|exceed_context_size|exceeds?\\b.{0,60}\\bcontext (?:length|size|window|limit)"
              + "|reduce the length of the|input is too long|max_new_tokens. must be");

  private static final Pattern BAD_KEY =
      Pattern.compile(
          "authentication_error|permission_error|invalid_api_key|api key (?:is )?not valid"
              + "|(?:invalid|incorrect) api key");

  private static final Pattern NO_MODEL =
      Pattern.compile(
          "model_not_found|not_found_error|not a valid model|\\bmodel\\b.{0,220}(?:not found|does not"
              + " exist)");

  static ErrorReply of(int status, String body) {
    try {
      return of(status, Json.parse(body));
    } catch (ChoirException e) {
      // Not JSON: the words of a proxy or a bare server.
      return new ErrorReply(status, "", body);
    }
  }

  static ErrorReply of(int status, JsonNode body) {
    JsonNode error = body.hasNonNull("error") ? body.get("error") : body;
    if (error.isTextual()) {
      return new ErrorReply(status, "", error.asText());
    }
    JsonNode code = error.path("code");
    int given = status == 0 && code.isInt() ? code.asInt() : status;
    String message =
        error.path("message").asText(error.path("detail").asText(body.path("message").asText("")));
    String word = (error.path("type").asText("") + " " + code.asText("")).toLowerCase(Locale.ROOT);
    return new ErrorReply(given, word, message);
  }

  Kind kind() {
    String words = word + " " + message.toLowerCase(Locale.ROOT);
    if (status == 401 || status == 403) {
      return Kind.UNAUTHORIZED;
    }
    if (status == 429) {
      return Kind.RATE_LIMITED;
    }
    if (status == 413 || OVERFLOW.matcher(words).find()) {
      return Kind.CONTEXT_OVERFLOW;
    }
    if (BAD_KEY.matcher(words).find()) {
      return Kind.UNAUTHORIZED;
    }
    if (status == 404 || ((status == 400 || status == 0) && NO_MODEL.matcher(words).find())) {
      return Kind.UNKNOWN_MODEL;
    }
    if (status == 0) {
      return inStream();
    }
    boolean mayPass = status >= 500 || status == 408 || status == 409 || status == 425;
    return mayPass ? Kind.PROVIDER_FAILED : Kind.BAD_REQUEST;
  }

  private Kind inStream() {
    if (word.contains("rate_limit") || word.contains("insufficient_quota")) {
      return Kind.RATE_LIMITED;
    }
    return word.contains("invalid_request") ? Kind.BAD_REQUEST : Kind.PROVIDER_FAILED;
  }

  /** Whether waiting will not help: the account has nothing left. */
  boolean outOfCredit() {
    return word.contains("insufficient_quota") || word.contains("billing");
  }
}
