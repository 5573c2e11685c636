package org.choir.vibewriter;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What the program writes around a report's text: the question above it, and below it what the
 * sources do not answer and how the report came to be. Nothing in it depends on the time or on the
 * run's id.
 *
 * @param model as {@code PROVIDER:NAME}
 * @param languageModel whether a language model wrote the text
 * @param reached the targets of the depth, with what the report has
 * @param tally how many claims have each verdict
 * @param unanswered sub-questions for which the sources have no answer
 * @param foreign documents of the set by the code of their language, English ones left out
 */
record ReportFrame(
    String question,
    String model,
    boolean languageModel,
    ResearchOptions options,
    Reached reached,
    Tally tally,
    List<String> unanswered,
    Map<String, Long> foreign) {

  /** What a report has of what its depth asks for. */
  record Reached(int sources, int words) {
    boolean enoughSources(Depth depth) {
      return sources >= depth.sources();
    }

    boolean enoughWords(Depth depth) {
      return words >= depth.words();
    }
  }

  /** Claims by verdict; those removed are counted in all. */
  record Tally(int supported, int partial, int dropped) {}

  /** What stands above the text. */
  String head() {
    return "# " + MarkdownText.literal(question) + "\n\n" + byline() + "\n\n";
  }

  private String byline() {
    return languageModel
        ? "*Written by `"
            + model.replace("`", "")
            + "`; every sentence was checked against its source.*"
        : "*No language model was used: a program (`"
            + model.replace("`", "")
            + "`) chose these sentences, and quotes them from the sources.*";
  }

  /** What stands below the source list. */
  String tail() {
    List<String> lines = new ArrayList<>();
    lines.add(targets());
    lines.add(verification());
    languages(lines);
    if (options.skipped() > 0) {
      lines.add(
          options.skipped()
              + (options.skipped() == 1 ? " file" : " files")
              + " under the sources could not be used and "
              + (options.skipped() == 1 ? "was" : "were")
              + " skipped; the run's events name each with its reason. "
              + documents()
              + " searched.");
    } else {
      lines.add(documents() + " searched.");
    }
    return "## About this report\n\n"
        + lines.stream().map(l -> "- " + l + "\n").collect(Collectors.joining());
  }

  private String documents() {
    return options.documents() == 1
        ? "1 document was"
        : count(options.documents()) + " documents were";
  }

  /** What the sources do not answer; empty if nothing is left open. */
  String open(boolean nothingFound) {
    if (unanswered.isEmpty() && !nothingFound) {
      return "";
    }
    StringBuilder out = new StringBuilder("## What the sources do not answer\n\n");
    if (nothingFound) {
      out.append(
          "No sentence that answers the question could be verified against the sources.\n\n");
    }
    unanswered.forEach(q -> out.append("- ").append(MarkdownText.literal(q)).append('\n'));
    return out.toString().stripTrailing() + "\n\n";
  }

  private String targets() {
    Depth depth = options.depth();
    return "Depth `"
        + depth.word()
        + "` ("
        + depth.target()
        + "): "
        + count(reached.sources())
        + (reached.sources() == 1 ? " source" : " sources")
        + " cited, "
        + (reached.enoughSources(depth) ? "reached" : "not reached")
        + "; "
        + count(reached.words())
        + (reached.words() == 1 ? " word, " : " words, ")
        + (reached.enoughWords(depth) ? "reached" : "not reached")
        + ".";
  }

  private String verification() {
    return "Verification: "
        + count(tally.supported())
        + " supported, "
        + count(tally.partial())
        + " supported in part and marked, "
        + count(tally.dropped())
        + " removed. The verification record beside this report has the evidence for each.";
  }

  private void languages(List<String> lines) {
    if (isForeign(options.language())) {
      lines.add(
          "The question seems to be in "
              + Languages.name(options.language())
              + ". Search and verification are made for English and are weaker here: check what"
              + " matters to you.");
    }
    long documents = foreign.values().stream().mapToLong(Long::longValue).sum();
    if (documents > 0) {
      String names =
          foreign.entrySet().stream()
              .map(e -> Languages.name(e.getKey()) + " " + e.getValue())
              .collect(Collectors.joining(", "));
      lines.add(
          (documents == 1 ? "1 document is" : count(documents) + " documents are")
              + " not in English ("
              + names
              + "): search and verification are weaker there.");
    }
  }

  static boolean isForeign(String language) {
    return !language.equals("en") && !language.equals("und") && !language.isEmpty();
  }

  private static String count(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }
}
