package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.knowledge.ClaimResult;
import org.choir.knowledge.ClaimVerdict;
import org.choir.model.ToolSpec;

/**
 * The guest call {@code verify}: what {@code verify_draft} finds, for a program in the run's VM. It
 * judges by rules alone: a program could ask a thousand times, and a model's opinion costs money.
 */
final class GuestVerify implements Tool {
  private static final ToolSpec SPEC =
      new ToolSpec(
          "verify",
          "Checks every claim of a draft.",
          new Schema().text("draft", "the draft's whole path under /workspace").build());

  private final Drafts drafts;

  /**
   * @param drafts with a verifier by rules
   */
  GuestVerify(Drafts drafts) {
    this.drafts = drafts;
  }

  @Override
  public ToolSpec spec() {
    return SPEC;
  }

  @Override
  public ReplayClass replay() {
    return ReplayClass.READ_ONLY;
  }

  @Override
  public ToolOutput call(ToolContext context, ObjectNode arguments) {
    Drafts.Checked checked =
        drafts.check(context, Json.object().put("path", arguments.path("draft").asText()));
    long standing = checked.count(ClaimVerdict.SUPPORTED) + checked.count(ClaimVerdict.PARTIAL);
    ObjectNode answer =
        Json.object()
            .put("text", VerifyDraft.text(checked))
            .put("failed", standing < checked.results().size());
    ArrayNode claims = answer.putArray("claims");
    for (ClaimResult result : checked.results()) {
      claims
          .addObject()
          .put("text", result.claim().text())
          .put("verdict", result.verdict().word())
          .put("reason", result.reason());
    }
    return ToolOutput.of(Json.write(answer));
  }
}
