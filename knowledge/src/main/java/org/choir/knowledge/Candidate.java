package org.choir.knowledge;

import java.util.List;
import org.choir.knowledge.lucene.Words;

/**
 * A passage that may answer, with what is known of it before the embedding model is asked.
 *
 * @param passage with score 0
 * @param match its share of the most that the question's terms could give, 0 to 1
 * @param prose 0 to 1
 * @param heading the terms of its title and section, in order
 * @param words the terms of its text, in order
 */
record Candidate(
    Passage passage, double match, double prose, List<Words.Term> heading, List<Words.Term> words) {
  Candidate {
    heading = List.copyOf(heading);
    words = List.copyOf(words);
  }

  /** The same with another score. */
  Candidate scored(double score) {
    return new Candidate(passage.scored(score), match, prose, heading, words);
  }

  /** What the embedding model is shown: the text under its headings. */
  String inContext() {
    String section = passage.section().isEmpty() ? "" : " › " + passage.section();
    return passage.title() + section + "\n" + passage.text();
  }
}
