package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.choir.agent.ToolContext;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.choir.knowledge.ClaimResult;
import org.choir.knowledge.ClaimVerdict;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.Draft;
import org.choir.knowledge.SourceLibrary;

/**
 * Reads drafts and has their claims checked against the evidence that was issued to the run.
 *
 * <p>A draft is read from the workspace as it is at the call, not from the object store. Both are
 * the same wherever it matters: the loop stores every changed file before it records the step that
 * changed it, a tool call is a step of its own after that one, and a resumed run restores the
 * workspace from the store first. What only the workspace has is a change by the very command that
 * is still running, and no command runs beside this tool in the lead.
 */
final class Drafts {
  /** The largest draft that is read, in bytes. */
  static final int MAX_BYTES = 2 << 20;

  private static final int PATH_MAX = 200;

  private final SourceLibrary library;
  private final ClaimVerifier verifier;

  Drafts(SourceLibrary library, ClaimVerifier verifier) {
    this.library = library;
    this.verifier = verifier;
  }

  /** A draft with what was found about each of its claims, in order. */
  record Checked(Draft draft, List<ClaimResult> results) {
    long count(ClaimVerdict verdict) {
      return results.stream().filter(r -> r.verdict() == verdict).count();
    }
  }

  ClaimVerifier verifier() {
    return verifier;
  }

  /**
   * Reads the draft that the arguments name and checks it.
   *
   * @throws ChoirException {@code not_a_draft}, {@code draft_too_large}, or what the workspace says
   */
  Checked check(ToolContext context, ObjectNode arguments) {
    String path = arguments.path("path").asText();
    if (!path.startsWith("/workspace/")) {
      throw ChoirException.usage(
          "not_a_draft",
          "'" + Text.visible(path, PATH_MAX) + "' does not lie under /workspace",
          "name the draft's whole path, for example /workspace/drafts/report.md");
    }
    byte[] bytes = context.workspace().read(path, 0, MAX_BYTES + 1L);
    if (bytes.length > MAX_BYTES) {
      throw ChoirException.usage(
          "draft_too_large",
          path + " has more than " + MAX_BYTES + " bytes",
          "write a shorter draft");
    }
    Draft draft = Draft.of(text(path, bytes));
    return new Checked(draft, verifier.verify(draft, IssuedEvidence.of(context, library)));
  }

  private static String text(String path, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw ChoirException.fatal(
          "not_a_draft", path + " is no text in UTF-8", "write the draft with write_file", e);
    }
  }
}
