package org.choir.knowledge.web;

import java.net.URI;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.choir.core.Text;

/** What the adapters of search engines share. */
final class Queries {
  private Queries() {}

  /** The query on one line, cut at a word. */
  static String cut(String query, int max) {
    String line = Text.visible(query, Integer.MAX_VALUE - 1).replaceAll("\\s+", " ").strip();
    if (line.length() <= max) {
      return line;
    }
    int end = line.lastIndexOf(' ', max);
    return line.substring(0, end > max / 2 ? end : line.offsetByCodePoints(0, max / 2)).strip();
  }

  /** An address below a service's, which may have a path of its own. */
  static URI below(URI base, String path) {
    return URI.create(base.toString().replaceFirst("/+$", "") + path);
  }

  /** The first of those with the same address. */
  static List<WebHit> distinct(List<WebHit> hits, int limit) {
    Set<String> seen = new HashSet<>();
    return hits.stream()
        .filter(hit -> seen.add(hit.url()))
        .limit(Math.clamp(limit, 1, WebSearch.HITS_MAX))
        .toList();
  }
}
