package org.choir.knowledge;

import java.util.List;

/**
 * What the host itself says around a report's claims. Strings may come from outside: they are
 * escaped, put on one line and never read as Markdown.
 *
 * @param title of the report, usually the question
 * @param question as it was asked
 * @param model the model's id
 * @param languageModel whether a language model wrote the draft
 * @param targets what the chosen depth asks for
 * @param notes one sentence each: about languages, limits, skipped files
 * @param unanswered what the sources do not answer
 */
public record ReportFrame(
    String title,
    String question,
    String model,
    boolean languageModel,
    Targets targets,
    List<String> notes,
    List<String> unanswered) {
  public ReportFrame {
    notes = List.copyOf(notes);
    unanswered = List.copyOf(unanswered);
  }

  /**
   * What a depth asks of a report; whether it was reached is counted on the finished text.
   *
   * @param depth {@code quick}, {@code standard} or {@code deep}
   * @param sources how many different documents should be cited
   * @param words how many words the claims should have together
   */
  public record Targets(String depth, int sources, int words) {}
}
