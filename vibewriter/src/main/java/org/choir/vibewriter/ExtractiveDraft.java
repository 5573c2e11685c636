package org.choir.vibewriter;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Composes a draft from findings: the best answers in short, then a part per sub-question,
 * paragraphs by passage, each sentence with its evidence key.
 */
final class ExtractiveDraft {
  private static final int SHORT_SENTENCES = 3;

  /** A sub-question with what its researcher found. */
  record Part(SubQuestion question, List<Finding> findings) {}

  private final List<Part> parts;
  private final Set<String> refused;
  private final int words;
  private final List<Set<String>> said = new ArrayList<>();
  private int used;

  private ExtractiveDraft(List<Part> parts, int words, Set<String> refused) {
    this.parts = parts;
    this.words = words;
    this.refused = refused;
  }

  /**
   * The draft in Markdown, empty if nothing was found.
   *
   * @param words about how long it may become
   * @param refused sentences that verification refused and that must not return
   */
  static String compose(List<Part> parts, int words, Set<String> refused) {
    return new ExtractiveDraft(parts, words, refused).compose();
  }

  /** The sub-questions for which nothing was found. */
  static List<SubQuestion> unanswered(List<Part> parts) {
    return parts.stream().filter(p -> p.findings().isEmpty()).map(Part::question).toList();
  }

  private String compose() {
    StringBuilder out = new StringBuilder();
    List<Finding> inShort = inShort();
    if (!inShort.isEmpty()) {
      out.append("## In short\n\n").append(paragraph(inShort)).append("\n\n");
    }
    long answered = parts.stream().filter(p -> !p.findings().isEmpty()).count();
    for (Part part : parts) {
      if (used >= words) {
        break;
      }
      String body = body(part);
      if (!body.isEmpty()) {
        String heading =
            part.question().asked() && answered == 1 ? "In detail" : part.question().heading();
        out.append("## ").append(escaped(heading)).append("\n\n").append(body);
      }
    }
    return out.toString().stripTrailing() + (out.isEmpty() ? "" : "\n");
  }

  /** The best sentences of what was asked that can stand alone, at most one from a passage. */
  private List<Finding> inShort() {
    List<Finding> best =
        parts.stream()
            .filter(p -> p.question().asked())
            .flatMap(p -> p.findings().stream())
            .sorted(
                Comparator.comparingDouble(Finding::score).reversed().thenComparing(Finding::text))
            .toList();
    Map<String, Finding> chosen = new LinkedHashMap<>();
    for (Finding finding : best) {
      if (chosen.size() < SHORT_SENTENCES
          && !chosen.containsKey(finding.key())
          && AnswerSentences.standsAlone(finding.text())
          && !AnswerSentences.speaksOfItsHeading(finding.text())
          && say(finding)) {
        chosen.put(finding.key(), finding);
      }
    }
    return List.copyOf(chosen.values());
  }

  private String body(Part part) {
    Map<String, List<Finding>> byPassage = new LinkedHashMap<>();
    Finding before = null;
    boolean beforeSaid = false;
    for (Finding finding : part.findings()) {
      boolean follows = before != null && before.key().equals(finding.key());
      boolean leans = !AnswerSentences.standsAlone(finding.text());
      // What leans on a sentence that is not said here would dangle.
      boolean kept = !(leans && !(follows && beforeSaid)) && used < words && say(finding);
      if (kept) {
        byPassage.computeIfAbsent(finding.key(), k -> new ArrayList<>()).add(finding);
      }
      before = finding;
      beforeSaid = kept;
    }
    StringBuilder body = new StringBuilder();
    List<List<Finding>> underTheirHeading = new ArrayList<>();
    for (List<Finding> paragraph : byPassage.values()) {
      if (AnswerSentences.speaksOfItsHeading(paragraph.getFirst().text())) {
        underTheirHeading.add(paragraph);
      } else {
        body.append(paragraph(paragraph)).append("\n\n");
      }
    }
    // Without its heading such a sentence would not say what it speaks of; these come last, because
    // what follows a heading belongs to it.
    for (List<Finding> paragraph : underTheirHeading) {
      String heading = leaf(paragraph.getFirst());
      body.append("### ").append(escaped(heading)).append("\n\n");
      body.append(paragraph(paragraph)).append("\n\n");
    }
    return body.toString();
  }

  /** Takes a sentence unless it was refused or repeats what the draft has already. */
  private boolean say(Finding finding) {
    Set<String> terms = Terms.of(finding.text());
    if (refused.contains(folded(finding.text()))
        || said.stream().anyMatch(s -> AnswerSentences.repeats(s, terms))) {
      return false;
    }
    said.add(terms);
    used += Terms.words(finding.text()).size();
    return true;
  }

  private static String leaf(Finding finding) {
    String section = finding.section().isEmpty() ? finding.source() : finding.section();
    return section.substring(section.lastIndexOf('›') + 1).strip();
  }

  private static String paragraph(List<Finding> findings) {
    return String.join(" ", findings.stream().map(ExtractiveDraft::cited).toList());
  }

  private static String cited(Finding finding) {
    String text = finding.text();
    boolean plainEnd = text.endsWith(".") || text.endsWith("!");
    String body = plainEnd ? text.substring(0, text.length() - 1) : text;
    String end = plainEnd ? text.substring(text.length() - 1) : "";
    return escaped(body) + " [@" + finding.key() + "]" + end;
  }

  /** Source text as literal Markdown: no character of it can become structure. */
  static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean innerUnderscore =
          c == '_'
              && i > 0
              && i + 1 < text.length()
              && Character.isLetterOrDigit(text.charAt(i - 1))
              && Character.isLetterOrDigit(text.charAt(i + 1));
      if ("\\`*_[]<>#|~&$!".indexOf(c) >= 0
          && !innerUnderscore
          && !(c == '!' && i + 1 == text.length())) {
        out.append('\\');
      }
      out.append(c);
    }
    // A number or a dash at the start of a paragraph would open a list.
    return out.toString()
        .replaceFirst("^(\\d+)([.)])(\\s)", "$1\\\\$2$3")
        .replaceFirst("^([-+=])", "\\\\$1");
  }

  /** The form in which sentences are compared: letters and digits only. */
  static String folded(String text) {
    return String.join(" ", Terms.words(text));
  }
}
