package org.choir.bench;

import java.util.List;
import org.choir.knowledge.ClaimVerdict;

/**
 * A claim with its evidence and what a person would say of it.
 *
 * @param origin the generator and the text it comes from, for splits that share neither
 */
record EntailmentExample(String claim, List<String> evidence, ClaimVerdict label, String origin) {
  EntailmentExample {
    evidence = List.copyOf(evidence);
  }
}
