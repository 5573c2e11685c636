package org.choir.knowledge;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The port to an index of passages: a projection that can be thrown away and made again. A change
 * is seen by searches after {@link #commit}. Thread-safe.
 */
public interface PassageIndex extends AutoCloseable {
  /** Puts an article's passages in, in place of all that was there of it. */
  void put(String article, List<IndexRow> rows);

  /** Takes an article out. */
  void remove(String article);

  /** Makes the changes visible and lasting. */
  void commit();

  /** Every row, by key. */
  List<IndexRow> rows();

  /** What is there of each article. */
  Map<String, Held> held();

  /** Closes it and deletes all it holds. */
  void drop();

  /**
   * Of which version an article's rows are, and which model made their vectors.
   *
   * @param model empty while they have none
   */
  record Held(int version, String model) {}

  /**
   * What a search is narrowed to.
   *
   * @param fields any of these; all, if empty
   * @param authors any of these; all, if empty
   * @param from published at or after, in seconds since 1970
   * @param to published before
   */
  record Filter(Set<String> fields, Set<String> authors, long from, long to) {
    /** Everything. */
    public static final Filter ALL = new Filter(Set.of(), Set.of(), Long.MIN_VALUE, Long.MAX_VALUE);

    public Filter {
      fields = Set.copyOf(fields);
      authors = Set.copyOf(authors);
    }

    /** Whether nothing is left out. */
    public boolean isAll() {
      return equals(ALL);
    }
  }

  /** A row that was found, best first in a list, with the score of its index. */
  record Hit(String key, String article, double score) {}

  @Override
  void close();

  /** An index by words. */
  interface ByWords extends PassageIndex {
    /**
     * The passages with the most telling words of the question (BM25).
     *
     * @return with the share of the question's words, by their rarity, that the best has
     */
    Found words(String question, Filter filter, int limit);

    /** The rows of these keys, in their order; missing ones are left out. */
    List<IndexRow> rows(List<String> keys);

    /**
     * What was found by words.
     *
     * @param coverage of the best hit, 0 to 1
     * @param terms of the question, without the commonest words
     */
    record Found(List<Hit> hits, double coverage, int terms) {}
  }

  /** An index by vectors. */
  interface ByVectors extends PassageIndex {
    /** The passages whose vectors of this model are nearest, with their cosines. */
    List<Hit> nearest(float[] vector, String model, Filter filter, int limit);

    /** How many rows carry a vector of this model. */
    long embedded(String model);
  }
}
