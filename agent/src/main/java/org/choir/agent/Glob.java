package org.choir.agent;

import java.util.ArrayList;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/**
 * A file pattern over paths below a search root. Without a slash it names files at any depth; with
 * one it counts from the root, as with a leading slash. {@code *} and {@code ?} stay within a name,
 * {@code **} spans folders, {@code [a-z]}, {@code [!a]} and {@code [^a]} are sets, {@code {a,b}}
 * alternatives (nested too), {@code \} takes the next character as it is. Wildcards do not match a
 * leading dot: hidden names are matched by a pattern that writes the dot.
 */
final class Glob {
  /** Alternatives after expansion of braces, beyond which a pattern is refused. */
  private static final int EXPANSIONS_MAX = 1_000;

  private final List<List<int[]>> alternatives = new ArrayList<>();

  private Glob() {}

  /**
   * Reads a pattern.
   *
   * @throws ChoirException {@code invalid_path} for {@code ..}, {@code pattern_too_broad} for more
   *     than 1,000 alternatives
   */
  static Glob of(String pattern) {
    if (pattern.isBlank()) {
      throw ChoirException.usage("invalid_path", "the pattern is empty; try *.md", "");
    }
    List<String> expanded = new ArrayList<>();
    expand(pattern, expanded);
    Glob glob = new Glob();
    for (String one : expanded) {
      boolean anywhere = !one.contains("/");
      List<int[]> segments = new ArrayList<>();
      if (anywhere) {
        segments.add(ANY_FOLDERS);
      }
      for (String segment : one.split("/", -1)) {
        if (segment.equals("..")) {
          throw ChoirException.usage(
              "invalid_path",
              "the pattern '" + Text.visible(pattern, 100) + "' must not contain '..'",
              "");
        }
        if (segment.equals("**")) {
          segments.add(ANY_FOLDERS);
        } else if (!segment.isEmpty() && !segment.equals(".")) {
          segments.add(segment.codePoints().toArray());
        }
      }
      if (!segments.isEmpty() && isSpan(segments.getLast())) {
        segments.add("*".codePoints().toArray()); // `sub/**` means every file below sub
      }
      glob.alternatives.add(segments);
    }
    return glob;
  }

  /** The segment {@code **}; no other segment is empty. */
  private static final int[] ANY_FOLDERS = {};

  private static boolean isSpan(int[] segment) {
    return segment.length == 0;
  }

  /** Whether this file matches; {@code path} is relative to the search root. */
  boolean matches(String path) {
    String[] names = path.split("/");
    return alternatives.stream().anyMatch(segments -> matches(segments, names));
  }

  /** Row by row over the names, so that many {@code **} cost no more than a product. */
  private static boolean matches(List<int[]> segments, String[] names) {
    boolean[] reachable = new boolean[segments.size() + 1];
    reachable[0] = true;
    skipEmptySpans(segments, reachable);
    for (String name : names) {
      boolean[] next = new boolean[segments.size() + 1];
      int[] points = name.codePoints().toArray();
      for (int s = 0; s < segments.size(); s++) {
        if (!reachable[s]) {
          continue;
        }
        if (isSpan(segments.get(s))) {
          next[s] |= !name.startsWith(".");
        } else if (nameMatches(segments.get(s), points)) {
          next[s + 1] = true;
        }
      }
      skipEmptySpans(segments, next);
      reachable = next;
    }
    return reachable[segments.size()];
  }

  private static void skipEmptySpans(List<int[]> segments, boolean[] reachable) {
    for (int s = 0; s < segments.size(); s++) {
      if (reachable[s] && isSpan(segments.get(s))) {
        reachable[s + 1] = true;
      }
    }
  }

  private static boolean nameMatches(int[] pattern, int[] name) {
    if (name.length > 0 && name[0] == '.' && (pattern.length == 0 || pattern[0] != '.')) {
      return false;
    }
    int p = 0;
    int n = 0;
    int starAt = -1;
    int starName = 0;
    while (n < name.length) {
      int width = p < pattern.length ? oneMatches(pattern, p, name[n]) : 0;
      if (p < pattern.length && pattern[p] == '*') {
        starAt = p++;
        starName = n;
      } else if (width > 0) {
        p += width;
        n++;
      } else if (starAt >= 0) {
        p = starAt + 1;
        n = ++starName;
      } else {
        return false;
      }
    }
    while (p < pattern.length && pattern[p] == '*') {
      p++;
    }
    return p == pattern.length;
  }

  /** How many pattern characters match this one character, 0 for none. */
  private static int oneMatches(int[] pattern, int p, int c) {
    return switch (pattern[p]) {
      case '?' -> 1;
      case '\\' -> p + 1 < pattern.length && pattern[p + 1] == c ? 2 : 0;
      case '[' -> {
        int end = setEnd(pattern, p);
        if (end > 0) {
          yield inSet(pattern, p + 1, end, c) ? end - p + 1 : 0;
        }
        yield c == '[' ? 1 : 0;
      }
      default -> pattern[p] == c ? 1 : 0;
    };
  }

  private static int setEnd(int[] pattern, int open) {
    int from = open + 1;
    if (from < pattern.length && (pattern[from] == '!' || pattern[from] == '^')) {
      from++;
    }
    for (int i = from + 1; i < pattern.length; i++) { // a leading ] belongs to the set
      if (pattern[i] == ']') {
        return i;
      }
    }
    return -1;
  }

  private static boolean inSet(int[] pattern, int from, int end, int c) {
    boolean negated = pattern[from] == '!' || pattern[from] == '^';
    boolean found = false;
    for (int i = negated ? from + 1 : from; i < end; i++) {
      if (i + 2 < end && pattern[i + 1] == '-') {
        found |= pattern[i] <= c && c <= pattern[i + 2];
        i += 2;
      } else {
        found |= pattern[i] == c;
      }
    }
    return found != negated;
  }

  private static void expand(String pattern, List<String> out) {
    int open = -1;
    int depth = 0;
    List<Integer> cuts = new ArrayList<>();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '{') {
        if (depth++ == 0) {
          open = i;
          cuts.clear();
        }
      } else if (c == ',' && depth == 1) {
        cuts.add(i);
      } else if (c == '}' && depth > 0 && --depth == 0 && !cuts.isEmpty()) {
        cuts.add(i);
        int from = open + 1;
        for (int cut : cuts) {
          expand(
              pattern.substring(0, open) + pattern.substring(from, cut) + pattern.substring(i + 1),
              out);
          from = cut + 1;
        }
        return;
      }
    }
    out.add(pattern);
    if (out.size() > EXPANSIONS_MAX) {
      throw ChoirException.usage(
          "pattern_too_broad",
          "the pattern '"
              + Text.visible(pattern, 100)
              + "' is too broad: its braces give more than "
              + EXPANSIONS_MAX
              + " patterns",
          "write a narrower pattern");
    }
  }
}
