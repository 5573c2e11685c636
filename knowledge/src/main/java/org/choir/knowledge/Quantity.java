package org.choir.knowledge;

import java.math.BigDecimal;
import java.util.Optional;

/**
 * A number, date or time in a text.
 *
 * @param value in the unit's base; for a date yyyymmdd with zeros for what is not said
 * @param second another reading of the value (16 MB in thousands), or the value
 * @param unit what is counted or measured, empty if nothing is said
 * @param bound how the value is limited
 * @param written the digits, for versions
 * @param start in chars of the normal text
 * @param end exclusive
 */
record Quantity(
    Kind kind,
    BigDecimal value,
    BigDecimal second,
    String unit,
    Bound bound,
    String written,
    int start,
    int end) {

  enum Kind {
    NUMBER,
    VERSION,
    DATE,
    TIME,
    ORDINAL
  }

  enum Bound {
    EXACT,
    ABOUT,
    AT_LEAST,
    AT_MOST
  }

  /** The same with its bound, and in the unit it shares with the next number of a range. */
  Quantity with(Bound limit, Optional<Units.Unit> shared) {
    if (shared.isEmpty()) {
      return new Quantity(kind, value, second, unit, limit, written, start, end);
    }
    Units.Unit to = shared.get();
    return new Quantity(
        kind,
        value.multiply(to.factor()),
        second.multiply(to.second()),
        to.base(),
        limit,
        written,
        start,
        end);
  }

  /** Whether this, said in a claim, is what the other, said in a source, says. */
  boolean agreesWith(Quantity source) {
    if (kind == Kind.DATE || source.kind == Kind.DATE) {
      return sameDate(source);
    }
    if (kind == Kind.TIME || source.kind == Kind.TIME) {
      return kind == source.kind && value.compareTo(source.value) == 0;
    }
    if (kind == Kind.VERSION || source.kind == Kind.VERSION) {
      return written.equals(source.written);
    }
    if (kind == Kind.ORDINAL || source.kind == Kind.ORDINAL) {
      return kind == source.kind && value.compareTo(source.value) == 0;
    }
    if (!unit.equals(source.unit) && !unit.isEmpty()) {
      return false;
    }
    if (!unit.equals(source.unit)) {
      // The claim leaves the unit out: the digits must be the same.
      return new BigDecimal(written).compareTo(new BigDecimal(source.written)) == 0;
    }
    return value.compareTo(source.value) == 0
        || second.compareTo(source.second) == 0
        || value.compareTo(source.second) == 0
        || second.compareTo(source.value) == 0;
  }

  private boolean sameDate(Quantity source) {
    int mine = value.intValue();
    int theirs = source.value.intValue();
    if (kind != source.kind) {
      int year = kind == Kind.DATE ? mine / 10_000 : theirs / 10_000;
      boolean onlyYear = kind == Kind.DATE ? mine % 10_000 == 0 : true;
      BigDecimal number = kind == Kind.DATE ? source.value : value;
      return onlyYear && unit.isEmpty() && number.compareTo(BigDecimal.valueOf(year)) == 0;
    }
    return (mine / 10_000 == 0 || mine / 10_000 == theirs / 10_000)
        && (mine / 100 % 100 == 0 || mine / 100 % 100 == theirs / 100 % 100)
        && (mine % 100 == 0 || mine % 100 == theirs % 100);
  }

  /** Whether the two could be said of the same thing, so that a difference is a contradiction. */
  boolean comparable(Quantity source) {
    if (kind != source.kind) {
      return false;
    }
    return kind != Kind.NUMBER
        || unit.equals(source.unit)
        || unit.isEmpty()
        || written.equals(source.written);
  }
}
