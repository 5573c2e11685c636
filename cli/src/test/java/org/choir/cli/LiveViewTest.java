package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.choir.core.Json;
import org.choir.server.RunProgress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LiveViewTest {
  private static final Style PLAIN = new Style(false);
  private long sequence;

  private RunProgress fold(String... events) {
    RunProgress progress = new RunProgress();
    for (String event : events) {
      progress.apply(line("rabcdefg", event));
    }
    return progress;
  }

  private ObjectNode line(String agent, String event) {
    sequence++;
    return Json.object()
        .put("sequence", sequence)
        .put("run", "rabcdefg")
        .put("agent", agent)
        .put("at", Instant.ofEpochSecond(1_800_000_000 + sequence).toString())
        .set("event", Json.parse(event));
  }

  private RunProgress example() {
    RunProgress progress =
        fold(
            "{\"kind\":\"run_started\",\"question\":\"How does a run continue?\",\"model\":\"extractive\","
                + "\"options\":{\"depth\":\"standard\",\"documents\":5}}",
            "{\"kind\":\"state\",\"state\":\"running\"}",
            "{\"kind\":\"stage\",\"stage\":\"search\"}",
            "{\"kind\":\"todos\",\"todos\":[{\"content\":\"Plan\",\"status\":\"completed\"},"
                + "{\"content\":\"What is recorded?\",\"status\":\"in_progress\"},"
                + "{\"content\":\"Write the draft\",\"status\":\"pending\"}]}",
            "{\"kind\":\"source_skipped\",\"location\":\"/a\",\"reason\":\"empty\"}",
            "{\"kind\":\"answered\",\"usage\":{\"input\":1200,\"output\":34}}");
    progress.apply(
        line("rabcdefg-1", "{\"kind\":\"agent_started\",\"task\":\"What is recorded?\"}"));
    progress.apply(line("rabcdefg-2", "{\"kind\":\"agent_started\",\"task\":\"What is not?\"}"));
    progress.apply(line("rabcdefg-2", "{\"kind\":\"agent_ended\"}"));
    progress.apply(
        line("rabcdefg-1", "{\"kind\":\"evidence\",\"key\":\"s0123456789\",\"source\":\"aa\"}"));
    progress.apply(
        line("rabcdefg-1", "{\"kind\":\"evidence\",\"key\":\"s0123456789\",\"source\":\"aa\"}"));
    progress.apply(
        line("rabcdefg-1", "{\"kind\":\"evidence\",\"key\":\"s1123456789\",\"source\":\"aa\"}"));
    return progress;
  }

  @Test
  void showsStagesPlanWorkersCountsAndTime() {
    assertThat(LiveView.lines(example(), Duration.ofSeconds(65), 99, PLAIN))
        .containsExactly(
            "How does a run continue?",
            "plan → search → read → draft → verify → critique → revise → polish",
            "  ✓ Plan",
            "  ▸ What is recorded?",
            "  ○ Write the draft",
            "    · What is recorded?",
            "1:05 · running · 5 documents · 1 skipped · 2 passages from 1 source · 1 step · 1,234 tokens");
  }

  @Test
  void marksTheStageByColourOnlyWhereColoursAreWanted() {
    List<String> coloured = LiveView.lines(example(), Duration.ZERO, 200, new Style(true));
    assertThat(coloured.get(1)).contains("\u001b[32mplan").contains("\u001b[36m\u001b[1msearch");
    assertThat(String.join("", LiveView.lines(example(), Duration.ZERO, 200, PLAIN)))
        .doesNotContain("\u001b");
    assertThat(LiveView.lines(example(), Duration.ofSeconds(65), 200, PLAIN).getLast())
        .startsWith("1:05 ·");
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 30, 40, 60, 80, 200})
  void neverWritesALineWiderThanTheTerminal(int columns) {
    RunProgress progress = example();
    progress.apply(
        line(
            "rabcdefg",
            "{\"kind\":\"todos\",\"todos\":[{\"content\":\"" + "word ".repeat(100) + "\"}]}"));
    assertThat(LiveView.lines(progress, Duration.ofHours(3), columns, PLAIN))
        .allSatisfy(l -> assertThat(l.codePointCount(0, l.length())).isLessThanOrEqualTo(columns));
  }

  @Test
  void shortensALongPlanAndSaysHowMuchIsLeftOut() {
    StringBuilder todos = new StringBuilder();
    for (int i = 1; i <= 15; i++) {
      todos.append(i == 1 ? "" : ",").append("{\"content\":\"point ").append(i).append("\"}");
    }
    List<String> lines =
        LiveView.lines(
            fold("{\"kind\":\"todos\",\"todos\":[" + todos + "]}"), Duration.ZERO, 80, PLAIN);
    assertThat(lines).contains("  ○ point 12", "    and 3 more").doesNotContain("  ○ point 13");
  }

  @Test
  void showsHostileTextOnOneLineWithoutControlCharacters() {
    RunProgress progress =
        fold("{\"kind\":\"run_started\",\"question\":\"a\\u001b[2Jb\\u202ec\\nd\",\"options\":{}}");
    assertThat(LiveView.lines(progress, Duration.ZERO, 80, PLAIN).getFirst())
        .isEqualTo("a [2Jbc d");
  }

  @Test
  void aFinishedRunHasAllStagesBehindIt() {
    RunProgress progress = example();
    progress.apply(line("rabcdefg", "{\"kind\":\"state\",\"state\":\"completed\"}"));
    assertThat(LiveView.lines(progress, Duration.ZERO, 80, new Style(true)).get(1))
        .contains("\u001b[32mpolish");
  }

  @Test
  void plainLinesSayWhatAReaderWantsToKnowAndNothingElse() {
    assertThat(PlainLines.line(line("rabcdefg", "{\"kind\":\"stage\",\"stage\":\"read\"}")))
        .contains("stage: read");
    assertThat(
            PlainLines.line(
                line(
                    "rabcdefg",
                    "{\"kind\":\"source_skipped\",\"location\":\"/x.pdf\",\"reason\":\"no text\"}")))
        .contains("skipped: /x.pdf (no text)");
    assertThat(
            PlainLines.line(
                line("rabcdefg", "{\"kind\":\"state\",\"state\":\"paused\",\"reason\":\"user\"}")))
        .contains("state: paused (user)");
    assertThat(PlainLines.line(line("rabcdefg-1", "{\"kind\":\"stage\",\"stage\":\"read\"}")))
        .isEmpty();
    assertThat(PlainLines.line(line("rabcdefg", "{\"kind\":\"answered\"}"))).isEmpty();
  }

  @Test
  void theScreenRedrawsInPlaceAndFitsTheTerminal() {
    var bytes = new java.io.ByteArrayOutputStream();
    Screen screen =
        new Screen(
            new java.io.PrintStream(bytes, true, java.nio.charset.StandardCharsets.UTF_8), 4);
    screen.draw(List.of("a", "b", "c", "d", "e"));
    screen.draw(List.of("x"));
    screen.draw(List.of("x"));
    assertThat(bytes.toString(java.nio.charset.StandardCharsets.UTF_8))
        .isEqualTo(
            "\u001b[2Kc\n\u001b[2Kd\n\u001b[2Ke\n\u001b[0J" + "\u001b[3A\r\u001b[2Kx\n\u001b[0J");
  }
}
