package org.choir.knowledge;

import java.util.Arrays;

/**
 * What is usual in a field: the distances that its accepted articles had, sorted. Learnt once for a
 * field and a model version and then frozen, so that scores fall as the field fills.
 *
 * @param field a field's name, or {@link #GENERAL}
 * @param model the embedding model's id, part of every comparison
 * @param millionths the statistic of each article in millionths, ascending
 */
public record NoveltyReference(String field, String model, int[] millionths) {
  /** For fields that are too small for a reference of their own. */
  public static final String GENERAL = "general";

  /** Fewer articles tell too little of a field. */
  public static final int ARTICLES_MIN = 30;

  public NoveltyReference {
    millionths = millionths.clone();
    Arrays.sort(millionths);
    if (millionths.length == 0) {
      throw new IllegalArgumentException("a reference without articles");
    }
  }

  @Override
  public int[] millionths() {
    return millionths.clone();
  }

  /**
   * The percentile of a statistic among the reference's, 0 to 100: how many are below it, and half
   * of those equal to it, rounded down. In whole numbers, so that it is the same on every machine.
   */
  public int percentile(int statistic) {
    int below = 0;
    int equal = 0;
    for (int m : millionths) {
      below += m < statistic ? 1 : 0;
      equal += m == statistic ? 1 : 0;
    }
    return (int) ((200L * below + 100L * equal) / (2L * millionths.length));
  }

  /** The largest statistic that an accepted article had. */
  public int largest() {
    return millionths[millionths.length - 1];
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NoveltyReference r
        && field.equals(r.field)
        && model.equals(r.model)
        && Arrays.equals(millionths, r.millionths);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * field.hashCode() + model.hashCode()) + Arrays.hashCode(millionths);
  }

  @Override
  public String toString() {
    return "NoveltyReference[" + field + ", " + model + ", " + millionths.length + " articles]";
  }
}
