package org.choir.economy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.Currency;
import org.choir.core.Money;

/**
 * Whether an action of an agent may happen without its user: if everything it takes still fits into
 * the day's allowance. The facts it was decided by are told in words that can be read back, so that
 * the decision can be made again for ever.
 */
public final class AllowanceRule {
  private static final Pattern USE =
      Pattern.compile(
          "([0-9.]{1,27}) (publications?|CHIP|USDC) asked, ([0-9.]{1,27}) used today,"
              + " at most ([0-9.]{1,27}) a day");
  private static final String AND = " and ";
  private static final String NOTHING = "nothing asked";

  private AllowanceRule() {}

  /** What an action may take. */
  public enum Kind {
    PUBLICATIONS,
    CHIP,
    USDC;

    private String word(long amount) {
      return this == PUBLICATIONS ? (amount == 1 ? "publication" : "publications") : name();
    }

    private String number(long amount) {
      return this == PUBLICATIONS
          ? Long.toString(amount)
          : new Money(amount, currency()).toString().replaceFirst(" .*", "");
    }

    private long read(String number) {
      return this == PUBLICATIONS
          ? Long.parseLong(number)
          : Money.parse(number, currency()).minorUnits();
    }

    private Currency currency() {
      return this == CHIP ? Currency.CHIP : Currency.USDC;
    }
  }

  /**
   * One thing an action takes.
   *
   * @param amount in the smallest unit, more than 0
   */
  public record Asked(Kind kind, long amount) {
    public Asked {
      if (amount <= 0) {
        throw new IllegalArgumentException(kind + " " + amount);
      }
    }
  }

  /**
   * One fact: what is asked, what others of this user have used today, and what is allowed in a
   * day. The amount used may be more than is allowed now: the user may have lowered it.
   */
  public record Use(Asked asked, long used, long limit) {
    boolean fits() {
      return used <= limit && asked.amount() <= limit - used;
    }

    @Override
    public String toString() {
      Kind kind = asked.kind();
      return kind.number(asked.amount())
          + " "
          + kind.word(asked.amount())
          + " asked, "
          + kind.number(used)
          + " used today, at most "
          + kind.number(limit)
          + " a day";
    }
  }

  /** The facts of one action, in the order in which they were asked. */
  public record Ruling(List<Use> uses) {
    public Ruling {
      uses = List.copyOf(uses);
    }

    /** Whether it may happen without a person. */
    public boolean alone() {
      return uses.stream().allMatch(Use::fits);
    }

    /** What was asked. */
    public List<Asked> asked() {
      return uses.stream().map(Use::asked).toList();
    }

    /** The facts in words, for example {@code 5 USDC asked, 3 used today, at most 10 a day}. */
    public String words() {
      return uses.isEmpty() ? NOTHING : String.join(AND, uses.stream().map(Use::toString).toList());
    }
  }

  /** The ruling for what is asked, by what is used and allowed. */
  public static Ruling rule(List<Asked> asked, Allowance used, Allowance limit) {
    return new Ruling(
        asked.stream().map(a -> new Use(a, used.of(a.kind()), limit.of(a.kind()))).toList());
  }

  /** Reads what {@link Ruling#words} wrote; empty if it did not write this. */
  public static Optional<Ruling> read(String words) {
    if (words.equals(NOTHING)) {
      return Optional.of(new Ruling(List.of()));
    }
    List<Use> uses = new ArrayList<>();
    for (String part : words.split(AND, -1)) {
      Matcher use = USE.matcher(part);
      if (!use.matches()) {
        return Optional.empty();
      }
      Kind kind = Kind.valueOf(use.group(2).startsWith("p") ? "PUBLICATIONS" : use.group(2));
      try {
        uses.add(
            new Use(
                new Asked(kind, kind.read(use.group(1))),
                kind.read(use.group(3)),
                kind.read(use.group(4))));
      } catch (ArithmeticException | IllegalArgumentException e) {
        return Optional.empty();
      }
    }
    Ruling ruling = new Ruling(uses);
    return ruling.words().equals(words) ? Optional.of(ruling) : Optional.empty();
  }
}
