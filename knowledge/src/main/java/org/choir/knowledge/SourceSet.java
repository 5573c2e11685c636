package org.choir.knowledge;

import java.util.List;

/**
 * What one reading of folders and files found: the documents a run may cite, and what was left out.
 *
 * @param id names this exact set of documents; equal sets have equal ids
 * @param documents sorted by location
 * @param unchanged how many of them were known from an earlier reading
 */
public record SourceSet(
    String id, List<SourceDocument> documents, List<Skipped> skipped, int unchanged) {
  public SourceSet {
    documents = List.copyOf(documents);
    skipped = List.copyOf(skipped);
  }

  /**
   * A file that cannot be used.
   *
   * @param code stable: {@code empty}, {@code too_large}, {@code binary}, {@code unreadable},
   *     {@code broken}, {@code no_text} (a scanned PDF), {@code outside} (a link that leads out of
   *     the folder), {@code unsupported}, {@code duplicate}
   * @param reason one sentence for a person
   */
  public record Skipped(String location, String code, String reason) {}
}
