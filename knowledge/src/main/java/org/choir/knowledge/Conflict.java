package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.choir.knowledge.lucene.Words;

/**
 * Two claims of a text that both stand in their sources and contradict each other. The rules that
 * check a claim against its passage find it: each claim is contradicted by the other's passage, and
 * they say it in nearly the same words. Conflicts in other words are not found.
 */
record Conflict(ClaimResult one, ClaimResult other) {
  /** Claims that differ in more than one word each may well speak of different things. */
  private static final int DIFFERENT_MAX = 1;

  /** A report has few claims; a text with very many is not compared all with all. */
  private static final int CLAIMS_MAX = 400;

  /** The conflicts among claims that stand and rest on different sources, in the text's order. */
  static List<Conflict> among(List<ClaimResult> results) {
    List<ClaimResult> standing =
        results.stream()
            .filter(r -> r.verdict() == ClaimVerdict.SUPPORTED && !r.quotes().isEmpty())
            .limit(CLAIMS_MAX)
            .toList();
    List<Set<String>> terms = standing.stream().map(r -> terms(r.claim().text())).toList();
    ClaimVerifier rules = ClaimVerifier.byRules();
    List<Conflict> found = new ArrayList<>();
    for (int i = 0; i < standing.size(); i++) {
      for (int j = i + 1; j < standing.size(); j++) {
        ClaimResult one = standing.get(i);
        ClaimResult other = standing.get(j);
        if (alike(terms.get(i), terms.get(j))
            && apart(one, other)
            && contradicts(rules, one, other)
            && contradicts(rules, other, one)) {
          found.add(new Conflict(one, other));
        }
      }
    }
    return found;
  }

  private static Set<String> terms(String text) {
    return Words.terms(text).stream().map(Words.Term::text).collect(Collectors.toSet());
  }

  private static boolean alike(Set<String> one, Set<String> other) {
    long here = one.stream().filter(term -> !other.contains(term)).count();
    long there = other.stream().filter(term -> !one.contains(term)).count();
    return Math.max(here, there) <= DIFFERENT_MAX && one.size() > here;
  }

  private static boolean apart(ClaimResult one, ClaimResult other) {
    Set<?> sources = one.quotes().stream().map(Quote::source).collect(Collectors.toSet());
    return other.quotes().stream().map(Quote::source).noneMatch(sources::contains);
  }

  /** Whether what the other rests on says the opposite of this claim. */
  private static boolean contradicts(ClaimVerifier rules, ClaimResult claim, ClaimResult other) {
    List<Evidence> evidence =
        other.quotes().stream()
            .map(
                q ->
                    new Evidence(
                        q.key(),
                        q.source(),
                        q.title(),
                        q.section(),
                        q.location(),
                        q.locator(),
                        q.start(),
                        q.text()))
            .toList();
    List<Citation> citations =
        other.quotes().stream().map(q -> new Citation(Citation.Kind.KEY, q.key())).toList();
    Claim asked =
        new Claim(
            claim.claim().id(),
            claim.claim().kind(),
            claim.claim().text(),
            claim.claim().start(),
            claim.claim().end(),
            citations,
            claim.claim().code());
    return rules.verify(asked, EvidenceBook.of(evidence)).verdict() == ClaimVerdict.CONTRADICTED;
  }
}
