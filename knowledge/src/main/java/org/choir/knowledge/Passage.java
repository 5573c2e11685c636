package org.choir.knowledge;

import org.choir.core.Digest;

/**
 * A piece of a source that can be cited.
 *
 * @param key the evidence key: {@code s} and ten hexadecimal digits, made from the source's digest
 *     and the offsets, so that the same passage has the same key in every run
 * @param source the source's digest
 * @param title the source's title
 * @param section the heading it stands under, may be empty
 * @param location the source's absolute path
 * @param locator as in {@link SourceDocument.Section#locator()}, of the passage itself where the
 *     format allows
 * @param start in code points of the extracted text
 * @param end exclusive
 * @param text exactly the extracted text from start to end
 * @param score of the search that found it, 0 to 1, comparable between questions (see {@link
 *     SourceLibrary#ANSWERS}); 0 if it was not searched
 */
public record Passage(
    String key,
    Digest source,
    String title,
    String section,
    String location,
    String locator,
    int start,
    int end,
    String text,
    double score) {

  /** The same passage with another score. */
  Passage scored(double other) {
    return new Passage(key, source, title, section, location, locator, start, end, text, other);
  }
}
