package org.choir.knowledge;

import java.util.List;
import org.choir.core.Digest;

/**
 * A source as it was read: its text is extracted once and stored under the digest of the file's
 * bytes.
 *
 * @param id the digest of the file's bytes
 * @param title from the document itself, else from its file name
 * @param location the file's absolute path
 * @param mediaType for example {@code text/html}
 * @param language an ISO 639-1 code, or {@code und}
 * @param length of the extracted text, in Unicode code points
 * @param sections headings in order, not overlapping, covering the text
 */
public record SourceDocument(
    Digest id,
    String title,
    String location,
    String mediaType,
    String language,
    int length,
    List<Section> sections) {
  public SourceDocument {
    sections = List.copyOf(sections);
  }

  /**
   * A part of the text under one heading.
   *
   * @param title the heading, with those above it: {@code Chapter 30 › WAL Configuration}; empty
   *     before the first
   * @param locator where a reader finds it: {@code #anchor} (HTML), {@code page=12} (PDF), {@code
   *     line=40} (text, Markdown), {@code row=7} (CSV); empty if the document has none
   * @param start in code points of the extracted text, inclusive
   * @param end exclusive
   */
  public record Section(String title, String locator, int start, int end) {}
}
