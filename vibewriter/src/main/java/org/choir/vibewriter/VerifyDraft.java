package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.ReplayClass;
import org.choir.core.Text;
import org.choir.knowledge.ClaimResult;
import org.choir.knowledge.ClaimVerdict;
import org.choir.model.ToolSpec;

/**
 * The tool {@code verify_draft}: checks every claim of a draft and names those that do not stand.
 */
final class VerifyDraft implements Tool {
  private static final int TEXT_MAX = 1_000;

  private static final ToolSpec SPEC =
      new ToolSpec(
          "verify_draft",
          "Checks every claim of a draft against the stored passages it cites, and lists those that"
              + " are not fully supported, each with the reason.",
          new Schema()
              .text("path", "the draft's whole path, for example /workspace/drafts/report.md")
              .build());

  private final Drafts drafts;

  VerifyDraft(Drafts drafts) {
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
    return ToolOutput.of(text(drafts.check(context, arguments)));
  }

  /** What was found, for a model or a person. */
  static String text(Drafts.Checked checked) {
    StringBuilder out = new StringBuilder(summary(checked));
    for (ClaimResult result : checked.results()) {
      if (result.verdict() != ClaimVerdict.SUPPORTED) {
        out.append("\n- ")
            .append(result.verdict().word())
            .append(": ")
            .append(Text.visible(result.claim().text(), TEXT_MAX))
            .append(" -- ")
            .append(Text.visible(result.reason(), TEXT_MAX));
      }
    }
    return out.toString();
  }

  /**
   * The first line, which programs read too: unreachable claims are named only where there are any.
   */
  private static String summary(Drafts.Checked checked) {
    long unreachable = checked.count(ClaimVerdict.UNREACHABLE);
    return "Verified "
        + checked.results().size()
        + " claims: "
        + checked.count(ClaimVerdict.SUPPORTED)
        + " supported, "
        + checked.count(ClaimVerdict.PARTIAL)
        + " partial, "
        + checked.count(ClaimVerdict.CONTRADICTED)
        + " contradicted, "
        + checked.count(ClaimVerdict.UNSUPPORTED)
        + " unsupported, "
        + checked.count(ClaimVerdict.FABRICATED)
        + " fabricated"
        + (unreachable == 0 ? "." : ", " + unreachable + " unreachable.");
  }
}
