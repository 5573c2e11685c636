package org.choir.vibewriter;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.choir.model.Embedder;

/**
 * Texts as counts of their words in hashed places: texts with common words are close. For tests
 * that are not about the quality of a search.
 */
final class WordEmbedder implements Embedder {
  private static final int DIMENSIONS = 256;
  private static final Pattern BETWEEN = Pattern.compile("[^a-z0-9]+");

  @Override
  public String id() {
    return "words/1";
  }

  @Override
  public int dimensions() {
    return DIMENSIONS;
  }

  @Override
  public List<float[]> passages(List<String> texts) {
    return texts.stream().map(this::query).toList();
  }

  @Override
  public float[] query(String text) {
    float[] vector = new float[DIMENSIONS];
    vector[0] = 1e-3f;
    BETWEEN
        .splitAsStream(text.toLowerCase(Locale.ROOT))
        .filter(w -> w.length() > 2)
        .forEach(w -> vector[Math.floorMod(w.hashCode(), DIMENSIONS)] += 1);
    double length = 0;
    for (float v : vector) {
      length += v * v;
    }
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) (vector[i] / Math.sqrt(length));
    }
    return vector;
  }
}
