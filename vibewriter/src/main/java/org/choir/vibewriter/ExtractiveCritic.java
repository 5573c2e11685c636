package org.choir.vibewriter;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.Json;

/**
 * The verifier subagent without a language model: lets the draft be verified and hands the findings
 * back.
 */
final class ExtractiveCritic {
  private static final Pattern PATH = Pattern.compile("/workspace/\\S+\\.md");

  private ExtractiveCritic() {}

  static ExtractiveModel.Turn next(Conversation conversation) {
    List<Conversation.Exchange> verified = conversation.of("verify_draft");
    if (!verified.isEmpty()) {
      return ExtractiveModel.Turn.say(verified.getLast().answer());
    }
    Matcher path = PATH.matcher(conversation.opening());
    if (!conversation.tools().contains("verify_draft") || !path.find()) {
      return ExtractiveModel.Turn.say(
          "Nothing to verify: the task names no draft under /workspace.");
    }
    return new ExtractiveModel.Turn(
        "Verifying the draft.",
        List.of(new ExtractiveModel.Call("verify_draft", Json.object().put("path", path.group()))));
  }
}
