package org.choir.vibewriter;

import java.util.Set;

/**
 * One part of the work: what one researcher looks for, and the heading its findings stand under.
 *
 * @param heading in the report
 * @param text the question as a person would ask it
 * @param query what is searched: the question with the words that a pronoun stands for
 * @param topic what a sentence must be about to count, usually the question's own words
 * @param cues folded words that mark a sentence as answering this kind of question; empty if any
 *     may
 * @param asked whether the person asked it, or it was added as background
 */
record SubQuestion(
    String heading, String text, String query, String topic, Set<String> cues, boolean asked) {
  SubQuestion {
    cues = Set.copyOf(cues);
  }

  /** The same question under another heading. */
  SubQuestion under(String otherHeading) {
    return new SubQuestion(otherHeading, text, query, topic, cues, asked);
  }
}
