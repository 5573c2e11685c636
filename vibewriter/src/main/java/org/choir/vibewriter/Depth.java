package org.choir.vibewriter;

import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.choir.agent.Limits;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/** How far a run goes: targets that its report states as reached or not, and what it may use. */
public enum Depth {
  QUICK(2, 3, 500, 200, Duration.ofMinutes(30), 1_000_000),
  STANDARD(5, 7, 1_500, 600, Duration.ofHours(2), 4_000_000),
  DEEP(10, 0, 3_000, 1_500, Duration.ofHours(6), 15_000_000);

  private final int sources;
  private final int sourcesUpTo;
  private final int words;
  private final int steps;
  private final Duration time;
  private final long tokens;

  Depth(int sources, int sourcesUpTo, int words, int steps, Duration time, long tokens) {
    this.sources = sources;
    this.sourcesUpTo = sourcesUpTo;
    this.words = words;
    this.steps = steps;
    this.time = time;
    this.tokens = tokens;
  }

  /**
   * The depth with this word.
   *
   * @throws ChoirException {@code unknown_depth}
   */
  public static Depth of(String word) {
    return Arrays.stream(values())
        .filter(d -> d.word().equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "unknown_depth",
                    "there is no depth '" + Text.visible(word, 40) + "'",
                    "choose one of: "
                        + Arrays.stream(values())
                            .map(Depth::word)
                            .collect(Collectors.joining(", "))));
  }

  /** The word in commands, events and reports, for example {@code quick}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Different sources that a report cites at least. */
  public int sources() {
    return sources;
  }

  /** The words of a report's text, at least; source list and remarks do not count. */
  public int words() {
    return words;
  }

  /** The target in words, for example {@code 2-3 sources and 500 words}. */
  public String target() {
    String range = sourcesUpTo == 0 ? sources + " or more" : sources + "-" + sourcesUpTo;
    String count = String.format(Locale.ROOT, "%,d", words);
    return range + " sources and " + count + (sourcesUpTo == 0 ? " or more words" : " words");
  }

  /** What a run of this depth may use unless it is told otherwise; money is not limited. */
  public Limits limits() {
    return new Limits(steps, time, Optional.of(tokens), Optional.empty());
  }
}
