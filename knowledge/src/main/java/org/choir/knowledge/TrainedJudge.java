package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The rules with the trained classifier's second look, without a language model. What the rules
 * decided firmly stays. Where they found too few of a claim's words, a classifier that is sure
 * makes it partial, never more; and where it is sure that the source says otherwise, what the rules
 * supported becomes partial and what they did not becomes contradicted. Thread-safe.
 */
public final class TrainedJudge implements Judge {
  private static final Id ID = new Id("trained", "choir-entailment", "1");

  /** How sure the classifier must be to be heard. */
  private static final double SURE = 0.7;

  private final Entailment entailment;
  private final LexicalJudge rules = new LexicalJudge();

  /** A judge that asks this classifier. */
  public TrainedJudge(Entailment entailment) {
    this.entailment = entailment;
  }

  @Override
  public Id id() {
    return ID;
  }

  @Override
  public Judgement judge(Claim claim, List<Evidence> evidence) {
    Judgement byRules = rules.judge(claim, evidence);
    if (byRules.firm() || claim.kind() == Claim.Kind.CODE) {
      return byRules;
    }
    Found found = best(claim, evidence);
    if (found.contradicted >= SURE && byRules.verdict() != ClaimVerdict.PARTIAL) {
      String odds = String.format(Locale.ROOT, "%.2f", found.contradicted);
      return byRules.verdict() == ClaimVerdict.SUPPORTED
          ? new Judgement(
              ClaimVerdict.PARTIAL,
              Math.min(byRules.score(), 0.5),
              "classifier_doubts: the source seems to say otherwise (" + odds + ")",
              byRules.quotes(),
              false)
          : Judgement.against(
              ClaimVerdict.CONTRADICTED,
              1 - found.contradicted,
              "seems_contradicted: the classifier reads the opposite (" + odds + ")",
              false);
    }
    boolean open = byRules.verdict() == ClaimVerdict.UNSUPPORTED;
    return open && found.supported >= SURE && !found.quotes.isEmpty()
        ? new Judgement(
            ClaimVerdict.PARTIAL,
            Math.min(found.supported, 0.7),
            "reworded: the source seems to say it in other words ("
                + String.format(Locale.ROOT, "%.2f", found.supported)
                + ")",
            found.quotes,
            false)
        : byRules;
  }

  /** What the classifier found in the evidence that supports most, and the most that denies. */
  private record Found(double supported, double contradicted, List<Quote> quotes) {}

  private Found best(Claim claim, List<Evidence> evidence) {
    Found best = new Found(0, 0, List.of());
    for (Evidence one : evidence) {
      EvidenceText text = new EvidenceText(one);
      List<Quote> sentences =
          text.lines().stream().map(line -> text.quote(line.start(), line.end())).toList();
      Entailment.Assessment found =
          entailment.assess(claim.text(), sentences.stream().map(Quote::text).toList());
      if (found.supported() >= best.supported) {
        List<Quote> quotes = new ArrayList<>();
        found.spans().stream()
            .map(Entailment.Span::sentence)
            .distinct()
            .forEach(i -> quotes.add(sentences.get(i)));
        best = new Found(found.supported(), found.contradicted(), quotes);
      }
    }
    return best;
  }
}
