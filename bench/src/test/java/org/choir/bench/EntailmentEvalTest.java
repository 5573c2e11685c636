package org.choir.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EntailmentEvalTest {
  private static final Path HELD_OUT = Path.of("../knowledge/src/test/resources/entailment");

  @TempDir Path temp;

  private List<JsonNode> run(String name, Path file) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Evals.run(
        name,
        Map.of("file", file),
        temp,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8).lines().map(Json::parse).toList();
  }

  @Test
  void answersEachLineInTheAgreedFormThenTheSummary() throws Exception {
    Path file =
        Files.writeString(
            temp.resolve("claims.jsonl"),
            """
            \uFEFF{"id":"a","claim":"The bridge was opened in 1931.","evidence":["Birds sing.","The bridge was opened in 1931."],"label":"SUPPORTS","more":1}

            {"id":7,"claim":"Penguins sleep.","evidence":["The bridge was opened in 1931."]}
            {"claim":"The bridge was opened in 1947.","evidence":"The bridge was opened in 1931. Birds sing.","label":"refuted"}
            """);
    List<JsonNode> lines = run("entailment-words", file);
    assertThat(lines).hasSize(4);
    JsonNode first = lines.getFirst();
    assertThat(first.path("id").asText()).isEqualTo("a");
    assertThat(first.path("verdict").asText()).isEqualTo("supported");
    assertThat(first.path("score").asDouble()).isBetween(0.5, 1.0);
    assertThat(first.path("spans").path(0).path("sentence").asInt()).isEqualTo(1);
    assertThat(first.path("spans").path(0).path("quote").asText())
        .isEqualTo("The bridge was opened in 1931.");
    assertThat(lines.get(1).path("id").asInt()).isEqualTo(7);
    assertThat(lines.get(1).path("verdict").asText()).isEqualTo("unsupported");
    assertThat(lines.get(1).path("spans")).isEmpty();
    assertThat(lines.get(2).path("verdict").asText()).isEqualTo("contradicted");
    JsonNode summary = lines.getLast();
    assertThat(summary.path("summary").asBoolean()).isTrue();
    assertThat(summary.path("claims").asInt()).isEqualTo(3);
    assertThat(summary.path("labelled").asInt()).isEqualTo(2);
    assertThat(summary.path("balanced_accuracy").asDouble()).isEqualTo(1.0);
  }

  @Test
  void namesTheLineThatCannotBeRead() throws Exception {
    Map<String, String> bad =
        Map.of(
            "nonsense", "bad_json",
            "{\"id\":1}", "bad_example",
            "{\"claim\":\"a\",\"evidence\":[],\"label\":\"perhaps\"}", "bad_label");
    for (Map.Entry<String, String> line : bad.entrySet()) {
      Path file =
          Files.writeString(
              temp.resolve("bad.jsonl"),
              "{\"claim\":\"a b\",\"evidence\":[\"c\"]}\n" + line.getKey());
      assertThatThrownBy(() -> run("entailment-words", file))
          .isInstanceOfSatisfying(
              ChoirException.class,
              e -> {
                assertThat(e.code()).isEqualTo(line.getValue());
                assertThat(e.failure().message()).contains("line 2");
              });
    }
  }

  /** Sets of which nothing was learnt and on which nothing was tuned. */
  @Test
  void wordsAloneKeepTheirQualityOnHeldOutSets() {
    JsonNode gold = run("entailment-words", HELD_OUT.resolve("gold-test.jsonl")).getLast();
    assertThat(gold.path("auroc").asDouble()).as("%s", gold).isGreaterThan(0.66);
    JsonNode pages = run("entailment-words", HELD_OUT.resolve("pages-test.jsonl")).getLast();
    assertThat(pages.path("auroc").asDouble()).as("%s", pages).isGreaterThan(0.70);
  }

  @Test
  @Tag("long")
  void meaningsKeepTheirQualityOnHeldOutSets() {
    JsonNode gold = run("entailment", HELD_OUT.resolve("gold-test.jsonl")).getLast();
    assertThat(gold.path("auroc").asDouble()).as("%s", gold).isGreaterThan(0.72);
    JsonNode pages = run("entailment", HELD_OUT.resolve("pages-test.jsonl")).getLast();
    assertThat(pages.path("auroc").asDouble()).as("%s", pages).isGreaterThan(0.75);
  }
}
