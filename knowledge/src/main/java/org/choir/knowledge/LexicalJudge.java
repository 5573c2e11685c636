package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import org.choir.core.Digest;
import org.choir.knowledge.Alignment.Reading;

/**
 * Judges by rules alone: literal containment first, else how much of the claim's weight is found in
 * one to three adjacent sentences, with every number, name, denial and opposite agreeing. Made for
 * English; the same input gives the same judgement everywhere.
 */
public final class LexicalJudge implements Judge {
  private static final Id ID = new Id("lexical", "choir-lexical", "2");

  /** A claim's parts, each of which may stand at another place of the source. */
  private static final Pattern JOINTS =
      Pattern.compile("(?:; |, (?:and|but|while|whereas|which|so) | and (?=\\w+ \\w+))");

  /** Words beside a literal match that change what it says. */
  private static final Set<String> TURNING =
      Set.copyOf(
          List.of(
              ("not no never neither nor without cannot if unless except only myth false untrue wrong"
                      + " incorrect deny denies denied doubt claim claims claimed believe believed allege"
                      + " alleged allegedly suppose supposed would could might hardly rarely but")
                  .split(" ", -1)));

  private static final int REMEMBERED = 256;

  private final Map<Digest, EvidenceText> texts =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, EvidenceText> eldest) {
          return size() > REMEMBERED;
        }
      };

  @Override
  public Id id() {
    return ID;
  }

  @Override
  public Judgement judge(Claim claim, List<Evidence> evidence) {
    List<EvidenceText> prepared = evidence.stream().map(this::prepared).toList();
    if (claim.kind() == Claim.Kind.CODE) {
      return judgeCode(claim, prepared);
    }
    Utterance said = new Utterance(claim.text());
    if (said.words().isEmpty()) {
      return Judgement.against(ClaimVerdict.UNSUPPORTED, 0, "words_not_found: no words", true);
    }
    Optional<Quote> literal = literal(said, prepared);
    Optional<String> failure = EvidenceGate.failure(claim, said, prepared);
    if (literal.isPresent() && failure.isEmpty()) {
      return new Judgement(ClaimVerdict.SUPPORTED, 1, "", List.of(literal.get()), true);
    }
    Optional<Reading> whole = best(said, prepared);
    if (whole.isEmpty()) {
      return Judgement.against(
          ClaimVerdict.UNSUPPORTED,
          0,
          failure.orElse("words_not_found: nothing of it is in the source"),
          failure.isPresent());
    }
    Reading reading = whole.get();
    if (reading.verdict() == ClaimVerdict.CONTRADICTED) {
      return Judgement.against(ClaimVerdict.CONTRADICTED, reading.score(), reading.reason(), true);
    }
    if (failure.isPresent()) {
      return Judgement.against(ClaimVerdict.UNSUPPORTED, 0.02, failure.get(), true);
    }
    return reading.verdict() == ClaimVerdict.SUPPORTED
        ? judgement(reading)
        : byParts(said, reading, prepared);
  }

  /** Every line of the code stands in one of the sources. */
  private static Judgement judgeCode(Claim claim, List<EvidenceText> evidence) {
    for (EvidenceText text : evidence) {
      List<Quote> quotes = new ArrayList<>();
      List<String> lines = claim.text().lines().filter(line -> !line.isBlank()).toList();
      for (String line : lines) {
        literal(new NormalText(line).lower().strip(), text).ifPresent(quotes::add);
      }
      if (quotes.size() == lines.size() && !lines.isEmpty()) {
        return new Judgement(ClaimVerdict.SUPPORTED, 1, "", List.of(quotes.getFirst()), true);
      }
    }
    return Judgement.against(
        ClaimVerdict.UNSUPPORTED, 0, "quote_not_found: the code is not in a cited source", true);
  }

  private EvidenceText prepared(Evidence evidence) {
    Digest key =
        Digest.of(
            evidence.source()
                + " "
                + evidence.start()
                + " "
                + evidence.title()
                + '\n'
                + evidence.section()
                + '\n'
                + evidence.key()
                + '\n'
                + evidence.text());
    synchronized (texts) {
      EvidenceText known = texts.get(key);
      if (known != null) {
        return known;
      }
    }
    EvidenceText fresh = new EvidenceText(evidence);
    synchronized (texts) {
      texts.put(key, fresh);
    }
    return fresh;
  }

  /** The claim's words in a source, if nothing around them in their sentence changes them. */
  private static Optional<Quote> literal(Utterance said, List<EvidenceText> evidence) {
    String wanted =
        said.normal().lower().replaceAll("[\\s.!?:;,\"')]+$", "").replaceAll("^[\"'(]+", "");
    if (said.content().size() < 2) {
      return Optional.empty();
    }
    for (EvidenceText text : evidence) {
      Optional<Quote> quote = literal(wanted, text);
      if (quote.isPresent() && !turnedAround(said, text, quote.get())) {
        return quote;
      }
    }
    return Optional.empty();
  }

  private static Optional<Quote> literal(String wanted, EvidenceText text) {
    NormalText whole = text.whole();
    OptionalInt at = Places.of(whole.lower(), wanted);
    if (at.isEmpty()) {
      return Optional.empty();
    }
    int start = whole.start(at.getAsInt());
    int end = whole.end(at.getAsInt() + wanted.length() - 1);
    return text.isOrder(start, end) ? Optional.empty() : Optional.of(text.quote(start, end));
  }

  private static boolean turnedAround(Utterance said, EvidenceText text, Quote quote) {
    int from = quote.start() - text.evidence().start();
    int to = quote.end() - text.evidence().start();
    for (EvidenceText.Line line : text.lines()) {
      if (line.start() < to && line.end() > from) {
        NormalText normal = line.utterance().normal();
        for (Quantity quantity : said.quantities()) {
          if (line.utterance().quantities().stream()
              .anyMatch(q -> quantity.agreesWith(q) && quantity.bound() != q.bound())) {
            return true;
          }
        }
        for (Word word : line.utterance().words()) {
          int place = line.start() + normal.start(word.start());
          boolean outside = place < from || place >= to;
          if (outside && TURNING.contains(word.lower())) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private static Optional<Reading> best(Utterance said, List<EvidenceText> evidence) {
    List<Alignment> all = new ArrayList<>();
    for (EvidenceText text : evidence) {
      for (EvidenceText.Window window : text.windows(said)) {
        all.add(new Alignment(said, window));
      }
    }
    Optional<Reading> decisive = decisive(all);
    if (decisive.isPresent()) {
      return decisive;
    }
    double top = all.stream().mapToDouble(Alignment::quality).max().orElse(0);
    return all.stream()
        .filter(a -> a.quality() >= top - 0.1)
        .sorted(Comparator.comparingDouble(Alignment::quality).reversed())
        .map(Alignment::reading)
        .min(Comparator.comparingInt(LexicalJudge::rank));
  }

  /**
   * What the best single sentence says, if it is about all of the claim or denies it: words of its
   * neighbours must not make up for that. A number may still stand beside it.
   */
  private static Optional<Reading> decisive(List<Alignment> all) {
    Optional<Alignment> best =
        all.stream()
            .filter(a -> a.window().lines().size() == 1)
            .max(Comparator.comparingDouble(Alignment::quality));
    if (best.isEmpty()) {
      return Optional.empty();
    }
    Reading reading = best.get().reading();
    boolean number = reading.reason().startsWith("number_");
    boolean complete = best.get().coverage() >= Alignment.SUPPORTED;
    boolean denied = reading.verdict() == ClaimVerdict.CONTRADICTED;
    return !number && (complete || denied) ? Optional.of(reading) : Optional.empty();
  }

  private static int rank(Reading reading) {
    return switch (reading.verdict()) {
      case SUPPORTED -> 0;
      case PARTIAL -> 1;
      case CONTRADICTED -> 2;
      default -> 3;
    };
  }

  /** The parts of a claim that say something of their own. */
  static List<String> parts(Utterance said) {
    return JOINTS
        .splitAsStream(said.normal().text())
        .filter(part -> new Utterance(part).content().size() >= 2)
        .toList();
  }

  /** A claim of several parts: each may be said elsewhere, and one may not be said at all. */
  private static Judgement byParts(Utterance said, Reading whole, List<EvidenceText> evidence) {
    List<String> parts = parts(said);
    if (parts.size() < 2) {
      return judgement(whole);
    }
    List<Quote> quotes = new ArrayList<>();
    String lacking = "";
    double score = 1;
    for (String part : parts) {
      Optional<Reading> reading = best(new Utterance(part), evidence);
      ClaimVerdict verdict = reading.map(Reading::verdict).orElse(ClaimVerdict.UNSUPPORTED);
      if (verdict == ClaimVerdict.CONTRADICTED) {
        return Judgement.against(verdict, 0.05, reading.map(Reading::reason).orElse(""), true);
      }
      if (verdict == ClaimVerdict.SUPPORTED) {
        Quote quote = reading.orElseThrow().window().quote();
        if (!quotes.contains(quote)) {
          quotes.add(quote);
        }
        score = Math.min(score, reading.orElseThrow().score());
      } else {
        lacking = lacking.isEmpty() ? part.strip() : lacking;
      }
    }
    boolean togetherAlready =
        whole.reason().startsWith("order_differs")
            || whole.reason().startsWith("bound")
            || whole.reason().startsWith("condition")
            || whole.reason().startsWith("quantifier")
            || whole.reason().startsWith("modality");
    if (quotes.isEmpty() || togetherAlready) {
      return judgement(whole);
    }
    return lacking.isEmpty()
        ? new Judgement(ClaimVerdict.SUPPORTED, score, "", quotes, false)
        : new Judgement(
            ClaimVerdict.PARTIAL, 0.5, "part_not_found: \"" + lacking + '"', quotes, false);
  }

  private static Judgement judgement(Reading reading) {
    return reading.verdict().stands()
        ? new Judgement(
            reading.verdict(),
            reading.score(),
            reading.reason(),
            List.of(reading.window().quote()),
            false)
        : Judgement.against(reading.verdict(), reading.score(), reading.reason(), isFirm(reading));
  }

  private static boolean isFirm(Reading reading) {
    return !reading.reason().startsWith("words_not_found")
        && !reading.reason().startsWith(Alignment.SUBJECT);
  }
}
