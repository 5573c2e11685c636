package org.choir.knowledge;

/**
 * A word of an {@link Utterance}.
 *
 * @param lower in lower case, without a possessive ending
 * @param concept what it means as far as the lexicon knows
 * @param kind what it looks like
 * @param start in chars of the normal text
 * @param end exclusive
 * @param weight how much it tells; 0 for words that only join others
 */
record Word(String lower, String concept, Kind kind, int start, int end, double weight) {
  enum Kind {
    /** Joins others: the, of, is. */
    FUNCTION,
    /** Carries meaning. */
    CONTENT,
    /** Capitalised inside a sentence. */
    NAME,
    /** Looks like a name of a thing in a system wherever it stands: wal_level, WAL, x.conf. */
    IDENTIFIER,
    /** Part of a number, date or time. */
    QUANTITY
  }

  boolean isContent() {
    return kind != Kind.FUNCTION && kind != Kind.QUANTITY;
  }

  boolean isNamed() {
    return kind == Kind.NAME || kind == Kind.IDENTIFIER;
  }
}
