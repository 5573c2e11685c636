package org.choir.knowledge;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The conditions no judge can waive: what the claim quotes, and every number and name in it, stands
 * somewhere in the evidence it cites.
 */
final class EvidenceGate {
  private static final Pattern QUOTED = Pattern.compile("\"([^\"]{2,}?)\"");

  private EvidenceGate() {}

  /** Why the claim cannot be supported, if it cannot. */
  static Optional<String> failure(Claim claim, Utterance said, List<EvidenceText> evidence) {
    return mixedScripts(said)
        .or(() -> quotes(claim, said, evidence))
        .or(() -> numbers(said, evidence))
        .or(() -> names(said, evidence));
  }

  /** Letters that only look like others would slip past every comparison of words. */
  private static Optional<String> mixedScripts(Utterance said) {
    for (Word word : said.words()) {
      Set<Character.UnicodeScript> scripts = new TreeSet<>();
      word.lower()
          .codePoints()
          .filter(Character::isLetter)
          .mapToObj(Character.UnicodeScript::of)
          .filter(s -> s != Character.UnicodeScript.COMMON)
          .forEach(scripts::add);
      boolean lookalikes =
          scripts.contains(Character.UnicodeScript.LATIN)
              && (scripts.contains(Character.UnicodeScript.CYRILLIC)
                  || scripts.contains(Character.UnicodeScript.GREEK));
      if (lookalikes && word.lower().length() > 2) {
        return Optional.of("mixed_scripts: \"" + word.lower() + "\" mixes alphabets");
      }
    }
    return Optional.empty();
  }

  private static Optional<String> quotes(Claim claim, Utterance said, List<EvidenceText> evidence) {
    Matcher quoted = QUOTED.matcher(said.normal().text());
    while (quoted.find()) {
      if (!contains(quoted.group(1), evidence)) {
        return Optional.of("quote_not_found: \"" + quoted.group(1) + '"');
      }
    }
    for (String code : claim.code()) {
      if (!contains(code, evidence)) {
        return Optional.of("quote_not_found: `" + code + '`');
      }
    }
    return Optional.empty();
  }

  /** Whether the words stand in an evidence literally, but for case, quotes and white space. */
  static boolean contains(String words, List<EvidenceText> evidence) {
    String wanted = new NormalText(words).lower().strip().replaceAll("[.,;:]$", "");
    return evidence.stream()
        .anyMatch(
            e ->
                Places.of(e.whole().lower(), wanted).isPresent()
                    || Places.of(e.context().normal().lower(), wanted).isPresent());
  }

  private static Optional<String> numbers(Utterance said, List<EvidenceText> evidence) {
    for (Quantity quantity : said.quantities()) {
      if (evidence.stream()
          .noneMatch(e -> e.quantities().stream().anyMatch(quantity::agreesWith))) {
        String written = said.normal().text().substring(quantity.start(), quantity.end());
        return Optional.of("number_not_found: " + written);
      }
    }
    return Optional.empty();
  }

  private static Optional<String> names(Utterance said, List<EvidenceText> evidence) {
    for (Word word : said.words()) {
      if (word.isNamed() && evidence.stream().noneMatch(e -> knows(e, word))) {
        return Optional.of("name_not_found: " + word.lower());
      }
    }
    return Optional.empty();
  }

  private static boolean knows(EvidenceText evidence, Word word) {
    return evidence.mentions(word) || Places.of(evidence.whole().lower(), word.lower()).isPresent();
  }
}
