package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.knowledge.ReportAssemblerTest.problems;
import static org.choir.knowledge.ReportAssemblerTest.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.Test;

/** A report or its record that was changed afterwards is noticed. */
class RecordCheckTest {
  @Test
  void noticesEveryKindOfTampering() {
    Report report =
        report(
            "Vacuuming recovers disk space, and makes coffee taste better [@s0000000002]. WAL is a"
                + " standard method for ensuring data integrity [@s0000000001].");
    String text = report.markdown();
    assertThat(problems(text.replace("integrity", "impurity"), report.record()))
        .contains("report_changed", "bad_span");
    String longer = text.replace("## Not answered", "The moon is cheese.\n\n## Not answered");
    assertThat(problems(longer, report.record())).contains("report_changed", "uncovered_sentence");
    assertThat(problems(text.replace(" *(partly supported)*", ""), report.record()))
        .contains("unmarked_partial");
    assertThat(problems(text, changed(report, j -> quote(j).put("quote", "something else"))))
        .containsExactly("bad_quote");
    assertThat(problems(text, changed(report, j -> ((ArrayNode) quote(j).path("span")).set(0, 1))))
        .containsExactly("bad_quote");
    assertThat(problems(text, changed(report, j -> quote(j).put("source", "d0"))))
        .containsExactly("unknown_source");
    assertThat(problems(text, changed(report, j -> claim(j).put("verdict", "contradicted"))))
        .contains("bad_verdict", "bad_summary");
    assertThat(problems(text, changed(report, j -> claim(j).putArray("evidence"))))
        .containsExactly("bad_verdict");
    assertThat(problems(text, changed(report, j -> ((ArrayNode) j.path("claims")).remove(0))))
        .contains("uncovered_sentence", "bad_summary");
    assertThat(
            RecordCheck.check(text, report.record(), d -> Optional.empty()).stream()
                .map(RecordCheck.Problem::code))
        .containsOnly("source_missing");
  }

  private interface Change {
    Object to(ObjectNode json);
  }

  private static VerificationRecord changed(Report report, Change change) {
    ObjectNode json = report.record().json();
    change.to(json);
    return VerificationRecord.of(json);
  }

  private static ObjectNode claim(ObjectNode json) {
    return (ObjectNode) json.path("claims").path(0);
  }

  private static ObjectNode quote(ObjectNode json) {
    return (ObjectNode) claim(json).path("evidence").path(0);
  }

  @Test
  void readsItsOwnRecordBackAndRefusesOthers() {
    Report report = report("Vacuuming recovers disk space [@s0000000002].");
    VerificationRecord read = VerificationRecord.parse(report.record().text());
    assertThat(read.text()).isEqualTo(report.record().text());
    assertThat(problems(report.markdown(), read)).isEmpty();
    assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> VerificationRecord.parse("{}")))
        .isInstanceOf(ChoirException.class);
  }
}
