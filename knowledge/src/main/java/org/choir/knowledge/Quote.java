package org.choir.knowledge;

import org.choir.core.Digest;

/**
 * The words of a source that carry a claim, literally.
 *
 * @param key the evidence key that was cited
 * @param text exactly the stored extracted text from start to end
 * @param start in code points of the stored extracted text
 * @param end exclusive
 */
public record Quote(
    String key,
    Digest source,
    String title,
    String section,
    String location,
    String locator,
    String text,
    int start,
    int end) {
  public Quote {
    if (text.isEmpty() || text.codePointCount(0, text.length()) != end - start) {
      throw new IllegalArgumentException(
          "a quote of " + text.length() + " chars is not " + start + " to " + end);
    }
  }
}
