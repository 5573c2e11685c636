package org.choir.model.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * A server on this machine that speaks {@code POST /v1/embeddings} as OpenAI does, checks what it
 * is sent, counts, and does on demand what servers do: refuse, limit, break off, be late, be wrong.
 */
final class EmbeddingServer implements AutoCloseable {
  static final String KEY = "sk-test-embedding-key";

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final int dimensions;
  private final Queue<Trouble> troubles = new ConcurrentLinkedQueue<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  final List<Integer> batches = new ArrayList<>();
  volatile boolean knowsBase64 = true;
  volatile boolean reversed;

  /** What one request meets instead of an answer. */
  interface Trouble {
    void answer(HttpExchange exchange, EmbeddingServer server)
        throws IOException, InterruptedException;
  }

  EmbeddingServer(int dimensions) throws IOException {
    this.dimensions = dimensions;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/v1/embeddings", this::handle);
    server.start();
  }

  URI base() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1");
  }

  void next(Trouble trouble) {
    troubles.add(trouble);
  }

  static Trouble status(int status, String header, String value, String body) {
    return (exchange, server) -> {
      exchange.getResponseHeaders().add(header, value);
      send(exchange, status, body);
    };
  }

  /** The start of an answer, then the end of the connection. */
  static Trouble cutOff() {
    return (exchange, server) -> {
      exchange.sendResponseHeaders(200, 1000);
      exchange.getResponseBody().write("{\"data\":[".getBytes(StandardCharsets.UTF_8));
      exchange.getResponseBody().flush();
      exchange.close();
    };
  }

  /** Headers and a first byte, and nothing more as long as the server lives. */
  static Trouble neverEnding() {
    return (exchange, server) -> {
      exchange.sendResponseHeaders(200, 1000);
      exchange.getResponseBody().write('{');
      exchange.getResponseBody().flush();
      server.closing.await();
    };
  }

  private void handle(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    Trouble trouble = troubles.poll();
    try {
      if (trouble != null) {
        trouble.answer(exchange, this);
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    String key = exchange.getRequestHeaders().getFirst("Authorization");
    if (!("Bearer " + KEY).equals(key)) {
      send(exchange, 401, "{\"error\":{\"message\":\"Incorrect API key provided: " + key + "\"}}");
      return;
    }
    JsonNode asked = Json.parse(new String(body, StandardCharsets.UTF_8));
    JsonNode input = asked.path("input");
    boolean empty = false;
    for (JsonNode text : input) {
      empty |= text.asText().isEmpty();
    }
    if (!asked.path("model").asText().equals("test-embedding")) {
      send(exchange, 404, "{\"error\":{\"message\":\"The model does not exist\"}}");
    } else if (!input.isArray() || input.isEmpty() || input.size() > 2048 || empty) {
      send(exchange, 400, "{\"error\":{\"message\":\"'$.input' is invalid\"}}");
    } else {
      synchronized (batches) {
        batches.add(input.size());
      }
      send(exchange, 200, Json.write(answer(asked)));
    }
  }

  private ObjectNode answer(JsonNode asked) {
    ObjectNode answer = Json.object().put("object", "list").put("model", "test-embedding");
    ArrayNode data = answer.putArray("data");
    int count = asked.path("input").size();
    int tokens = 0;
    for (int n = 0; n < count; n++) {
      int i = reversed ? count - 1 - n : n;
      String text = asked.path("input").get(i).asText();
      tokens += text.split("\\s+", -1).length;
      ObjectNode one = data.addObject().put("object", "embedding").put("index", i);
      float[] vector = vector(text, asked.path("dimensions").asInt(dimensions));
      if (knowsBase64 && asked.path("encoding_format").asText().equals("base64")) {
        ByteBuffer bytes =
            ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        one.put("embedding", Base64.getEncoder().encodeToString(bytes.array()));
      } else {
        ArrayNode numbers = one.putArray("embedding");
        for (float each : vector) {
          numbers.add(each);
        }
      }
    }
    answer.putObject("usage").put("prompt_tokens", tokens).put("total_tokens", tokens);
    return answer;
  }

  /** Not of length 1, as shortened vectors of some servers are not. */
  static float[] vector(String text, int dimensions) {
    float[] vector = new float[dimensions];
    for (int i = 0; i < dimensions; i++) {
      vector[i] = 3 * Integer.parseInt(Digest.of(text + i).prefix(4), 16) / 65_536f - 1;
    }
    return vector;
  }

  static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
