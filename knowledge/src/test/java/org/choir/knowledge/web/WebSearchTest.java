package org.choir.knowledge.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Both engines against a server that speaks their wire formats: as Tavily's API reference and
 * SearXNG's documentation of its search API show them.
 */
class WebSearchTest {
  private static final SearchLimits LIMITS = new SearchLimits(Duration.ofSeconds(5), 20_000, 2);
  private static final String KEY = "tvly-very-secret";

  private static final String TAVILY =
      """
      {"query": "tides", "follow_up_questions": null, "answer": null, "images": [],
       "results": [
        {"title": "Tides of the bay", "url": "https://example.org/tides", "content": "The tide rises\\nby thirteen metres.", "score": 0.91, "raw_content": null},
        {"title": "The same again", "url": "https://example.org/tides#top", "content": "x", "score": 0.8, "raw_content": null},
        {"title": "Moon", "url": "https://example.com/moon?a=1&b=2", "content": "On the moon.", "score": 0.5, "published_date": "2024-05-01"}],
       "response_time": 1.67, "request_id": "123e4567-e89b-12d3-a456-426614174111"}
      """;

  private static final String SEARXNG =
      """
      {"query": "tides", "number_of_results": 0, "results": [
        {"url": "https://example.org/tides", "title": "Tides of the bay", "content": "Thirteen metres.",
         "thumbnail": null, "engine": "duckduckgo", "template": "default.html",
         "parsed_url": ["https", "example.org", "/tides", "", "", ""], "engines": ["duckduckgo", "brave"],
         "positions": [1, 2], "publishedDate": null, "score": 3.0, "category": "general"},
        {"url": "https://example.com/moon", "title": "Moon", "content": null, "engine": "brave",
         "engines": ["brave"], "positions": [2], "publishedDate": "2024-05-01T00:00:00", "score": 0.5, "category": "general"}],
       "answers": [], "corrections": [], "infoboxes": [], "suggestions": ["tide tables"],
       "unresponsive_engines": [["google", "Suspended: CAPTCHA"]]}
      """;

  private HttpServer server;
  private final Deque<Said> script = new ArrayDeque<>();
  private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
  private final List<String> dialed = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch over = new CountDownLatch(1);

  /** One answer; a negative length is that of an answer that is cut off. */
  private record Said(int status, String retryAfter, String body, int promised) {
    static Said ok(String body) {
      return new Said(200, "", body, 0);
    }

    static Said status(int status, String body) {
      return new Said(status, "", body, 0);
    }
  }

  private final Dials dials =
      new Dials() {
        @Override
        public Open open(String host, int port, String address) {
          dialed.add("open " + host);
          return (reason, sent, received) -> dialed.add("closed " + reason);
        }

        @Override
        public void refused(String host, int port, String reason) {
          dialed.add("refused " + reason);
        }
      };

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    over.countDown();
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    asked.add(
        exchange.getRequestMethod()
            + " "
            + exchange.getRequestURI()
            + "\n"
            + exchange.getRequestHeaders().getFirst("Authorization")
            + "\n"
            + body);
    Said said;
    synchronized (script) {
      said = script.size() > 1 ? script.removeFirst() : script.getFirst();
    }
    byte[] bytes = said.body().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    if (!said.retryAfter().isEmpty()) {
      exchange.getResponseHeaders().set("Retry-After", said.retryAfter());
    }
    exchange.sendResponseHeaders(
        said.status(), said.promised() > 0 ? said.promised() : bytes.length);
    OutputStream out = exchange.getResponseBody();
    out.write(bytes);
    out.flush();
    if (said.promised() == Integer.MAX_VALUE) {
      try {
        over.await(); // the rest never comes, and the connection stays open
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    exchange.close();
  }

  private URI base() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private WebSearch engine(String name) {
    return engine(name, LIMITS);
  }

  private WebSearch engine(String name, SearchLimits limits) {
    InstantSource clock = InstantSource.fixed(Instant.parse("2024-05-01T00:00:00Z"));
    return name.equals("tavily")
        ? new TavilySearch(base(), KEY, limits, clock)
        : new SearxngSearch(URI.create(base() + "/searx/"), limits, clock);
  }

  private ChoirException refusal(WebSearch engine) {
    try {
      engine.search("tides", 5, dials);
    } catch (ChoirException e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        assertThat(String.valueOf(cause)).doesNotContain(KEY);
      }
      return e;
    }
    throw new AssertionError("nothing was refused");
  }

  @Test
  void asksTavilyForAddressesAloneAndReadsItsAnswer() {
    script.add(Said.ok(TAVILY));
    List<WebHit> hits = engine("tavily").search("high \u202etides\nof the bay", 5, dials);
    assertThat(hits)
        .containsExactly(
            new WebHit(
                "https://example.org/tides",
                "Tides of the bay",
                "The tide rises by thirteen metres.",
                ""),
            new WebHit("https://example.com/moon?a=1&b=2", "Moon", "On the moon.", "2024-05-01"));
    assertThat(asked.getFirst()).startsWith("POST /search\nBearer " + KEY + "\n");
    ObjectNode body = Json.parseObject(asked.getFirst().lines().skip(2).findFirst().orElseThrow());
    assertThat(body.path("query").asText()).isEqualTo("high tides of the bay");
    assertThat(body.path("max_results").asInt()).isEqualTo(5);
    assertThat(body.path("include_raw_content").asBoolean(true)).isFalse();
    assertThat(dialed).containsExactly("open 127.0.0.1", "closed allowed");
  }

  @Test
  void asksSearxngBelowItsPathAndReadsItsAnswer() {
    script.add(Said.ok(SEARXNG));
    List<WebHit> hits = engine("searxng").search("high tides & ebb", 1, dials);
    assertThat(hits).extracting(WebHit::url).containsExactly("https://example.org/tides");
    String line = asked.getFirst().lines().findFirst().orElseThrow();
    assertThat(URLDecoder.decode(line, StandardCharsets.UTF_8))
        .startsWith("GET /searx/search?q=high tides & ebb&format=json");
    assertThat(engine("searxng").search("x", 20, dials).get(1))
        .isEqualTo(new WebHit("https://example.com/moon", "Moon", "", "2024-05-01T00:00:00"));
  }

  @Test
  void takesOnlyAddressesOfTheWebAndShowsNoHiddenCharacters() {
    script.add(
        Said.ok(
            "{\"results\":[{\"url\":\"file:///etc/passwd\",\"title\":\"a\",\"content\":\"b\"},"
                + "{\"url\":\"javascript:alert(1)\",\"title\":\"a\",\"content\":\"b\"},"
                + "{\"url\":\"http://ada:secret@example.org/\",\"title\":\"a\",\"content\":\"b\"},"
                + "{\"url\":\"https://example.org/\\nHost: x\",\"title\":\"a\",\"content\":\"b\"},"
                + "{\"url\":null,\"title\":null,\"content\":null},"
                + "{\"url\":\"https://ok.example/\",\"title\":\"A\\n\\n[@s0123456789] B\",\"content\":\""
                + "c\\u200b\\u0007".repeat(900)
                + "\"}]}"));
    List<WebHit> hits = engine("tavily").search("x", 9, dials);
    assertThat(hits).extracting(WebHit::url).containsExactly("https://ok.example/");
    assertThat(hits.getFirst().title()).isEqualTo("A [@s0123456789] B");
    assertThat(hits.getFirst().snippet()).doesNotContain("\u200b", "\u0007").hasSizeLessThan(402);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tavily", "searxng"})
  void asksAgainWhenABusyEngineSaysWhen(String engine) {
    String good = engine.equals("tavily") ? TAVILY : SEARXNG;
    script.add(new Said(429, "0", "{\"detail\":{\"error\":\"slow down\"}}", 0));
    script.add(new Said(503, "Wed, 01 May 2024 00:00:00 GMT", "busy", 0));
    script.add(Said.ok(good));
    assertThat(engine(engine).search("x", 5, dials)).hasSize(2);
    assertThat(asked).hasSize(3);
  }

  @Test
  void givesUpOnAnEngineThatStaysBusyOrAsksForTooLongAWait() {
    script.add(new Said(429, "0", "{\"detail\":{\"error\":\"slow down\"}}", 0));
    ChoirException busy = refusal(engine("tavily"));
    assertThat(busy.code()).isEqualTo("web_search_busy");
    assertThat(busy.failure().message())
        .contains("429")
        .contains("slow down")
        .contains("3 attempts");
    script.clear();
    asked.clear();
    script.add(new Said(429, "3600", "", 0));
    assertThat(refusal(engine("searxng")).code()).isEqualTo("web_search_busy");
    assertThat(asked).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "tavily,  401, web_search_key,    TAVILY_API_KEY",
    "tavily,  432, web_search_quota,  web.searxng",
    "tavily,  433, web_search_quota,  web.searxng",
    "tavily,  400, web_search_failed, TAVILY_BASE_URL",
    "tavily,  302, web_search_failed, TAVILY_BASE_URL",
    "searxng, 403, web_search_failed, search.formats",
    "searxng, 404, web_search_failed, web.searxng"
  })
  void saysWhatARefusalMeansAndTheWayOut(String engine, int status, String code, String remedy) {
    script.add(Said.status(status, "{\"detail\":{\"error\":\"because\"}}"));
    ChoirException refused = refusal(engine(engine));
    assertThat(refused.code()).isEqualTo(code);
    assertThat(refused.failure().remedy()).contains(remedy);
    assertThat(asked).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tavily", "searxng"})
  void refusesAnswersThatAreNone(String engine) {
    for (String body :
        List.of("<html>busy</html>", "{\"results\":", "[]", "{}", "{\"results\":{}}", "")) {
      script.clear();
      script.add(Said.ok(body));
      assertThat(refusal(engine(engine)).code()).as(body).isEqualTo("web_search_failed");
    }
    script.clear();
    script.add(new Said(200, "", "{\"results\":[", 500)); // cut off
    assertThat(refusal(engine(engine)).code()).isEqualTo("web_search_failed");
    script.clear();
    script.add(Said.ok("{\"results\":[]," + "\"x\":\"" + "y".repeat(30_000) + "\"}"));
    assertThat(refusal(engine(engine)).code()).isEqualTo("web_search_failed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"tavily", "searxng"})
  @Timeout(10) // whoever waits for the rest waits for ever
  void waitsNoLongerThanItsDeadlineForTheRestOfAnAnswer(String engine) {
    script.add(new Said(200, "", "{\"results\":[", Integer.MAX_VALUE));
    WebSearch impatient = engine(engine, LIMITS.within(Duration.ofMillis(400)));
    assertThat(refusal(impatient).code()).isEqualTo("web_search_late");
    assertThat(dialed).contains("closed timeout");
  }

  @Test
  void tellsNothingFoundFromNobodyAsked() {
    script.add(Said.ok("{\"results\":[],\"unresponsive_engines\":[]}"));
    assertThat(engine("searxng").search("x", 5, dials)).isEmpty();
    script.clear();
    script.add(Said.ok("{\"results\":[],\"unresponsive_engines\":[[\"google\",\"timeout\"]]}"));
    assertThat(refusal(engine("searxng")).failure().message()).contains("google (timeout)");
  }

  @Test
  void anEngineThatIsNotThereIsNamed() {
    int port = server.getAddress().getPort();
    server.stop(0);
    ChoirException gone =
        refusal(
            new SearxngSearch(
                URI.create("http://127.0.0.1:" + port), LIMITS, InstantSource.system()));
    assertThat(gone.code()).isEqualTo("web_search_failed");
    assertThat(gone.failure().message()).contains("127.0.0.1");
  }

  @Test
  void withoutAnEngineTheWayToOneIsTold() {
    assertThatThrownBy(() -> new NoSearch().search("x", 5, dials))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("no_web_search");
              assertThat(e.failure().remedy()).contains("TAVILY_API_KEY").contains("web.searxng");
            });
  }
}
