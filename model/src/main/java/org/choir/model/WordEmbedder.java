package org.choir.model;

import java.util.List;

/**
 * An embedder that also gives every word of a text a vector in its context, at the cost of the one
 * run that embeds the text. Thread-safe; deterministic for one model and machine.
 */
public interface WordEmbedder extends Embedder {

  /** The texts with their words, in the order given. Texts beyond the model's window are cut. */
  List<Words> words(List<String> texts);

  /**
   * A text as the model reads it. The arrays are not copied: whoever has them leaves them alone.
   *
   * @param text the vector of the whole text, of length 1, as {@link Embedder#passages} gives it
   * @param words in lower case, as the model's tokeniser parts them, their pieces joined
   * @param vectors one per word, of length 1
   */
  record Words(float[] text, List<String> words, float[][] vectors) {
    public Words {
      words = List.copyOf(words);
      if (words.size() != vectors.length) {
        throw new IllegalArgumentException(
            words.size() + " words cannot have " + vectors.length + " vectors");
      }
    }
  }
}
