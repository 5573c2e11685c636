package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;

/** In which order a claim and a sentence name things, and who does what to whom. */
final class PairOrder {
  private final Utterance claim;
  private final FeatureRow row;

  PairOrder(Utterance claim, FeatureRow row) {
    this.claim = claim;
    this.row = row;
  }

  /** How the claim's words follow each other in the sentence that has most of them. */
  void measure(Alignment single) {
    List<Word> source = single.window().words();
    List<Integer> places = new ArrayList<>();
    for (Word word : claim.content()) {
      for (int i = 0; i < source.size(); i++) {
        if (source.get(i).isContent() && source.get(i).concept().equals(word.concept())) {
          places.add(i);
          break;
        }
      }
    }
    int pairs = 0;
    int turned = 0;
    int next = 0;
    for (int i = 0; i < places.size(); i++) {
      for (int j = i + 1; j < places.size(); j++) {
        pairs++;
        turned += places.get(i) > places.get(j) ? 1 : 0;
      }
      next += i > 0 && places.get(i) > places.get(i - 1) ? 1 : 0;
    }
    double inversions = pairs == 0 ? 0 : (double) turned / pairs;
    row.put("inversions", inversions);
    row.put("neighbours", places.size() < 2 ? 0 : (double) next / (places.size() - 1));
    boolean by = claim.hasConcept("by") != single.window().hasConcept("by");
    boolean wasTurned =
        passive(claim) != single.window().utterances().stream().anyMatch(PairOrder::passive);
    row.put("turnedActive", inversions > 0.2 && !by && !wasTurned ? 1 : 0);
    row.put("turnedPassive", inversions < 0.2 && by ? 1 : 0);
    Roles.Finding roles = Roles.of(claim, single.window().utterances());
    row.put("exchanged", roles == Roles.Finding.EXCHANGED ? 1 : 0);
    row.put("otherDoer", roles == Roles.Finding.OTHER_DOER ? 1 : 0);
    row.put("sameRoles", roles == Roles.Finding.SAME ? 1 : 0);
    row.put("salad", Roles.isSalad(claim) ? 1 : 0);
    row.put("run", longestRun(source));
  }

  private static boolean passive(Utterance utterance) {
    return utterance.words().stream()
        .anyMatch(w -> w.lower().equals("by") || w.lower().equals("from"));
  }

  /** The longest run of the claim's words, small ones too, that stands in the source as it is. */
  private double longestRun(List<Word> source) {
    List<Word> words = claim.words();
    int best = 0;
    int[] last = new int[source.size() + 1];
    for (Word word : words) {
      int[] now = new int[source.size() + 1];
      for (int j = 0; j < source.size(); j++) {
        if (source.get(j).lower().equals(word.lower())) {
          now[j + 1] = last[j] + 1;
          best = Math.max(best, now[j + 1]);
        }
      }
      last = now;
    }
    return words.isEmpty() ? 0 : (double) best / words.size();
  }
}
