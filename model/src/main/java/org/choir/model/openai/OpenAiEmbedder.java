package org.choir.model.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.model.Embedder;
import org.choir.model.ModelException;
import org.choir.model.ModelException.Kind;
import org.choir.model.ModelSettings;
import org.jspecify.annotations.Nullable;

/**
 * An embedding model behind {@code POST {base}/embeddings}, as OpenAI and many servers speak it.
 * Texts go in batches, a batch is one request, tried again while its deadline lasts where trying
 * again can help. Vectors are asked for in base64 and read in either form, and are brought to
 * length 1. Redirects are not followed: the key must not follow them. Thread-safe.
 */
public final class OpenAiEmbedder implements Embedder {
  /** Lengths of the vectors of OpenAI's own models. */
  private static final Map<String, Integer> KNOWN =
      Map.of(
          "text-embedding-3-large", 3072,
          "text-embedding-3-small", 1536,
          "text-embedding-ada-002", 1536);

  private static final int DIMENSIONS_MAX = 4096;

  /** The API takes 2,048 texts and 300,000 tokens at once; smaller is lost less when cut. */
  private static final int BATCH_TEXTS = 64;

  private static final int BATCH_CHARACTERS = 200_000;

  /** 8,191 tokens are read of a text; no passage comes near. */
  private static final int LONGEST_TEXT = 20_000;

  /** A number takes at most 25 characters in JSON. */
  private static final long ANSWER_BYTES_MAX = (long) BATCH_TEXTS * DIMENSIONS_MAX * 25 + (1 << 20);

  private static final int ATTEMPTS = 5;
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private final Options options;
  private final URI address;
  private final HttpClient http;
  private final AtomicLong tokens = new AtomicLong();

  /**
   * Which model, where.
   *
   * @param model the name the server knows
   * @param dimensions the vectors' length; 0 for what the model has, if it is one of OpenAI's
   * @param server where, with the key
   * @param deadline for one batch with all its attempts
   * @param pause before the second attempt, twice as long before each further one, unless the
   *     server names a time
   */
  public record Options(
      String model, int dimensions, ModelSettings server, Duration deadline, Duration pause) {
    /** With a deadline of a minute and a first pause of half a second. */
    public static Options of(String model, int dimensions, ModelSettings server) {
      return new Options(model, dimensions, server, Duration.ofMinutes(1), Duration.ofMillis(500));
    }
  }

  /**
   * An embedder that has not asked yet.
   *
   * @throws ChoirException {@code unknown_dimensions}
   */
  public OpenAiEmbedder(Options options) {
    int known = KNOWN.getOrDefault(options.model(), 0);
    int wanted = options.dimensions() == 0 ? known : options.dimensions();
    if (wanted < 1 || wanted > DIMENSIONS_MAX) {
      throw ChoirException.usage(
          "unknown_dimensions",
          "how long the vectors of the embedding model '" + options.model() + "' are is not known",
          "set knowledge.embedder-dimensions, from 1 to " + DIMENSIONS_MAX);
    }
    this.options =
        new Options(options.model(), wanted, options.server(), options.deadline(), options.pause());
    this.address =
        URI.create(options.server().baseUrl().toString().replaceFirst("/+$", "") + "/embeddings");
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(options.deadline())
            .build();
  }

  /**
   * The model's name, the vectors' length and the server: the same name elsewhere may be another
   * model. OpenAI names no revisions; a model that changed would have another name.
   */
  @Override
  public String id() {
    String place = address.getHost() + (address.getPort() < 0 ? "" : ":" + address.getPort());
    return "openai:" + options.model() + "@" + options.dimensions() + "," + place;
  }

  @Override
  public int dimensions() {
    return options.dimensions();
  }

  /** Tokens that the server has counted since this was opened. */
  public long tokens() {
    return tokens.get();
  }

  /**
   * {@inheritDoc}
   *
   * @throws ModelException what the server or the way to it failed by
   * @throws ChoirException {@code wrong_vectors} if the answer is not what was asked for
   */
  @Override
  public List<float[]> passages(List<String> texts) {
    List<float[]> vectors = new ArrayList<>(texts.size());
    List<String> batch = new ArrayList<>();
    int characters = 0;
    for (String text : texts) {
      String cut = cut(text);
      if (!batch.isEmpty()
          && (batch.size() == BATCH_TEXTS || characters + cut.length() > BATCH_CHARACTERS)) {
        vectors.addAll(embedded(batch));
        batch.clear();
        characters = 0;
      }
      batch.add(cut);
      characters += cut.length();
    }
    if (!batch.isEmpty()) {
      vectors.addAll(embedded(batch));
    }
    return vectors;
  }

  @Override
  public float[] query(String text) {
    return passages(List.of(text)).getFirst();
  }

  /** Empty texts are refused by the API. */
  private static String cut(String text) {
    String whole = text.isBlank() ? "." : text;
    return whole.length() <= LONGEST_TEXT
        ? whole
        : whole.substring(
            0, LONGEST_TEXT - (Character.isHighSurrogate(whole.charAt(LONGEST_TEXT - 1)) ? 1 : 0));
  }

  private List<float[]> embedded(List<String> texts) {
    long end = System.nanoTime() + options.deadline().toNanos();
    Duration pause = options.pause();
    for (int attempt = 1; ; attempt++) {
      try {
        return asked(texts, end);
      } catch (ModelException e) {
        Duration wait = e.retryAfter().orElse(pause);
        if (attempt == ATTEMPTS
            || !e.failure().retryable()
            || wait.compareTo(LONGEST_WAIT) > 0
            || System.nanoTime() + wait.toNanos() >= end) {
          throw e;
        }
        rest(wait);
        pause = pause.multipliedBy(2);
      }
    }
  }

  private static void rest(Duration wait) {
    try {
      Thread.sleep(wait);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private List<float[]> asked(List<String> texts, long end) {
    HttpResponse<byte[]> answer = exchange(request(texts), end);
    if (answer.statusCode() != 200) {
      throw Refusals.of(options, answer);
    }
    ObjectNode body;
    try {
      body = Json.parseObject(new String(answer.body(), StandardCharsets.UTF_8));
    } catch (ChoirException e) {
      throw failure(Kind.CUT, "sent an answer that is not JSON", e);
    }
    if (body.hasNonNull("error")) {
      throw failure(
          Kind.PROVIDER_FAILED,
          "failed: " + quote(body.path("error").path("message").asText("no reason given")),
          null);
    }
    List<float[]> vectors = Vectors.of(body, texts.size(), options.dimensions(), where());
    tokens.addAndGet(Math.max(0, body.path("usage").path("total_tokens").asLong(0)));
    return vectors;
  }

  private HttpRequest request(List<String> texts) {
    ObjectNode body = Json.object().put("model", options.model()).put("encoding_format", "base64");
    // The oldest of OpenAI's models refuses the parameter.
    if (!KNOWN.getOrDefault(options.model(), 0).equals(options.dimensions())) {
      body.put("dimensions", options.dimensions());
    }
    ArrayNode input = body.putArray("input");
    texts.forEach(input::add);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(Json.write(body)));
    options.server().key().ifPresent(k -> request.header("Authorization", "Bearer " + k.reveal()));
    return request.build();
  }

  /** The whole answer within the time that is left, its body too. */
  private HttpResponse<byte[]> exchange(HttpRequest request, long end) {
    CompletableFuture<HttpResponse<byte[]>> sent =
        http.sendAsync(
            request,
            HttpResponse.BodyHandlers.limiting(
                HttpResponse.BodyHandlers.ofByteArray(), ANSWER_BYTES_MAX));
    try {
      return sent.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw failure(
          Kind.TIMEOUT, "did not answer within " + options.deadline().toMillis() + " ms", e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw failure(
            Kind.CUT, "gave no whole answer: " + quote(String.valueOf(io.getMessage())), io);
      }
      throw new IllegalStateException("the request for vectors failed", e);
    } finally {
      sent.cancel(true);
    }
  }

  private static ChoirException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return ChoirException.retryable(
        "embedding_interrupted", "the embedding of texts was interrupted", "try again", e);
  }

  private ModelException failure(Kind kind, String what, @Nullable Throwable cause) {
    return Refusals.failure(options, kind, where() + " " + what, "try again later", null, cause);
  }

  private String where() {
    return "the embedding server " + address.getHost();
  }

  private String quote(String words) {
    return Refusals.quote(options, words);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  @Override
  public String toString() {
    return "embeddings of " + id() + " by " + Text.visible(address.toString(), 120);
  }
}
