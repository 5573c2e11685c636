package org.choir.knowledge;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.choir.core.Digest;

/**
 * Whether an article's text supports what another says with it: the rules of {@link ClaimVerifier}
 * over its likest passages, here and now, whatever a record that came from outside says.
 */
final class ClaimSupport {
  private static final String KEY = "s0000000000";
  private static final int PASSAGES = 4;

  private final ClaimVerifier rules = ClaimVerifier.byRules();

  /**
   * What was found.
   *
   * @param quote the words that carry it
   * @param why not, if it is not supported
   */
  record Found(boolean supported, String quote, String why) {}

  Found check(String claim, String body) {
    String plain = claim.replaceAll("[\\[\\]]", "").replaceAll("\\s+", " ").strip();
    List<Claim> claims = Draft.ofDocument(plain + " [@" + KEY + "]").claims();
    if (plain.isEmpty() || claims.isEmpty()) {
      return new Found(false, "", "no_claim: nothing is said with it that could be checked");
    }
    Set<String> words = new HashSet<>(VisibleText.words(plain));
    String why = "not_found: no passage says it";
    List<ArticlePassages.Part> parts =
        ArticlePassages.of(body).stream()
            .sorted(Comparator.comparingLong((ArticlePassages.Part p) -> -shared(words, p.text())))
            .limit(PASSAGES)
            .toList();
    for (ArticlePassages.Part part : parts) {
      Evidence evidence =
          new Evidence(KEY, Digest.of(body), "", part.section(), "", "", 0, part.text());
      StringBuilder quotes = new StringBuilder();
      boolean all = true;
      for (Claim each : claims) {
        ClaimResult result = rules.verify(each, EvidenceBook.of(List.of(evidence)));
        all &= result.verdict() == ClaimVerdict.SUPPORTED;
        why = result.reason().isEmpty() ? why : result.reason();
        result.quotes().forEach(q -> quotes.append(quotes.isEmpty() ? "" : " … ").append(q.text()));
      }
      if (all) {
        return new Found(true, quotes.toString(), "");
      }
    }
    return new Found(false, "", why);
  }

  private static long shared(Set<String> words, String text) {
    return VisibleText.words(text).stream().distinct().filter(words::contains).count();
  }
}
