package org.choir.knowledge;

import org.choir.core.Digest;

/**
 * A piece of a stored source that a claim can be checked against.
 *
 * @param key what the claim cites
 * @param source the digest the source is stored under
 * @param section the heading it stands under, may be empty
 * @param location the source's absolute path or address
 * @param locator as in {@link Passage#locator()}
 * @param start where the text stands in the stored extracted text, in code points
 * @param text exactly the stored text from start on
 */
public record Evidence(
    String key,
    Digest source,
    String title,
    String section,
    String location,
    String locator,
    int start,
    String text) {

  /** A passage as evidence under its own key. */
  public static Evidence of(Passage passage) {
    return new Evidence(
        passage.key(),
        passage.source(),
        passage.title(),
        passage.section(),
        passage.location(),
        passage.locator(),
        passage.start(),
        passage.text());
  }
}
