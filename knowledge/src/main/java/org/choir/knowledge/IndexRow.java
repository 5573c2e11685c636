package org.choir.knowledge;

import java.nio.ByteBuffer;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * A passage of an article as an index has it: everything a search needs, made from PostgreSQL and
 * the body alone.
 *
 * @param key the article's id, a colon and the passage's number in five digits
 * @param version of the article
 * @param published seconds since 1970
 * @param section the heading it stands under, may be empty
 * @param locator {@code line=N} of the body
 * @param model the id and revision of the embedding model that made the vector
 * @param vector of length 1; empty while it is not embedded
 */
public record IndexRow(
    String key,
    String article,
    int version,
    String field,
    String author,
    long published,
    String title,
    String section,
    String locator,
    String text,
    String model,
    float[] vector) {
  public IndexRow {
    vector = vector.clone();
  }

  @Override
  public float[] vector() {
    return vector.clone();
  }

  /** What the embedding model is shown: the text under its headings. */
  String inContext() {
    return title
        + (section.isEmpty() || section.equals(title) ? "" : " › " + section)
        + "\n"
        + text;
  }

  /** The same with a vector. */
  IndexRow embedded(String by, float[] made) {
    return new IndexRow(
        key, article, version, field, author, published, title, section, locator, text, by, made);
  }

  /** Everything in it as one line, so that two indexes can be compared row for row. */
  public String line() {
    ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES);
    for (float each : vector) {
      bytes.putFloat(each);
    }
    return Json.write(
        Json.object()
            .put("key", key)
            .put("article", article)
            .put("version", version)
            .put("field", field)
            .put("author", author)
            .put("published", published)
            .put("title", title)
            .put("section", section)
            .put("locator", locator)
            .put("text", Digest.of(text).hex())
            .put("model", model)
            .put("vector", Digest.of(bytes.array()).hex()));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof IndexRow row && line().equals(row.line());
  }

  @Override
  public int hashCode() {
    return line().hashCode();
  }
}
