package org.choir.knowledge;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How the numbers, dates and years of a claim stand to those of a source: "more than 50" follows
 * from 72 and is denied by 40. Numbers are compared that count the same thing: of one unit, or
 * before one noun, or both years.
 */
final class NumberFit {
  /** What one number of a claim is to a source. */
  enum Fit {
    FOLLOWS,
    DENIED,
    ABSENT
  }

  private static final Pattern ABOVE =
      Pattern.compile(
          "(?:more than|over|above|exceed(?:s|ed|ing)?|greater than|higher than|larger than"
              + "|longer than|older than|surpass(?:es|ed|ing)?|beyond|upwards of|after|later than"
              + "|north of|in excess of|better than) (?:the |an? |year )?$");
  private static final Pattern FROM =
      Pattern.compile(
          "(?:at least|no less than|no fewer than|not less than|a minimum of|minimum of|since"
              + "|from|starting in|as early as) (?:the )?$");
  private static final Pattern BELOW =
      Pattern.compile(
          "(?:less than|fewer than|under|below|lower than|smaller than|shorter than|younger than"
              + "|before|prior to|earlier than|short of) (?:the |an? |year )?$");
  private static final Pattern TO =
      Pattern.compile(
          "(?:at most|no more than|not more than|up to|a maximum of|maximum of|within|by|until"
              + "|as many as|as much as) (?:the )?$");
  private static final Pattern NEAR =
      Pattern.compile(
          "(?:about|around|approximately|roughly|nearly|almost|some|circa|ca\\.|close to|~) ?$");

  private static final int REACH = 5;

  private final Utterance claim;

  /** A number with what stands around it. */
  private record Placed(Quantity quantity, Limit limit, String noun, Set<String> around) {
    boolean isYear() {
      if (quantity.kind() == Quantity.Kind.DATE) {
        return true;
      }
      int value = quantity.value().intValue();
      return quantity.kind() == Quantity.Kind.NUMBER
          && quantity.unit().isEmpty()
          && quantity.written().length() == 4
          && value >= 1000
          && value <= 2100;
    }

    BigDecimal year() {
      return quantity.kind() == Quantity.Kind.DATE && quantity.value().intValue() >= 10_000
          ? BigDecimal.valueOf(quantity.value().intValue() / 10_000)
          : quantity.value();
    }
  }

  private enum Limit {
    IS,
    NEAR,
    ABOVE,
    FROM,
    BELOW,
    TO
  }

  /**
   * The sum over a claim's numbers.
   *
   * @param follows how many follow from some number of the source that counts the same thing
   * @param denied how many follow from none and are denied by one
   * @param absent how many the source has nothing to compare with
   * @param nearDenied how many are denied by the number whose surroundings are most like theirs
   */
  record Sum(int follows, int denied, int absent, int nearDenied) {
    int all() {
      return follows + denied + absent;
    }
  }

  private final List<Placed> mine;

  NumberFit(Utterance claim) {
    this.claim = claim;
    this.mine = placed(claim);
  }

  Sum against(List<Utterance> source) {
    List<Placed> theirs = source.stream().flatMap(u -> placed(u).stream()).toList();
    int follows = 0;
    int denied = 0;
    int absent = 0;
    int nearDenied = 0;
    for (Placed one : mine) {
      Fit best = Fit.ABSENT;
      Optional<Fit> nearest = Optional.empty();
      int shared = -1;
      for (Placed other : theirs) {
        Fit fit = fit(one, other);
        if (fit == Fit.ABSENT) {
          continue;
        }
        best = fit == Fit.FOLLOWS || best == Fit.ABSENT ? fit : best;
        Set<String> common = new HashSet<>(one.around);
        common.retainAll(other.around);
        int score = common.size() * 2 + (one.noun.equals(other.noun) ? 1 : 0);
        if (score > shared || (score == shared && fit == Fit.FOLLOWS)) {
          shared = score;
          nearest = Optional.of(fit);
        }
      }
      follows += best == Fit.FOLLOWS ? 1 : 0;
      denied += best == Fit.DENIED ? 1 : 0;
      absent += best == Fit.ABSENT ? 1 : 0;
      nearDenied += nearest.isPresent() && nearest.get() == Fit.DENIED ? 1 : 0;
    }
    return new Sum(follows, denied, absent, nearDenied);
  }

  boolean isEmpty() {
    return claim.quantities().isEmpty();
  }

  private static Fit fit(Placed claimed, Placed said) {
    Quantity mine = claimed.quantity;
    Quantity theirs = said.quantity;
    if (claimed.isYear() && said.isYear()) {
      boolean exact = mine.kind() == theirs.kind() && claimed.limit == Limit.IS;
      if (exact || mine.agreesWith(theirs)) {
        return claimed.limit == Limit.IS
            ? mine.agreesWith(theirs) ? Fit.FOLLOWS : Fit.DENIED
            : compare(claimed.limit, said.limit, claimed.year(), said.year());
      }
      return compare(claimed.limit, said.limit, claimed.year(), said.year());
    }
    if (claimed.isYear() != said.isYear() || mine.kind() != theirs.kind()) {
      return mine.agreesWith(theirs) ? Fit.FOLLOWS : Fit.ABSENT;
    }
    if (mine.kind() != Quantity.Kind.NUMBER) {
      return mine.agreesWith(theirs)
          ? Fit.FOLLOWS
          : claimed.noun.equals(said.noun) || mine.kind() == Quantity.Kind.TIME
              ? Fit.DENIED
              : Fit.ABSENT;
    }
    boolean unit = mine.unit().equals(theirs.unit());
    boolean counted = unit && (!mine.unit().isEmpty() || claimed.noun.equals(said.noun));
    if (!counted) {
      boolean same = mine.agreesWith(theirs);
      return same && claimed.limit == Limit.IS ? Fit.FOLLOWS : Fit.ABSENT;
    }
    if (claimed.limit == Limit.IS && mine.agreesWith(theirs)) {
      return said.limit == Limit.IS || said.limit == Limit.NEAR ? Fit.FOLLOWS : Fit.ABSENT;
    }
    return compare(claimed.limit, said.limit, mine.value(), theirs.value());
  }

  private static Fit compare(Limit mine, Limit theirs, BigDecimal claimed, BigDecimal said) {
    int order = said.compareTo(claimed);
    boolean atLeast = theirs == Limit.ABOVE || theirs == Limit.FROM;
    boolean atMost = theirs == Limit.BELOW || theirs == Limit.TO;
    return switch (mine) {
      case IS -> order == 0 && !atLeast && !atMost ? Fit.FOLLOWS : Fit.DENIED;
      case NEAR -> near(claimed, said) ? Fit.FOLLOWS : Fit.DENIED;
      case ABOVE ->
          (order > 0 && !atMost) || (order == 0 && theirs == Limit.ABOVE)
              ? Fit.FOLLOWS
              : Fit.DENIED;
      case FROM -> order >= 0 && !atMost ? Fit.FOLLOWS : Fit.DENIED;
      case BELOW ->
          (order < 0 && !atLeast) || (order == 0 && theirs == Limit.BELOW)
              ? Fit.FOLLOWS
              : Fit.DENIED;
      case TO -> order <= 0 && !atLeast ? Fit.FOLLOWS : Fit.DENIED;
    };
  }

  /** Within a tenth; rounding is rarely coarser. */
  private static boolean near(BigDecimal claimed, BigDecimal said) {
    double one = claimed.doubleValue();
    double other = said.doubleValue();
    return Math.abs(one - other) <= 0.1 * Math.max(Math.abs(one), Math.abs(other));
  }

  private static List<Placed> placed(Utterance utterance) {
    List<Placed> placed = new ArrayList<>();
    List<Word> words = utterance.words();
    String lower = utterance.normal().lower();
    for (Quantity quantity : utterance.quantities()) {
      String before = lower.substring(Math.max(0, quantity.start() - 30), quantity.start());
      Limit limit = limit(before, quantity);
      String noun = "";
      Set<String> around = new HashSet<>();
      int seenAfter = 0;
      for (Word word : words) {
        if (word.isContent() && word.start() >= quantity.end() && seenAfter < REACH) {
          noun = noun.isEmpty() ? word.concept() : noun;
          around.add(word.concept());
          seenAfter++;
        }
      }
      int seenBefore = 0;
      for (int i = words.size() - 1; i >= 0 && seenBefore < REACH; i--) {
        if (words.get(i).isContent() && words.get(i).end() <= quantity.start()) {
          around.add(words.get(i).concept());
          seenBefore++;
        }
      }
      placed.add(new Placed(quantity, limit, noun, around));
    }
    return placed;
  }

  private static Limit limit(String before, Quantity quantity) {
    if (FROM.matcher(before).find()) {
      return Limit.FROM;
    }
    if (TO.matcher(before).find()) {
      return Limit.TO;
    }
    if (ABOVE.matcher(before).find()) {
      return Limit.ABOVE;
    }
    if (BELOW.matcher(before).find()) {
      return Limit.BELOW;
    }
    if (NEAR.matcher(before).find()) {
      return Limit.NEAR;
    }
    return switch (quantity.bound()) {
      case AT_LEAST -> Limit.FROM;
      case AT_MOST -> Limit.TO;
      case ABOUT -> Limit.NEAR;
      case EXACT -> Limit.IS;
    };
  }
}
