package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program in a run's VM asks its host through the whole house: {@code choir} in the guest, the
 * channel, the server, the gate, the run's own sources and history.
 */
class GuestCommandTest {
  private static final String SCRIPT =
      """
      choir kb search ferry winter cable
      choir kb search --json cable | jq -r '.passages[0].key'
      choir fetch http://127.0.0.1:4222/
      choir model Say hello
      choir wallet
      key=$(choir kb search --json cable | jq -r '.passages[0].key')
      mkdir -p drafts && cd drafts
      echo "In winter the ferry crosses the river along a cable [@$key]." > r.md
      echo "Nine moons pull the ferry [@sdeadbeef00]." >> r.md
      python3 /skills/verify_citations.py --draft r.md
      """;

  @TempDir Path temp;
  private HttpServer provider;

  /** A provider whose model has one program run, and then has nothing more to do. */
  @BeforeEach
  void startProvider() throws Exception {
    provider = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    provider.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    provider.createContext("/v1/chat/completions", GuestCommandTest::answer);
    provider.start();
    Path sources = Files.createDirectories(temp.resolve("sources"));
    Files.writeString(
        sources.resolve("ferry.md"),
        "# The ferry\n\nIn winter the ferry crosses the river along a cable.\n");
  }

  @AfterEach
  void stop() {
    choir("down");
    provider.stop(0);
  }

  private Command.Ended choir(String... arguments) {
    return new Command(
            temp.resolve("home"),
            temp,
            Map.of(
                "OPENAI_API_KEY",
                "sk-of-this-test",
                "OPENAI_BASE_URL",
                "http://127.0.0.1:" + provider.getAddress().getPort() + "/v1"))
        .run(arguments);
  }

  private static void answer(HttpExchange exchange) throws IOException {
    JsonNode asked =
        Json.parse(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
    String said = asked.path("messages").toString();
    ObjectNode delta = Json.object().put("role", "assistant");
    String finish = "stop";
    if (said.contains("Say hello") && !said.contains("execute")) {
      delta.put("content", "Hello, program.");
    } else if (said.contains("\"role\":\"tool\"")) {
      delta.put("content", "There is nothing more to say.");
    } else {
      finish = "tool_calls";
      delta
          .putArray("tool_calls")
          .addObject()
          .put("index", 0)
          .put("id", "call_1")
          .put("type", "function")
          .putObject("function")
          .put("name", "execute")
          .put("arguments", Json.write(Json.object().put("command", SCRIPT)));
    }
    exchange.getResponseHeaders().add("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    try (var out = exchange.getResponseBody()) {
      for (ObjectNode part : List.of(chunk(delta, ""), chunk(Json.object(), finish))) {
        out.write(("data: " + Json.write(part) + "\n\n").getBytes(StandardCharsets.UTF_8));
      }
      out.write("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
    }
  }

  private static ObjectNode chunk(ObjectNode delta, String finish) {
    ObjectNode chunk = Json.object().put("id", "c1").put("object", "chat.completion.chunk");
    ObjectNode choice = chunk.putArray("choices").addObject().put("index", 0);
    choice.set("delta", delta);
    if (!finish.isEmpty()) {
      choice.put("finish_reason", finish);
      chunk
          .putObject("usage")
          .put("prompt_tokens", 10)
          .put("completion_tokens", 5)
          .put("total_tokens", 15);
    }
    return chunk;
  }

  @Test
  void aProgramAsksItsHostWithinItsRunsRights() {
    Command.Ended ended =
        choir(
            "research",
            "How does the ferry cross?",
            "--sources",
            "sources",
            "--depth",
            "quick",
            "--model",
            "openai:scripted",
            "--yes");
    String run = ended.err().replaceAll("(?s).*choir: run (r[a-z0-9]+).*", "$1");
    List<JsonNode> events =
        choir("events", run).out().lines().map(line -> Json.parse(line)).toList();
    String text = of(events, "observed").findFirst().orElseThrow().path("text").asText();
    String key = of(events, "evidence").findFirst().orElseThrow().path("key").asText();
    assertThat(text)
        .contains(
            "[@"
                + key
                + "] The ferry\nIn winter the ferry crosses the river along a cable.\n"
                + key)
        .contains("choir: 127.0.0.1:4222 is not on this machine's allow list (egress_not_allowed)")
        .contains("choir: 'guest.model' has effects outside this machine that nobody has permitted")
        .contains("choir: there is no command \"wallet\"")
        .contains("fabricated: Nine moons pull the ferry")
        .contains("2 claims: 1 fabricated, 1 supported")
        .doesNotContain("sk-of-this-test");
    // The history names each call, its verdict, and the dial that was refused.
    assertThat(
            of(events, "guest_call")
                .map(e -> e.path("operation").asText() + " " + e.path("verdict").asText()))
        .containsExactly(
            "guest.kb.search ALLOW",
            "guest.kb.search ALLOW",
            "guest.fetch ALLOW",
            "guest.model DENY",
            "guest.kb.search ALLOW",
            "guest.verify ALLOW");
    JsonNode dial = of(events, "egress").findFirst().orElseThrow().path("dials").get(0);
    assertThat(dial.path("host").asText()).isEqualTo("127.0.0.1");
    assertThat(dial.path("verdict").asText()).isEqualTo("DENY");
    // The model's work is not done by this, and the run says so.
    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.out()).contains("no report has been submitted");
  }

  private static Stream<JsonNode> of(List<JsonNode> events, String kind) {
    return events.stream()
        .map(event -> event.path("event"))
        .filter(event -> event.path("kind").asText().equals(kind));
  }
}
