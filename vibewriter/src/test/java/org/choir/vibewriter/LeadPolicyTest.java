package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import org.choir.agent.ToolOutput;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;

class LeadPolicyTest {
  private final LeadPolicy policy = new LeadPolicy();
  private final RecordedContext run =
      new RecordedContext(
          "Why?",
          "extractive",
          new ResearchOptions(Depth.QUICK, List.of(), "set", 3, 0, "en", Optional.empty()));

  private String stage(String tool, ObjectNode arguments) {
    return policy.stageOf(tool, arguments, run).orElse("-");
  }

  private String stage(String tool) {
    return stage(tool, Json.object());
  }

  private static ObjectNode write(String path) {
    return Json.object().put("file_path", path).put("content", "x");
  }

  @Test
  void namesTheStageOfEachCallFromWhatIsRecorded() {
    assertThat(stage("write_todos")).isEqualTo("plan");
    run.record(Json.object().put("kind", "todos"));
    assertThat(stage("write_todos")).as("ticking off is no new plan").isEqualTo("-");
    assertThat(stage("task", Json.object().put("subagent_type", "researcher"))).isEqualTo("search");
    assertThat(stage("search_sources")).isEqualTo("search");
    assertThat(stage("read_source")).isEqualTo("read");
    assertThat(stage("write_file", write("/workspace/drafts/report.md"))).isEqualTo("draft");
    assertThat(stage("write_file", write("/workspace/tools/x.py"))).isEqualTo("-");
    assertThat(stage("verify_draft")).isEqualTo("verify");
    run.record("verify_draft", ToolOutput.error("no such file"));
    assertThat(stage("edit_file", write("/workspace/drafts/report.md")))
        .as("a verification that failed verified nothing")
        .isEqualTo("draft");
    run.record("verify_draft", ToolOutput.of("Verified 1 claims: ..."));
    assertThat(stage("edit_file", write("/workspace/drafts/report.md"))).isEqualTo("revise");
    assertThat(stage("search_sources")).as("critique sends back").isEqualTo("search");
    assertThat(stage("task", Json.object().put("subagent_type", "verifier"))).isEqualTo("critique");
    assertThat(stage("submit_report")).isEqualTo("polish");
    assertThat(stage("ls")).isEqualTo("-");
  }

  @Test
  void isDoneOnlyWithASubmittedReportAndOtherwiseSaysWhatIsMissing() {
    assertThat(policy.unfinished(run))
        .hasValueSatisfying(t -> assertThat(t).contains("write_file"));
    run.record(Json.object().put("kind", "file_changed").put("path", "drafts/report.md"));
    assertThat(policy.unfinished(run))
        .hasValueSatisfying(t -> assertThat(t).contains("call verify_draft"));
    run.record("verify_draft", ToolOutput.of("Verified 1 claims: ..."));
    assertThat(policy.unfinished(run))
        .hasValueSatisfying(t -> assertThat(t).contains("call submit_report"));
    run.record(Json.object().put("kind", "report"));
    assertThat(policy.unfinished(run)).isEmpty();
  }

  @Test
  void letsSubagentsEndWithTheirAnswer() {
    assertThat(SubagentPolicy.RESEARCHER.unfinished(run)).isEmpty();
    assertThat(SubagentPolicy.RESEARCHER.stageOf("read_source", Json.object(), run))
        .contains("read");
    assertThat(SubagentPolicy.VERIFIER.stageOf("verify_draft", Json.object(), run))
        .contains("critique");
  }
}
