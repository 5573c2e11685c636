package org.choir.knowledge;

import java.util.Optional;
import java.util.Set;

/**
 * The port to where indexes are kept: a pair for each embedding model, of which one is searched.
 * While articles are embedded by another model the old pair goes on answering.
 */
public interface IndexShelf {
  /**
   * The indexes of one embedding model, which may be one and the same.
   *
   * @param model id and revision
   */
  record Indexes(String model, PassageIndex.ByWords words, PassageIndex.ByVectors vectors) {
    boolean isOne() {
      return vectors.equals(words);
    }

    void close() {
      words.close();
      if (!isOne()) {
        vectors.close();
      }
    }
  }

  /** The model whose indexes are searched; empty on a new shelf. */
  Optional<String> current();

  /** Makes a model's indexes those that are searched; lasting. */
  void current(String model);

  /** Opens a model's indexes, new and empty ones if need be; the caller closes them. */
  Indexes open(String model);

  /** Deletes the indexes of all other models; none of them may be open. */
  void keepOnly(Set<String> models);
}
