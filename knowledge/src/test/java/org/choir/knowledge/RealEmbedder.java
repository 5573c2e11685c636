package org.choir.knowledge;

import dev.langchain4j.model.embedding.onnx.bgesmallenv15q.BgeSmallEnV15QuantizedEmbeddingModel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.choir.model.Embedder;

/** The house's embedding model, as its library offers it, remembering what it has seen. */
final class RealEmbedder implements Embedder {
  private final BgeSmallEnV15QuantizedEmbeddingModel model =
      new BgeSmallEnV15QuantizedEmbeddingModel();
  private final Map<String, float[]> known = new ConcurrentHashMap<>();

  @Override
  public String id() {
    return "bge-small-en-v1.5-q";
  }

  @Override
  public int dimensions() {
    return 384;
  }

  @Override
  public List<float[]> passages(List<String> texts) {
    return texts.stream()
        .map(text -> known.computeIfAbsent(text, t -> model.embed(t).content().vector()))
        .toList();
  }

  @Override
  public float[] query(String text) {
    String instruction = "Represent this sentence for searching relevant passages: ";
    return passages(List.of(instruction + text)).getFirst();
  }
}
