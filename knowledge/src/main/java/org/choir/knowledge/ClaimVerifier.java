package org.choir.knowledge;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.choir.core.Digest;
import org.choir.core.Text;
import org.choir.knowledge.EvidenceBook.Entry;
import org.choir.knowledge.Judge.Judgement;

/**
 * Checks claims against the evidence they cite. The rules always run first; what they decide firmly
 * (an unknown key, a quotation, number or name that is not in the source, a denial that differs, or
 * a literal match) no other judge is asked about. Thread-safe.
 */
public final class ClaimVerifier {
  private static final int REMEMBERED = 20_000;

  private final LexicalJudge rules = new LexicalJudge();
  private final Judge judge;
  private final Map<Digest, Judgement> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, Judgement> eldest) {
          return size() > REMEMBERED;
        }
      };

  private ClaimVerifier(Judge judge) {
    this.judge = judge instanceof LexicalJudge ? rules : judge;
  }

  /** A verifier by rules alone, without a language model. */
  public static ClaimVerifier byRules() {
    return new ClaimVerifier(new LexicalJudge());
  }

  /** A verifier that asks this judge about what the rules leave open. */
  public static ClaimVerifier with(Judge judge) {
    return new ClaimVerifier(judge);
  }

  /** Who judges what the rules leave open. */
  public Judge.Id judge() {
    return judge.id();
  }

  /** Checks every claim of a text; one result for each, in order. */
  public List<ClaimResult> verify(Draft draft, EvidenceBook book) {
    return draft.claims().stream().map(claim -> verify(claim, book)).toList();
  }

  /** Checks one claim. */
  public ClaimResult verify(Claim claim, EvidenceBook book) {
    if (claim.citations().isEmpty()) {
      return decided(claim, ClaimVerdict.UNSUPPORTED, "no_citation: nothing is cited for it");
    }
    List<Evidence> evidence = new ArrayList<>();
    String unreachable = "";
    for (Citation citation : claim.citations()) {
      switch (book.find(citation)) {
        case Entry.Found found -> evidence.add(found.evidence());
        case Entry.Unreachable lost -> unreachable = lost.reason();
        case Entry.Fabricated made -> {
          return decided(claim, ClaimVerdict.FABRICATED, "no_such_source: " + made.reason());
        }
        case Entry.Unknown unknown -> {
          // One invented key is enough: a reader must not be able to lean on it.
          return decided(
              claim,
              ClaimVerdict.FABRICATED,
              "unknown_key: " + Text.visible(citation.target(), 80) + " was never issued");
        }
      }
    }
    if (evidence.isEmpty()) {
      return decided(claim, ClaimVerdict.UNREACHABLE, "unreadable_source: " + unreachable);
    }
    Judgement first = remembered(rules, claim, evidence);
    if (first.firm() || claim.kind() == Claim.Kind.CODE || judge.equals(rules)) {
      return result(claim, first, rules.id());
    }
    return result(claim, remembered(judge, claim, evidence), judge.id());
  }

  private Judgement remembered(Judge who, Claim claim, List<Evidence> evidence) {
    Digest key = key(who, claim, evidence);
    synchronized (known) {
      Judgement judgement = known.get(key);
      if (judgement != null) {
        return judgement;
      }
    }
    Judgement judgement = who.judge(claim, evidence);
    if (!judgement.reason().startsWith(ModelJudge.FAILED)) {
      synchronized (known) {
        known.put(key, judgement);
      }
    }
    return judgement;
  }

  private static Digest key(Judge who, Claim claim, List<Evidence> evidence) {
    StringBuilder all = new StringBuilder();
    for (String part : List.of(who.id().kind(), who.id().id(), who.id().version())) {
      all.append(part).append('\n');
    }
    all.append(claim.kind()).append('\n').append(Digest.of(claim.text())).append('\n');
    claim.code().forEach(code -> all.append(Digest.of(code)).append('\n'));
    for (Evidence one : evidence) {
      all.append(one.key()).append(' ').append(one.source()).append(' ').append(one.start());
      all.append(' ')
          .append(
              Digest.of(
                  one.title()
                      + '\n'
                      + one.section()
                      + '\n'
                      + one.location()
                      + '\n'
                      + one.locator()))
          .append(' ')
          .append(Digest.of(one.text()))
          .append('\n');
    }
    return Digest.of(all.toString());
  }

  private ClaimResult decided(Claim claim, ClaimVerdict verdict, String reason) {
    return new ClaimResult(claim, verdict, 0, reason, List.of(), rules.id());
  }

  private static ClaimResult result(Claim claim, Judgement judgement, Judge.Id by) {
    return new ClaimResult(
        claim, judgement.verdict(), judgement.score(), judgement.reason(), judgement.quotes(), by);
  }
}
