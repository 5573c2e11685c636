package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.knowledge.lucene.Words;
import org.choir.model.Embedder;

/** A small real embedder for tests that are not about meaning: words hashed into 256 places. */
final class HashedWords implements Embedder {
  final AtomicInteger embedded = new AtomicInteger();

  @Override
  public String id() {
    return "hashed-words@1";
  }

  @Override
  public int dimensions() {
    return 256;
  }

  @Override
  public List<float[]> passages(List<String> texts) {
    List<float[]> vectors = new ArrayList<>();
    for (String text : texts) {
      embedded.incrementAndGet();
      vectors.add(query(text));
    }
    return vectors;
  }

  @Override
  public float[] query(String text) {
    float[] vector = new float[dimensions()];
    Words.terms(text).forEach(term -> vector[Math.floorMod(term.text().hashCode(), 256)]++);
    double length = 0;
    for (float each : vector) {
      length += (double) each * each;
    }
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) (vector[i] / Math.max(1e-9, Math.sqrt(length)));
    }
    return vector;
  }
}
