package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.Collectors;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.knowledge.Passage;

/**
 * Passages as tools show them to a model, and as they are recorded. The text is untrusted: no line
 * of it can pass for the head line of a passage, because only head lines begin with {@code [@}.
 */
final class PassageText {
  private static final int TITLE_MAX = 200;

  private PassageText() {}

  /** {@code Found N passages.} and the passages, each with a head line. */
  static String of(List<Passage> passages) {
    return "Found "
        + passages.size()
        + (passages.size() == 1 ? " passage." : " passages.")
        + passages.stream()
            .map(p -> "\n\n" + head(p) + "\n" + body(p.text()))
            .collect(Collectors.joining());
  }

  /** The event that issues a passage's key to the run. */
  static ObjectNode evidence(Passage passage) {
    return Json.object()
        .put("kind", "evidence")
        .put("key", passage.key())
        .put("source", passage.source().hex())
        .put("title", passage.title())
        .put("section", passage.section())
        .put("location", passage.location())
        .put("locator", passage.locator())
        .put("start", passage.start())
        .put("end", passage.end());
  }

  private static String head(Passage passage) {
    String head = "[@" + passage.key() + "] " + Text.visible(passage.title(), TITLE_MAX).strip();
    String section = Text.visible(passage.section(), TITLE_MAX).strip();
    return section.isEmpty() ? head : head + " › " + section;
  }

  private static String body(String text) {
    return text.lines()
        .filter(line -> !line.isBlank())
        .map(line -> line.startsWith("[@") ? " " + line : line)
        .collect(Collectors.joining("\n"));
  }
}
