package org.choir.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.choir.knowledge.ClaimVerdict;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.Sentences;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.UnusableSource;
import org.choir.knowledge.formats.Formats;

/**
 * Makes claims from true sentences of documents: reworded and shortened they stay supported; with a
 * number, a denial, an opposite or the sides changed they are contradicted; made stronger, with
 * another name or another fact added they are unsupported. The text itself is never kept.
 */
final class EntailmentMutations {
  private static final int FILES_MAX = 220;
  private static final Pattern NUMBER = Pattern.compile("(?<![\\w.])\\d{1,6}(?![\\w.]|,\\d)");
  private static final Pattern AUXILIARY =
      Pattern.compile("\\b(is|are|was|were|can|will|must|should|has been|have been) (?!not\\b)");
  private static final Pattern NEGATED =
      Pattern.compile("\\b(is|are|was|were|can|will|must|should|does|do) ?not ");
  private static final Pattern NAME = Pattern.compile("(?<=[a-z,] )([A-Z][A-Za-z]{3,})\\b");
  private static final Pattern SUBORDINATE =
      Pattern.compile(
          "^(If|When|While|Because|Since|After|Before|Although) ([^,]{10,80}), ([a-z][^,;]{15,})\\.$");
  private static final Pattern PASSIVE =
      Pattern.compile(
          "^((?:The|A|An|Each|This) [\\w -]{3,40}?) (?:is|are) (\\w+ed) by (the [\\w -]{3,40})\\.$");

  private static final String[][] OPPOSITES = {
    {"increases", "decreases"},
    {"increase", "reduce"},
    {"larger", "smaller"},
    {"enabled", "disabled"},
    {"before", "after"},
    {"more", "less"},
    {"minimum", "maximum"},
    {"first", "last"},
    {"higher", "lower"},
    {"always", "never"},
    {"faster", "slower"},
    {"allowed", "forbidden"},
    {"required", "optional"},
    {"start", "end"},
    {"true", "false"},
    {"same", "different"},
    {"all", "none"},
    {"read", "write"},
    {"begins", "ends"},
    {"accept", "reject"},
    {"valid", "invalid"},
    {"public", "private"},
    {"local", "remote"},
    {"input", "output"},
    {"possible", "impossible"},
    {"new", "old"},
    {"includes", "excludes"}
  };

  private static final String[][] STRONGER = {
    {"may", "must"},
    {"can", "must"},
    {"some", "all"},
    {"usually", "always"},
    {"often", "always"},
    {"might", "will"},
    {"many", "all"},
    {"most", "all"},
    {"sometimes", "always"},
    {"should", "must"},
    {"could", "will"},
    {"typically", "always"}
  };

  private final Random random;
  private final Map<String, String> rewordings = new HashMap<>();

  EntailmentMutations(Random random) {
    this.random = random;
    for (String line : EntailmentFacts.lines("rewordings.txt")) {
      int bar = line.indexOf('|');
      rewordings.put(line.substring(0, bar), line.substring(bar + 1));
    }
  }

  /** A page with the sentences that can stand alone. */
  private record Page(List<String> sentences, List<Integer> usable) {}

  /** Examples from the documents of a folder, at most so many. */
  List<EntailmentExample> examples(Path folder, int most) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder)) {
      files =
          new ArrayList<>(
              all.filter(Files::isRegularFile)
                  .filter(f -> f.getFileName().toString().matches(".*\\.(html|md)"))
                  .sorted()
                  .toList());
    }
    Collections.shuffle(files, random);
    List<Page> pages = new ArrayList<>();
    for (Path file : files.subList(0, Math.min(FILES_MAX, files.size()))) {
      page(file).ifPresent(pages::add);
    }
    List<EntailmentExample> made = new ArrayList<>();
    String origin = "docs:" + folder;
    for (int round = 0; round < most * 3 && made.size() < most && !pages.isEmpty(); round++) {
      Page page = pages.get(random.nextInt(pages.size()));
      Page other = pages.get(random.nextInt(pages.size()));
      example(page, other, round % 3, origin).ifPresent(made::add);
    }
    return made;
  }

  private Optional<Page> page(Path file) throws IOException {
    List<String> sentences = new ArrayList<>();
    List<Integer> usable = new ArrayList<>();
    try {
      if (Files.size(file) > 2_000_000) {
        return Optional.empty();
      }
      byte[] bytes = Files.readAllBytes(file);
      for (TextBlock block :
          Formats.read(file.getFileName().toString(), bytes, ReadLimits.DEFAULT).blocks()) {
        for (Sentences.Sentence sentence : Sentences.of(block.text())) {
          String text = sentence.text().replaceAll("\\s+", " ");
          if (text.matches("[A-Z][^\\n|{}<>=]{40,260}\\.")
              && !text.matches(
                  "(This|These|It|They|See|Note|For example|That|However|But|Thus|Here|Such|In this)\\b.*")) {
            usable.add(sentences.size());
          }
          if (text.length() < 1_000) {
            sentences.add(text);
          }
        }
      }
    } catch (UnusableSource unreadable) {
      return Optional.empty();
    }
    usable.removeIf(i -> i >= sentences.size());
    return usable.size() < 3 || sentences.size() > 600
        ? Optional.empty()
        : Optional.of(new Page(sentences, usable));
  }

  private Optional<EntailmentExample> example(Page page, Page other, int kind, String origin) {
    int at = page.usable.get(random.nextInt(page.usable.size()));
    String truth = page.sentences.get(at);
    return switch (kind) {
      case 0 -> Optional.of(made(page, at, faithful(truth), ClaimVerdict.SUPPORTED, origin));
      case 1 -> changed(truth).map(c -> made(page, at, c, ClaimVerdict.CONTRADICTED, origin));
      default -> unsupported(page, other, at, origin);
    };
  }

  /** With the sentence alone, its neighbourhood, or the whole page as evidence. */
  private EntailmentExample made(
      Page page, int at, String claim, ClaimVerdict label, String origin) {
    int way = random.nextInt(3);
    int from = way == 0 ? at : way == 1 ? Math.max(0, at - random.nextInt(4)) : 0;
    int to =
        way == 0
            ? at + 1
            : way == 1
                ? Math.min(page.sentences.size(), at + 1 + random.nextInt(4))
                : page.sentences.size();
    return new EntailmentExample(claim, page.sentences.subList(from, to), label, origin);
  }

  /** The sentence said otherwise, and often less of it. */
  private String faithful(String truth) {
    String said = truth;
    Matcher clause = SUBORDINATE.matcher(said);
    Matcher passive = PASSIVE.matcher(said);
    if (clause.matches() && random.nextInt(4) > 0) {
      said =
          capital(clause.group(3))
              + " "
              + clause.group(1).toLowerCase(Locale.ROOT)
              + " "
              + clause.group(2)
              + ".";
    } else if (passive.matches()) {
      said =
          capital(passive.group(3))
              + " "
              + passive.group(2).replaceAll("ed$", "es").replace("ees", "es")
              + " "
              + lower(passive.group(1))
              + ".";
    }
    if (random.nextInt(2) == 0) {
      said = said.replaceAll(" \\([^)]*\\)", "");
    }
    if (random.nextInt(2) == 0) {
      said =
          said.replaceFirst(", (?:which|such as|including|for example|e\\.g\\.)[^,.]*(?=[.,])", "");
    }
    if (random.nextInt(2) == 0) {
      said = capital(said.replaceFirst("^(?:In|By|For|At|On|With) [^,]{3,30}, ", ""));
    }
    return reworded(said, 0.6);
  }

  private String reworded(String said, double share) {
    StringBuilder out = new StringBuilder();
    Matcher word = Pattern.compile("[A-Za-z]+").matcher(said);
    int end = 0;
    while (word.find()) {
      String other = rewordings.get(word.group());
      out.append(said, end, word.start());
      out.append(other != null && random.nextDouble() < share ? other : word.group());
      end = word.end();
    }
    return out.append(said.substring(end)).toString();
  }

  private Optional<String> changed(String truth) {
    List<String> ways = new ArrayList<>();
    number(truth).ifPresent(ways::add);
    opposite(truth).ifPresent(ways::add);
    Matcher negated = NEGATED.matcher(truth);
    if (negated.find()) {
      ways.add(
          truth.substring(0, negated.end()).replaceAll(" ?not $", " ")
              + truth.substring(negated.end()));
    } else {
      Matcher verb = AUXILIARY.matcher(truth);
      if (verb.find()) {
        ways.add(truth.substring(0, verb.end()) + "not " + truth.substring(verb.end()));
      }
    }
    if (ways.isEmpty()) {
      return Optional.empty();
    }
    String way = ways.get(random.nextInt(ways.size()));
    return Optional.of(random.nextBoolean() ? reworded(way, 0.5) : way);
  }

  private Optional<String> number(String truth) {
    Matcher number = NUMBER.matcher(truth);
    if (!number.find()) {
      return Optional.empty();
    }
    long value = Long.parseLong(number.group());
    long[] others = {
      value + 1 + random.nextInt(9), value * 2 + 1, value * 10 + 10, Math.max(1, value / 3) + 20
    };
    return Optional.of(
        truth.substring(0, number.start())
            + others[random.nextInt(4)]
            + truth.substring(number.end()));
  }

  private Optional<String> opposite(String truth) {
    List<String> ways = new ArrayList<>();
    for (String[] pair : OPPOSITES) {
      for (int side = 0; side < 2; side++) {
        Matcher word = Pattern.compile("\\b" + pair[side] + "\\b").matcher(truth);
        if (word.find()) {
          ways.add(truth.substring(0, word.start()) + pair[1 - side] + truth.substring(word.end()));
        }
      }
    }
    return ways.isEmpty() ? Optional.empty() : Optional.of(ways.get(random.nextInt(ways.size())));
  }

  private Optional<EntailmentExample> unsupported(Page page, Page other, int at, String origin) {
    String truth = page.sentences.get(at);
    int way = random.nextInt(6);
    if (way == 0) {
      for (String[] pair : STRONGER) {
        Matcher word = Pattern.compile("\\b" + pair[0] + "\\b").matcher(truth);
        if (word.find()) {
          String claim = truth.substring(0, word.start()) + pair[1] + truth.substring(word.end());
          return Optional.of(made(page, at, claim, ClaimVerdict.UNSUPPORTED, origin));
        }
      }
    }
    if (way == 1) {
      Matcher mine = NAME.matcher(truth);
      String elsewhere = other.sentences.get(other.usable.get(random.nextInt(other.usable.size())));
      Matcher theirs = NAME.matcher(elsewhere);
      if (mine.find() && theirs.find() && !mine.group().equals(theirs.group())) {
        String claim =
            truth.substring(0, mine.start()) + theirs.group() + truth.substring(mine.end());
        return Optional.of(made(page, at, claim, ClaimVerdict.UNSUPPORTED, origin));
      }
    }
    if (way == 2) {
      String added = other.sentences.get(other.usable.get(random.nextInt(other.usable.size())));
      String claim = truth.substring(0, truth.length() - 1) + ", and " + lower(added);
      return claim.length() > 320
          ? Optional.empty()
          : Optional.of(made(page, at, claim, ClaimVerdict.UNSUPPORTED, origin));
    }
    // A sentence of the same page that its other sentences do not say.
    List<String> rest = new ArrayList<>(page.sentences);
    rest.removeIf(s -> s.equals(truth));
    int from = random.nextBoolean() ? 0 : random.nextInt(rest.size());
    int to = from == 0 ? rest.size() : Math.min(rest.size(), from + 1 + random.nextInt(5));
    String claim = random.nextBoolean() ? truth : faithful(truth);
    return Optional.of(
        new EntailmentExample(claim, rest.subList(from, to), ClaimVerdict.UNSUPPORTED, origin));
  }

  private static String capital(String text) {
    return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }

  private static String lower(String text) {
    return text.isEmpty() ? text : Character.toLowerCase(text.charAt(0)) + text.substring(1);
  }
}
