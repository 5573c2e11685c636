package org.choir.model.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import org.choir.model.ModelName;

/** One provider's wire format, seen from its side. */
interface Wire {

  /** What the provider shall answer. */
  record Script(List<Part> parts, long input, long cached, long output, String stop) {
    static Script of(Part... parts) {
      boolean calls = Arrays.stream(parts).anyMatch(Call.class::isInstance);
      return new Script(List.of(parts), 120, 0, 17, calls ? "tools" : "end");
    }

    Script stopping(String reason) {
      return new Script(parts, input, cached, output, reason);
    }

    Script using(long fresh, long fromCache, long written) {
      return new Script(parts, fresh, fromCache, written, stop);
    }
  }

  sealed interface Part {}

  /** Text, streamed in these pieces. */
  record Words(String... pieces) implements Part {}

  /** A tool call; {@code arguments} may be streamed in pieces where the provider does so. */
  record Call(String id, String tool, String arguments) implements Part {}

  ModelName model();

  /** The base address that a user would configure for a server at this address. */
  URI baseUrl(URI server);

  String contentType();

  /** The events, each with the line ends the provider writes. */
  List<String> events(Script script);

  /** A failure's body, or event without its frame. */
  String error(String type, String code, String message);

  /** A failure reported in mid-stream, framed. */
  String errorEvent(String type, String message);

  /** An event that begins well and holds no JSON, framed. */
  String garbage();

  /** The start of a line that never ends. */
  String lineStart();

  /** What the provider says to a conversation that is too long, per known wording. */
  List<Overflow> overflows();

  record Overflow(int status, String body) {}

  /** Whether call ids travel in this format and come back as they were sent. */
  boolean carriesIds();

  /** Whether the provider counts cached input tokens. */
  boolean countsCached();

  /** The header that carries the key, as {@code name: value}. */
  String keyHeader(String key);

  /**
   * Checks a request as strictly as the provider.
   *
   * @throws AssertionError saying which rule it breaks
   */
  void check(String method, LocalProvider.Asked request);

  /** The tool results that the request holds, in order, as {@code id|text|failed}. */
  List<String> results(JsonNode request);

  /** Arguments of the assistant's calls that the request holds, in order, as JSON text. */
  List<String> arguments(JsonNode request);

  /** The system prompt the request holds. */
  String system(JsonNode request);

  /** The schema of the first tool. */
  JsonNode schema(JsonNode request);

  /** The limit on the answer's tokens. */
  int maxTokens(JsonNode request);
}
