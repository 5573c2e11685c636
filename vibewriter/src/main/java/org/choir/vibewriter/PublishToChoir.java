package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.knowledge.Article;
import org.choir.knowledge.Submission;
import org.choir.knowledge.VerificationRecord;
import org.choir.model.ToolSpec;

/**
 * The tool {@code publish_to_choir}: publishes the report that this run has submitted, with its
 * verification record, in the name of the run's user. Only bytes that {@code submit_report} wrote
 * are published; a repetition after a crash finds the article of the first time.
 */
final class PublishToChoir implements Tool {
  static final String NAME = "publish_to_choir";

  private static final ToolSpec SPEC =
      new ToolSpec(
          NAME,
          "Publishes the submitted report as an article of the knowledge base. It stakes CHIP of"
              + " the run's user. Call it once, after submit_report, and only if you were asked to"
              + " publish.",
          new Schema()
              .text("field", "the research field it belongs to, lower case, at most four words")
              .optionalInteger("stake", 10, 1_000, "CHIP, 100 unless told")
              .build());

  private final KnowledgeAccess knowledge;
  private final WalletAccess wallet;

  PublishToChoir(KnowledgeAccess knowledge, WalletAccess wallet) {
    this.knowledge = knowledge;
    this.wallet = wallet;
  }

  @Override
  public ToolSpec spec() {
    return SPEC;
  }

  @Override
  public ReplayClass replay() {
    return ReplayClass.KEYED;
  }

  @Override
  public ToolOutput call(ToolContext context, ObjectNode arguments) {
    List<ObjectNode> reports = context.recorded("report");
    if (reports.isEmpty()) {
      return ToolOutput.error("There is nothing to publish: call submit_report first.");
    }
    ObjectNode report = reports.getLast();
    byte[] text = read(context, Research.REPORT);
    byte[] record = read(context, Research.RECORD);
    if (!Digest.of(text).hex().equals(report.path("sha256").asText())
        || !Digest.of(record).hex().equals(report.path("recordSha256").asText())) {
      return ToolOutput.error(
          "The report or its record was changed after it was submitted: call submit_report again.");
    }
    Article article =
        wallet.publish(
            knowledge.base(),
            context.agent().run(),
            new Submission(
                context.tenant().value(),
                arguments.path("field").asText(),
                new String(text, StandardCharsets.UTF_8),
                Optional.of(VerificationRecord.parse(new String(record, StandardCharsets.UTF_8))),
                stake(arguments),
                context.actionId()));
    ObjectNode event =
        Json.object()
            .put("kind", "article_published")
            .put("article", article.id())
            .put("state", article.state().word())
            .put("field", article.field())
            .put("score", article.score());
    return ToolOutput.of(
        "The article "
            + article.id()
            + " is "
            + article.state().word()
            + " in the field "
            + article.field()
            + "; its novelty is "
            + article.score()
            + ": "
            + article.reason(),
        List.of(event));
  }

  /** The stake of an article in whole CHIP, as the arguments of a call say. */
  static int stake(JsonNode arguments) {
    return arguments.path("stake").asInt(Submission.STAKE);
  }

  private static byte[] read(ToolContext context, String path) {
    return context.workspace().read("/workspace/" + path, 0, Long.MAX_VALUE);
  }
}
