package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The measurements over files, in the formats that others write. */
class EvalTest {
  private static final String TEXT =
      "The harbour of the old town lies behind two long walls which break the waves of the winter"
          + " storms. Small boats enter through the narrow gate at high water and leave it again"
          + " before the tide has fallen, because the ground between the walls is dry for half of"
          + " the day. A keeper watches the gate and rings a bell when the water begins to fall,"
          + " so that nobody who has business in the town is kept there for the night.";

  @TempDir Path temp;

  private Command.Ended run(String... arguments) {
    return new Command(temp.resolve("home"), temp, Map.of()).run(arguments);
  }

  private static List<JsonNode> lines(Command.Ended ended) {
    return ended.out().lines().map(Json::parse).toList();
  }

  @Test
  void noveltyJudgesEachSubmissionAgainstTheCorpusAlone() throws Exception {
    Files.writeString(
        temp.resolve("corpus.jsonl"),
        Json.write(Json.object().put("id", "a1").put("author", "ada").put("text", TEXT)) + "\n\n");
    Files.writeString(
        temp.resolve("new.jsonl"),
        Json.write(Json.object().put("id", "copy").put("more", 1).put("text", TEXT))
            + "\n"
            + Json.write(Json.object().put("id", "short").put("text", "Too short."))
            + "\n");
    Command.Ended ended =
        run("eval", "novelty", "--corpus", "corpus.jsonl", "--submissions", "new.jsonl");
    assertThat(ended.exit()).as(ended.err()).isZero();
    List<JsonNode> lines = lines(ended);
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0).path("id").asText()).isEqualTo("copy");
    assertThat(lines.get(0).path("score").asInt()).isZero();
    assertThat(lines.get(0).path("chip").asInt()).isZero();
    assertThat(lines.get(0).path("reason").asText()).startsWith("copied:");
    assertThat(lines.get(0).path("nearest").path(0).asText()).isEqualTo("a1");
    assertThat(lines.get(1).path("reason").asText()).startsWith("too_short:");
    assertThat(lines.get(2).path("summary").asBoolean()).isTrue();
    assertThat(lines.get(2).path("submissions").asInt()).isEqualTo(2);
  }

  @Test
  void retrievalAnswersEveryQueryAndSumsUpWhatWasJudged() throws Exception {
    Files.writeString(
        temp.resolve("corpus.jsonl"),
        "{\"id\":\"harbour\",\"title\":\"A harbour\",\"text\":"
            + Json.write(com.fasterxml.jackson.databind.node.TextNode.valueOf(TEXT))
            + "}\n"
            + "{\"id\":\"bread\",\"title\":\"Bread\",\"text\":\"The baker feeds the starter with"
            + " flour and waits until it has risen.\",\"more\":[]}\n");
    Files.writeString(
        temp.resolve("queries.jsonl"),
        """
        {"id":"q1","text":"when may ships leave the port"}
        {"id":"q2","text":"sourdough"}
        """);
    Files.writeString(temp.resolve("qrels.txt"), "q1 0 harbour 1\nq1 0 bread 0\nq2 0 bread 2\n");
    Command.Ended ended =
        run(
            "eval",
            "retrieval",
            "--corpus",
            "corpus.jsonl",
            "--queries",
            "queries.jsonl",
            "--qrels",
            "qrels.txt");
    assertThat(ended.exit()).as(ended.err()).isZero();
    List<JsonNode> lines = lines(ended);
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0).path("query").asText()).isEqualTo("q1");
    assertThat(lines.get(0).path("results").path(0).path("id").asText()).isEqualTo("harbour");
    assertThat(lines.get(1).path("results").path(0).path("id").asText()).isEqualTo("bread");
    JsonNode summary = lines.get(2);
    assertThat(summary.path("summary").asBoolean()).isTrue();
    assertThat(summary.path("ndcg@10").asDouble()).isEqualTo(1);
    assertThat(summary.path("recall@100").asDouble()).isEqualTo(1);
    assertThat(summary.path("words").has("ndcg@10")).isTrue();
  }

  @Test
  void ringsReadsCsvAndNamesTheMembers() throws Exception {
    StringBuilder csv = new StringBuilder("src,trg,weight\n");
    for (int i = 0; i < 120; i++) {
      for (int k = 1; k <= 12; k++) {
        csv.append("a" + i + ",a" + ((i * 7 + k * k * 3) % 120) + ",1\n");
      }
    }
    for (String edge : List.of("x,y", "y,z", "z,x", "y,x", "z,y", "x,z")) {
      csv.append(edge).append(",9\n");
    }
    for (String member : List.of("x", "y", "z")) {
      csv.append(member).append(",a5,2\na9,").append(member).append(",2\n");
    }
    Files.writeString(temp.resolve("c.csv"), csv);
    List<JsonNode> lines = lines(run("eval", "rings", "c.csv"));
    assertThat(lines.getFirst().path("ring")).extracting(JsonNode::asText).contains("x", "y", "z");
    assertThat(lines.getFirst().path("p").asDouble()).isLessThan(0.01);
    assertThat(lines.getLast().path("summary").asBoolean()).isTrue();
  }

  @Test
  void saysWhichFileOrLineIsWrong() throws Exception {
    assertThat(run("eval", "novelty").err()).contains("--corpus FILE");
    assertThat(run("eval", "rings", "none.csv").err()).contains("none.csv");
    Files.writeString(temp.resolve("bad.csv"), "src,trg,weight\na,b\n");
    Command.Ended bad = run("eval", "rings", "bad.csv");
    assertThat(bad.exit()).isEqualTo(2);
    assertThat(bad.err()).contains("line 2");
    assertThat(run("eval", "nonsense", "x").err()).contains("novelty");
  }
}
