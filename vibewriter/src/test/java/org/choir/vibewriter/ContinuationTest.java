package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.junit.jupiter.api.Test;

class ContinuationTest {
  private static final RunId RUN = new RunId("rearlier1");

  private static ObjectNode started(ResearchOptions options) {
    ObjectNode started =
        Json.object().put("kind", "run_started").put("question", "What is a\nlog?");
    started.set("options", options.toJson("What is a\nlog?"));
    return started;
  }

  private static ResearchOptions options(Optional<Continuation> continued) {
    return new ResearchOptions(
        Depth.STANDARD, List.of(Path.of("/docs")), "set1", 12, 2, "de", continued);
  }

  private static ObjectNode evidence(String key, String title) {
    return Json.object()
        .put("kind", "evidence")
        .put("key", key)
        .put("title", title)
        .put("section", "Part › One");
  }

  private static ObjectNode todos(String status) {
    ObjectNode event = Json.object().put("kind", "todos");
    event.putArray("todos").addObject().put("content", "What is logged?").put("status", status);
    return event;
  }

  @Test
  void takesOverQuestionPlanNotesEvidenceAndReport() {
    Continuation continued =
        Continuation.from(
            RUN,
            List.of(
                started(options(Optional.empty())),
                todos("pending"),
                evidence("s0000000001", "Logs"),
                Json.object().put("kind", "note").put("from", "policy").put("text", "go on"),
                Json.object().put("kind", "note").put("from", "person").put("text", "think of WAL"),
                evidence("s0000000001", "Logs"),
                todos("completed")),
            "# What is a log?\n\nA list [1].\n");
    ResearchOptions next =
        new ResearchOptions(Depth.QUICK, List.of(), "set2", 1, 0, "en", Optional.of(continued));
    ObjectNode json = next.toJson("And then?");
    assertThat(json.path("continueFrom").asText()).isEqualTo("rearlier1");
    assertThat(json.path("opening").asText())
        .isEqualTo(
            """
            Question: And then?
            Depth: quick (2-3 sources and 500 words)
            Sources: 1 document

            This run continues an earlier one. Do not repeat its work: build on it.
            Earlier question: What is a log?

            Earlier plan:
            - completed: What is logged?

            What people said to the earlier run:
            - think of WAL

            Evidence it issued; these keys may be cited, read_source shows their text:
            [@s0000000001] Logs › Part › One

            Its report, in which numbers stand for its sources, not for evidence keys:

            > # What is a log?
            >\s
            > A list [1].""");
    ObjectNode event = Json.object().put("question", "And then?");
    event.set("options", json);
    ResearchOptions read = ResearchOptions.of(event);
    assertThat(read).isEqualTo(next);
    assertThat(read.sets()).containsExactly("set2", "set1");
  }

  @Test
  void keepsEvidenceAcrossSeveralContinuations() {
    Continuation first =
        Continuation.from(
            RUN, List.of(started(options(Optional.empty())), evidence("s0000000001", "Logs")), "");
    Continuation second =
        Continuation.from(
            RUN,
            List.of(
                started(
                    new ResearchOptions(
                        Depth.DEEP, List.of(), "set2", 1, 0, "en", Optional.of(first))),
                evidence("s0000000002", "Pages")),
            "");
    assertThat(second.evidence())
        .extracting(e -> e.path("key").asText())
        .containsExactly("s0000000001", "s0000000002");
    assertThat(second.sets()).containsExactly("set2", "set1");
  }

  @Test
  void refusesARunThatIsNoResearch() {
    assertThatThrownBy(() -> Continuation.from(RUN, List.of(), ""))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("not_continuable"));
  }

  @Test
  void writesTheQuestionOnOneLineAndTheLanguageOnlyWhereItIsNotEnglish() {
    assertThat(options(Optional.empty()).toJson("What is a\nlog?\u202e").path("opening").asText())
        .isEqualTo(
            """
            Question: What is a log?
            Depth: standard (5-7 sources and 1,500 words)
            Sources: 12 documents
            Language: de""");
  }

  @Test
  void namesTheDepthsThereAre() {
    assertThatThrownBy(() -> Depth.of("fast"))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("unknown_depth");
              assertThat(e.failure().remedy()).contains("quick, standard, deep");
            });
    assertThat(Depth.DEEP.target()).isEqualTo("10 or more sources and 3,000 or more words");
    assertThat(Depth.of("quick").limits().steps()).isEqualTo(200);
  }
}
