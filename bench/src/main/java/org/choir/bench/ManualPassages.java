package org.choir.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Passages of a manual of HTML pages: what stands in its paragraphs, in pieces of so many words.
 */
final class ManualPassages {
  private static final Pattern PARAGRAPH = Pattern.compile("<p>(.*?)</p>", Pattern.DOTALL);
  private static final long SEED = 3;

  private ManualPassages() {}

  /**
   * Different pieces, in an order of their own that is the same each time.
   *
   * @param most fewer, if the manual has no more
   */
  static List<String> of(Path folder, int words, int most) throws IOException {
    Set<String> pieces = new LinkedHashSet<>();
    try (Stream<Path> all = Files.list(IndexBench.documents(List.of(folder.toString())))) {
      for (Path page : all.filter(p -> p.toString().endsWith(".html")).sorted().toList()) {
        Matcher paragraph = PARAGRAPH.matcher(Files.readString(page));
        while (paragraph.find()) {
          cut(text(paragraph.group(1)), words, pieces);
        }
      }
    }
    List<String> shuffled = new ArrayList<>(pieces);
    java.util.Collections.shuffle(shuffled, new Random(SEED));
    return shuffled.subList(0, Math.min(most, shuffled.size()));
  }

  private static String text(String html) {
    return html.replaceAll("<[^>]+>", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replaceAll("\\s+", " ")
        .strip();
  }

  private static void cut(String text, int words, Set<String> pieces) {
    String[] all = text.split(" ", -1);
    for (int from = 0; from + words <= all.length; from += words) {
      pieces.add(String.join(" ", List.of(all).subList(from, from + words)));
    }
  }
}
