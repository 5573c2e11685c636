package org.choir.model.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.choir.core.Json;
import org.choir.model.Message;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelAnswer.Stop;
import org.choir.model.ModelAnswer.Usage;
import org.choir.model.ModelClient;
import org.choir.model.ModelEvent;
import org.choir.model.ModelException;
import org.choir.model.ModelException.Kind;
import org.choir.model.ModelRequest;
import org.choir.model.ModelSettings;
import org.choir.model.PlatformCredential;
import org.choir.model.ToolCall;
import org.choir.model.ToolSpec;
import org.choir.model.langchain4j.LocalProvider.Ending;
import org.choir.model.langchain4j.Wire.Call;
import org.choir.model.langchain4j.Wire.Script;
import org.choir.model.langchain4j.Wire.Words;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every adapter does, whoever the provider is. */
@Timeout(60)
abstract class ModelClientConformance {
  static final String KEY = "sk-very-secret-0123456789";
  static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-21T10:00:00Z"), ZoneOffset.UTC);

  private final Wire wire = wire();
  private LocalProvider provider = new LocalProvider(wire);
  private ModelClient model = open(Limits.DEFAULT);

  abstract Wire wire();

  ModelClient open(Limits limits) {
    ModelSettings settings =
        new ModelSettings(
            wire.baseUrl(provider.address()),
            PlatformCredential.of(wire.model().provider().keyVariable(), KEY),
            100_000,
            false);
    return ProviderModel.open(wire.model(), settings, limits, CLOCK);
  }

  LocalProvider provider() {
    return provider;
  }

  ModelClient model() {
    return model;
  }

  @BeforeEach
  void nothingAsked() {
    assertThat(provider.asked()).isEmpty();
  }

  @AfterEach
  void stop() {
    model.close();
    provider.close();
  }

  static ToolSpec search() {
    ObjectNode schema = Json.object().put("type", "object");
    ObjectNode properties = schema.putObject("properties");
    properties.putObject("question").put("type", "string").put("minLength", 3);
    ObjectNode limit = properties.putObject("limit").put("type", "integer").put("minimum", 1);
    limit.put("maximum", 20).put("default", 8);
    properties.putObject("kind").putArray("anyOf").addObject().put("const", "page");
    schema.putArray("required").add("question");
    return new ToolSpec("search_sources", "Searches the sources.", schema);
  }

  static ModelRequest request(Message... messages) {
    return new ModelRequest(
        "You are careful.", List.of(messages), List.of(search()), 512, Duration.ofSeconds(20));
  }

  static ModelRequest question() {
    return request(new Message.User("Wie fängt man Mäuse? 🐭"));
  }

  ModelAnswer ask(ModelRequest request) {
    return model.ask(request, event -> {});
  }

  ModelException failure(ModelRequest request) {
    ModelException failure =
        catchThrowableOfType(ModelException.class, () -> model.ask(request, event -> {}));
    assertThat(failure).as("the call fails").isNotNull();
    assertNoKey(failure);
    return failure;
  }

  static void assertNoKey(Throwable failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    assertThat(trace.toString()).doesNotContain(KEY);
    if (failure instanceof ModelException model) {
      assertThat(model.failure().toString()).doesNotContain(KEY);
    }
  }

  // Answers

  @Test
  void streamsTextInPiecesOnTheCallingThread() {
    provider.answers(Script.of(new Words("Mit ", "Käse", " – 🧀", " & Geduld", ".\n\n", "Ende")));
    List<String> deltas = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    List<ModelEvent> events = new ArrayList<>();

    ModelAnswer answer =
        model.ask(
            question(),
            event -> {
              threads.add(Thread.currentThread());
              events.add(event);
              if (event instanceof ModelEvent.TextDelta delta) {
                deltas.add(delta.text());
              }
            });

    assertThat(answer.text()).isEqualTo("Mit Käse – 🧀 & Geduld.\n\nEnde");
    assertThat(answer.stop()).isEqualTo(Stop.END);
    assertThat(answer.calls()).isEmpty();
    assertThat(String.join("", deltas)).isEqualTo(answer.text());
    assertThat(deltas).hasSizeGreaterThan(3);
    assertThat(threads).containsOnly(Thread.currentThread());
    assertThat(events.getLast()).isEqualTo(new ModelEvent.Answered(answer));
  }

  @Test
  void keepsEveryCharacterWhenEachByteComesAlone() {
    provider.next(provider.stream(Script.of(new Words("äöü", "漢字", "🧀")), 1, 99, Ending.ORDERLY));

    assertThat(ask(question()).text()).isEqualTo("äöü漢字🧀");
  }

  @Test
  void givesSeveralToolCallsOfOneAnswerInOrder() {
    provider.answers(
        Script.of(
            new Words("I will look."),
            new Call("toolu_a", "search_sources", "{\"question\":\"Mäuse\",\"limit\":3}"),
            new Call("toolu_b", "search_sources", "{\"question\":\"Käse\"}"),
            new Call("toolu_c", "ls", "{}")));
    List<String> started = new ArrayList<>();

    ModelAnswer answer =
        model.ask(
            question(),
            event -> {
              if (event instanceof ModelEvent.CallStarted call) {
                started.add(call.tool());
              }
            });

    assertThat(answer.text()).isEqualTo("I will look.");
    assertThat(answer.stop()).isEqualTo(Stop.TOOLS);
    assertThat(answer.calls())
        .extracting(ToolCall::tool)
        .containsExactly("search_sources", "search_sources", "ls");
    assertThat(started).containsExactly("search_sources", "search_sources", "ls");
    assertThat(answer.calls().stream().map(call -> Json.parse(call.arguments())))
        .containsExactly(
            Json.parse("{\"question\":\"Mäuse\",\"limit\":3}"),
            Json.parse("{\"question\":\"Käse\"}"),
            Json.parse("{}"));
    assertThat(answer.calls()).extracting(ToolCall::id).doesNotHaveDuplicates();
    if (wire.carriesIds()) {
      assertThat(answer.calls())
          .extracting(ToolCall::id)
          .containsExactly("toolu_a", "toolu_b", "toolu_c");
    }
  }

  @Test
  void sendsToolResultsBackAsTheProviderWantsThem() {
    provider.answers(
        Script.of(
            new Call("toolu_a", "search_sources", "{\"question\":\"Mäuse\"}"),
            new Call("toolu_b", "search_sources", "{\"question\":\"Käse\"}")));
    ModelAnswer first = ask(question());
    provider.answers(Script.of(new Words("Done.")));

    ModelAnswer second =
        ask(
            request(
                new Message.User("Wie fängt man Mäuse? 🐭"),
                new Message.Assistant(first.text(), first.calls()),
                new Message.ToolResult(
                    first.calls().get(0).id(), "search_sources", "Found 1 passages.", false),
                new Message.ToolResult(
                    first.calls().get(1).id(), "search_sources", "No such index.", true)));

    assertThat(second.text()).isEqualTo("Done.");
    JsonNode sent = Json.parse(provider.asked().get(1).body());
    List<String> results = wire.results(sent);
    assertThat(results).hasSize(2);
    assertThat(results.get(0))
        .startsWith(first.calls().get(0).id() + "|Found 1 passages.|")
        .doesNotContain("true");
    assertThat(results.get(1)).startsWith(first.calls().get(1).id() + "|No such index.|");
    assertThat(wire.arguments(sent))
        .containsExactly("{\"question\":\"Mäuse\"}", "{\"question\":\"Käse\"}");
  }

  @Test
  void sendsSystemPromptSchemaLimitAndKeyWhereTheyBelong() {
    provider.answers(Script.of(new Words("Yes.")));

    ask(question());

    LocalProvider.Asked asked = provider.asked().getFirst();
    JsonNode body = Json.parse(asked.body());
    assertThat(wire.system(body)).isEqualTo("You are careful.");
    assertThat(wire.maxTokens(body)).isEqualTo(512);
    assertThat(wire.schema(body).path("properties"))
        .isEqualTo(search().parameters().path("properties"));
    assertThat(wire.schema(body).path("required"))
        .isEqualTo(search().parameters().path("required"));
    String[] header = wire.keyHeader(KEY).split(": ", 2);
    assertThat(asked.header(header[0])).isEqualTo(header[1]);
    assertThat(asked.path() + asked.body()).doesNotContain(KEY);
  }

  @Test
  void survivesEmptyTextsAndGarbledArgumentsInTheHistory() {
    provider.answers(Script.of(new Words("Fine.")));

    ModelAnswer answer =
        ask(
            request(
                new Message.User(""),
                new Message.Assistant("", List.of()),
                new Message.User("Again."),
                new Message.Assistant(
                    "", List.of(new ToolCall("call_1", "search_sources", "{\"question\": \"Mä"))),
                new Message.ToolResult("call_1", "search_sources", "", true)));

    assertThat(answer.text()).isEqualTo("Fine.");
    assertThat(wire.arguments(Json.parse(provider.asked().getFirst().body())))
        .containsExactly("{\"invalid_arguments\":\"{\\\"question\\\": \\\"Mä\"}");
  }

  @Test
  void countsTokensWithCachedOnesInsideTheInput() {
    provider.answers(Script.of(new Words("Yes.")).using(1200, 900, 34));

    Usage usage = ask(question()).usage();

    assertThat(usage).isEqualTo(new Usage(1200, wire.countsCached() ? 900 : 0, 34));
  }

  @Test
  void saysWhenTheAnswerWasCutByItsLimit() {
    provider.answers(Script.of(new Words("And so")).stopping("length"));

    assertThat(ask(question()).stop()).isEqualTo(Stop.LENGTH);
  }

  @Test
  void replacesIdsThatWereUsedBeforeAndGivesTheSameOnesAgain() {
    Message[] history = {
      new Message.User("Go."),
      new Message.Assistant("", List.of(new ToolCall("call_7", "ls", "{}"))),
      new Message.ToolResult("call_7", "ls", "a", false)
    };
    Script script = Script.of(new Call("call_7", "ls", "{}"), new Call("call_7", "ls", "{}"));
    provider.answers(script);
    provider.answers(script);

    List<ToolCall> first = ask(request(history)).calls();
    List<ToolCall> second = ask(request(history)).calls();

    assertThat(first).extracting(ToolCall::id).containsExactly("call_8", "call_9");
    assertThat(second).isEqualTo(first);
  }

  @Test
  void answersManyCallersAtOnce() {
    int callers = 16;
    for (int i = 0; i < callers; i++) {
      provider.answers(Script.of(new Words("same", " for", " all")));
    }
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      answers.add(CompletableFuture.supplyAsync(() -> ask(question()).text()));
    }

    assertThat(answers.stream().map(CompletableFuture::join)).containsOnly("same for all");
  }

  // Failures

  @Test
  void namesTheVariableWhenTheKeyIsRefused() {
    for (int status : new int[] {401, 403}) {
      provider.fails(
          status, wire.error("authentication_error", "invalid_api_key", "bad key " + KEY));

      ModelException failure = failure(question());

      assertThat(failure.kind()).isEqualTo(Kind.UNAUTHORIZED);
      assertThat(failure.code()).isEqualTo("model_unauthorized");
      assertThat(failure.failure().retryable()).isFalse();
      assertThat(failure.failure().remedy())
          .contains(wire.model().provider().keyVariable())
          .doesNotContain(KEY);
    }
  }

  @Test
  void namesTheModelThatIsNotThere() {
    provider.fails(
        404, wire.error("not_found_error", "model_not_found", "model 'x' not found, try pulling"));

    ModelException failure = failure(question());

    assertThat(failure.kind()).isEqualTo(Kind.UNKNOWN_MODEL);
    assertThat(failure).hasMessageContaining(wire.model().name());
  }

  @Test
  void handsOnHowLongToWait() {
    String body = wire.error("rate_limit_error", "rate_limit_exceeded", "slow down");
    provider.fails(429, body, "Retry-After", "7");
    provider.fails(429, body, "Retry-After", "Sat, 21 Nov 2026 10:01:30 GMT");
    provider.fails(429, body, "Retry-After", "2", "retry-after-ms", "1250");
    provider.fails(429, body, "Retry-After", "Fri, 20 Nov 2026 10:00:00 GMT");
    provider.fails(429, body, "Retry-After", "soon");
    provider.fails(429, body);

    List<Duration> waits = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      ModelException failure = failure(question());
      assertThat(failure.kind()).isEqualTo(Kind.RATE_LIMITED);
      assertThat(failure.failure().retryable()).isTrue();
      waits.add(failure.retryAfter().orElse(Duration.ofDays(-1)));
    }

    assertThat(waits)
        .containsExactly(
            Duration.ofSeconds(7),
            Duration.ofSeconds(90),
            Duration.ofMillis(1250),
            Duration.ZERO,
            Duration.ofDays(-1),
            Duration.ofDays(-1));
  }

  @Test
  void callsItTheProvidersFailureWithoutTryingAgainItself() {
    for (int status : new int[] {500, 502, 503, 529}) {
      provider.fails(status, wire.error("overloaded_error", "", "Overloaded"), "Retry-After", "3");

      ModelException failure = failure(question());

      assertThat(failure.kind()).isEqualTo(Kind.PROVIDER_FAILED);
      assertThat(failure.failure().retryable()).isTrue();
      assertThat(failure.retryAfter()).contains(Duration.ofSeconds(3));
    }
    assertThat(provider.asked()).hasSize(4);
  }

  @Test
  void tellsAnOverflowingContextFromOtherRefusals() {
    for (Wire.Overflow overflow : wire.overflows()) {
      provider.fails(overflow.status(), overflow.body());
      assertThat(failure(question()).kind()).as(overflow.body()).isEqualTo(Kind.CONTEXT_OVERFLOW);
    }
    provider.fails(
        400,
        wire.error(
            "invalid_request_error",
            "",
            "max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens"));
    ModelException refusal = failure(question());
    assertThat(refusal.kind()).isEqualTo(Kind.BAD_REQUEST);
    assertThat(refusal).hasMessageContaining("maximum allowed number of output tokens");
  }

  @Test
  void readsAnErrorPageThatIsNoJson() {
    provider.fails(502, "<html><body>Bad gateway " + KEY + "</body></html>");

    ModelException failure = failure(question());

    assertThat(failure.kind()).isEqualTo(Kind.PROVIDER_FAILED);
    assertThat(failure).hasMessageContaining("Bad gateway");
  }

  @Test
  void reportsAFailureInMidStream() {
    String begun = String.join("", wire.events(Script.of(new Words("Half"))).subList(0, 1));
    provider.next(
        provider.raw(
            begun + wire.errorEvent("overloaded_error", "Overloaded"), 50, Ending.ORDERLY));

    ModelException failure = failure(question());

    assertThat(failure.kind()).isEqualTo(Kind.PROVIDER_FAILED);
    assertThat(failure).hasMessageContaining("Overloaded");
  }

  @Test
  void neverTakesACutStreamForAnAnswer() {
    Script script =
        Script.of(new Words("One", " two"), new Call("toolu_a", "ls", "{\"path\":\"/workspace\"}"));
    int whole = wire.events(script).size();
    for (Ending ending : new Ending[] {Ending.ORDERLY, Ending.BROKEN}) {
      for (int events = 0; events < whole; events++) {
        provider.next(provider.stream(script, 40, events, ending));

        ModelException failure = failure(question());

        assertThat(failure.kind()).as(events + " events, then " + ending).isEqualTo(Kind.CUT);
        assertThat(failure.failure().retryable()).isTrue();
      }
    }
  }

  @Test
  void doesNotWaitForTheConnectionToEndAfterTheAnswerHas() {
    provider.next(provider.stream(Script.of(new Words("All.")), 40, 99, Ending.SILENT));
    provider.next(provider.stream(Script.of(new Words("All.")), 40, 99, Ending.BROKEN));

    long start = System.nanoTime();
    assertThat(ask(question()).text()).isEqualTo("All.");
    assertThat(ask(question()).text()).isEqualTo("All.");
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isLessThan(question().deadline().dividedBy(2));
  }

  @Test
  void refusesAnEventThatIsNoJson() {
    List<String> events = new ArrayList<>(wire.events(Script.of(new Words("a", "b", "c"))));
    events.add(2, wire.garbage());
    provider.next(provider.raw(String.join("", events), 50, Ending.ORDERLY));

    assertThat(failure(question()).kind()).isEqualTo(Kind.PROVIDER_FAILED);
  }

  @Test
  void refusesALineWithoutEnd() {
    try (ModelClient narrow = open(new Limits(1 << 20, 10_000, 1000))) {
      provider.next(provider.raw(wire.lineStart() + "x".repeat(200_000), 10_000, Ending.SILENT));

      ModelException failure =
          catchThrowableOfType(ModelException.class, () -> narrow.ask(question(), event -> {}));

      assertThat(failure.kind()).isEqualTo(Kind.PROVIDER_FAILED);
      assertThat(failure).hasMessageContaining("a line of more than 10000 bytes");
    }
  }

  @Test
  void refusesAnAnswerWithoutEnd() {
    try (ModelClient narrow = open(new Limits(20_000, 10_000, 1000))) {
      String[] words = new String[400];
      Arrays.fill(words, "and so on, ");
      provider.next(provider.stream(Script.of(new Words(words)), 5000, 399, Ending.SILENT));

      ModelException failure =
          catchThrowableOfType(ModelException.class, () -> narrow.ask(question(), event -> {}));

      assertThat(failure.kind()).isEqualTo(Kind.PROVIDER_FAILED);
      assertThat(failure).hasMessageContaining("an answer of more than 20000 bytes");
    }
  }

  @Test
  void endsAtTheDeadlineAndLetsGoOfTheConnection() {
    ModelRequest hurried = hurried();
    Script script = Script.of(new Words("Slow", "ly"));
    provider.next(provider.stream(script, 40, 2, Ending.DRIPPING));
    long start = System.nanoTime();

    ModelException failure = failure(hurried);

    assertThat(failure.kind()).isEqualTo(Kind.TIMEOUT);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    await().atMost(Duration.ofSeconds(10)).until(() -> provider.open() == 0);
  }

  @Test
  void endsAtTheDeadlineWhenNothingComesAtAll() {
    provider.next(provider.silence());
    long start = System.nanoTime();

    assertThat(failure(hurried()).kind()).isEqualTo(Kind.TIMEOUT);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  private static ModelRequest hurried() {
    return new ModelRequest("", question().messages(), List.of(), 100, Duration.ofMillis(400));
  }

  @Test
  void endsWhenTheThreadIsInterruptedAndLetsGoOfTheConnection() throws InterruptedException {
    provider.next(
        provider.stream(Script.of(new Words("On", " and", " on")), 40, 2, Ending.DRIPPING));
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    CompletableFuture<Boolean> stillMarked = new CompletableFuture<>();
    Thread caller =
        Thread.ofVirtual()
            .start(
                () -> {
                  thrown.complete(
                      catchThrowableOfType(ModelException.class, () -> ask(question())));
                  stillMarked.complete(Thread.currentThread().isInterrupted());
                });
    await().until(() -> provider.open() == 1);

    caller.interrupt();

    Throwable failure = thrown.orTimeout(10, TimeUnit.SECONDS).join();
    assertThat(failure).isInstanceOf(ModelException.class);
    assertThat(((ModelException) failure).code()).isEqualTo("model_interrupted");
    assertThat(((ModelException) failure).failure().retryable()).isFalse();
    assertThat(stillMarked.join()).isTrue();
    await().atMost(Duration.ofSeconds(10)).until(() -> provider.open() == 0);
  }

  @Test
  void endsTheCallWhenTheReceiverThrows() {
    Script script = Script.of(new Words("a", "b", "c"));
    provider.next(provider.stream(script, 40, wire.events(script).size() - 1, Ending.DRIPPING));
    IllegalStateException thrown = new IllegalStateException("the receiver has had enough");

    IllegalStateException caught =
        catchThrowableOfType(
            IllegalStateException.class,
            () ->
                model.ask(
                    question(),
                    event -> {
                      throw thrown;
                    }));

    assertThat(caught).isSameAs(thrown);
    await().atMost(Duration.ofSeconds(10)).until(() -> provider.open() == 0);
  }

  @Test
  void saysWhereNobodyListens() {
    provider.close();

    ModelException failure = failure(question());

    assertThat(failure.kind()).isEqualTo(Kind.CUT);
    assertThat(failure).hasMessageContaining(provider.address().toString());
    assertThat(failure.failure().remedy()).isNotBlank();
  }

  @Test
  void neverFollowsARedirectWithTheKey() {
    try (LocalProvider other = new LocalProvider(wire)) {
      provider.fails(307, "", "Location", other.address() + "/v1/messages");

      ModelException failure = failure(question());

      assertThat(failure.kind()).isEqualTo(Kind.BAD_REQUEST);
      assertThat(failure).hasMessageContaining(other.address().toString());
      assertThat(failure.failure().remedy()).contains(wire.model().provider().baseUrlVariable());
      assertThat(other.asked()).isEmpty();
    }
  }

  @Test
  void saysWhenAWebPageAnswersInPlaceOfTheModel() {
    provider.next(
        exchange -> {
          exchange.getResponseHeaders().add("Content-Type", "text/html");
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write("<p>Welcome</p>".getBytes(StandardCharsets.UTF_8));
          exchange.close();
        });

    ModelException failure = failure(question());

    assertThat(failure.kind()).isEqualTo(Kind.BAD_REQUEST);
    assertThat(failure.failure().remedy()).contains(wire.model().provider().baseUrlVariable());
  }

  @Test
  void neverShowsTheKey() {
    assertThat(model.toString()).doesNotContain(KEY);
    assertThat(model.id()).isEqualTo(wire.model().id());
    assertThat(model.isLanguageModel()).isTrue();
    assertThat(model.contextTokens()).isEqualTo(100_000);
  }
}
