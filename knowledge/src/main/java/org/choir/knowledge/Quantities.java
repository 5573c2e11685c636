package org.choir.knowledge;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.knowledge.Quantity.Bound;
import org.choir.knowledge.Quantity.Kind;
import org.jspecify.annotations.Nullable;

/** Finds the numbers, dates and times of a normal text. */
final class Quantities {
  private static final String MONTH =
      "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
          + "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\b\\.?";
  private static final String MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
  private static final String DAY = "(\\d{1,2})(?:st|nd|rd|th)?";
  private static final String FREE = "(?<![\\p{L}\\d_.])(?<!\\p{L}-)";

  private static final Pattern ISO = Pattern.compile(FREE + "(\\d{4})-(\\d{2})-(\\d{2})(?![\\d-])");
  private static final Pattern DAY_FIRST =
      Pattern.compile(FREE + DAY + " (?:of )?" + MONTH + "(?:,? (\\d{4})(?!\\d))?");
  private static final Pattern MONTH_FIRST =
      Pattern.compile("\\b" + MONTH + " " + DAY + "(?![\\d.:])(?:,? (\\d{4})(?!\\d))?");
  private static final Pattern MONTH_YEAR =
      Pattern.compile("\\b" + MONTH + ",? (?:of )?(\\d{4})(?!\\d)");
  private static final Pattern SLASHED =
      Pattern.compile(FREE + "(\\d{1,2})[/.](\\d{1,2})[/.](\\d{4})(?!\\d)");
  private static final Pattern CLOCK =
      Pattern.compile(
          FREE + "(\\d{1,2}):(\\d{2})(?::(\\d{2}))?(?![\\d:])(?: ?([ap])(?:\\.m\\.|m\\b))?");
  private static final Pattern HOUR = Pattern.compile(FREE + "(\\d{1,2}) ?([ap])(?:\\.m\\.|m\\b)");
  private static final Pattern NUMBER =
      Pattern.compile(
          "(?<![\\p{L}\\d_.,])(?<!\\p{L}-)([$€£]?)([-+]?)"
              + "(\\d{1,3}(?:[ ,']\\d{3})+(?!\\d)(?:\\.\\d+)?|\\d+(?:\\.\\d+)*)"
              + "(?:(st|nd|rd|th)\\b)?(?: ?(thousand|million|billion|trillion|dozen)\\b|([kmbt])\\b"
              + "(?=[^\\p{L}]|$))?(?:[ -]?(per cent|percentage points?|%|°c?f?|[\\p{L}µμ]+))?");
  private static final Pattern WORDS = Pattern.compile("\\b[a-z]+(?:-[a-z]+)?\\b");
  private static final Pattern VERSION_BEFORE =
      Pattern.compile("(?:version|versions|release|releases|\\bv|[A-Z][A-Za-z]+) ?$");

  private static final Pattern LOWER =
      Pattern.compile(
          "(?:at least|not less than|no less than|no fewer than|minimum(?: of)?|more than|greater"
              + " than|over|above|exceeds?|exceeding) (?:the )?$");
  private static final Pattern UPPER =
      Pattern.compile(
          "(?:at most|not more than|no more than|not exceed|maximum(?: of)?|less than|fewer than"
              + "|under|below|up to|within) (?:the )?$");
  private static final Pattern ABOUT =
      Pattern.compile("(?:about|around|approximately|roughly|nearly|almost|some|circa|ca\\.|~) ?$");
  private static final Pattern LOWER_AFTER =
      Pattern.compile("^ (?:or|and) (?:more|above|higher|later|newer)\\b");
  private static final Pattern UPPER_AFTER =
      Pattern.compile("^ (?:or|and) (?:less|fewer|below|lower|earlier|older)\\b");
  private static final Pattern RANGE = Pattern.compile("^ ?(?:-|to|and|or) ?$");

  private static final Map<String, Integer> SPELLED = new HashMap<>();

  static {
    String[] small =
        ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
                + " fifteen sixteen seventeen eighteen nineteen")
            .split(" ");
    for (int i = 0; i < small.length; i++) {
      SPELLED.put(small[i], i);
    }
    String[] tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
    for (int i = 0; i < tens.length; i++) {
      SPELLED.put(tens[i], 20 + 10 * i);
    }
    SPELLED.put("dozen", 12);
  }

  private static final Map<String, Long> SCALES =
      Map.of(
          "thousand",
          1_000L,
          "k",
          1_000L,
          "million",
          1_000_000L,
          "m",
          1_000_000L,
          "billion",
          1_000_000_000L,
          "b",
          1_000_000_000L,
          "trillion",
          1_000_000_000_000L,
          "t",
          1_000_000_000_000L,
          "dozen",
          12L,
          "hundred",
          100L);

  private final String text;
  private final String lower;
  private final List<Quantity> found = new ArrayList<>();
  private final boolean[] taken;

  private Quantities(NormalText normal) {
    this.text = normal.text();
    this.lower = normal.lower();
    this.taken = new boolean[text.length() + 1];
  }

  /** The quantities in the order of the text. */
  static List<Quantity> in(NormalText normal) {
    Quantities quantities = new Quantities(normal);
    if (normal.text().chars().anyMatch(Character::isDigit)) {
      quantities.dates();
      quantities.times();
      quantities.numbers();
    }
    quantities.spelled();
    quantities.found.sort(Comparator.comparingInt(Quantity::start));
    return quantities.finished();
  }

  private void dates() {
    each(ISO, m -> date(m, number(m, 1), number(m, 2), number(m, 3)));
    each(DAY_FIRST, m -> isMonth(m, 2) ? date(m, number(m, 3), month(m, 2), number(m, 1)) : false);
    each(
        MONTH_FIRST, m -> isMonth(m, 1) ? date(m, number(m, 3), month(m, 1), number(m, 2)) : false);
    each(MONTH_YEAR, m -> isMonth(m, 1) ? date(m, number(m, 2), month(m, 1), 0) : false);
    each(
        SLASHED,
        m -> {
          int first = number(m, 1);
          int second = number(m, 2);
          // Day and month are told apart only where one of them cannot be a month.
          return second > 12
              ? date(m, number(m, 3), first, second)
              : first > 12 && date(m, number(m, 3), second, first);
        });
  }

  private void times() {
    each(CLOCK, m -> time(m, number(m, 1), number(m, 2), number(m, 3), m.group(4)));
    each(HOUR, m -> time(m, number(m, 1), 0, 0, m.group(2)));
  }

  private boolean isMonth(Matcher m, int group) {
    boolean verb = m.group(group).equals("may") && text.charAt(m.start(group)) != 'M';
    return !verb;
  }

  private static int month(Matcher m, int group) {
    return MONTHS.indexOf(m.group(group).substring(0, 3)) / 3 + 1;
  }

  private boolean date(Matcher m, int year, int month, int day) {
    if (month < 1 || month > 12 || day > 31) {
      return false;
    }
    BigDecimal value = BigDecimal.valueOf(year * 10_000L + month * 100L + day);
    return add(Kind.DATE, value, "", m.group(), m.start(), m.end());
  }

  private boolean time(Matcher m, int hour, int minute, int second, @Nullable String half) {
    if (hour > 24 || minute > 59) {
      return false;
    }
    int full = half == null ? hour : hour % 12 + (half.equals("p") ? 12 : 0);
    BigDecimal value = BigDecimal.valueOf(full * 3600L + minute * 60L + second);
    return add(Kind.TIME, value, "", m.group(), m.start(), m.end());
  }

  private void numbers() {
    each(NUMBER, this::number);
  }

  private boolean number(Matcher m) {
    String written = m.group(3).replaceAll("[ ,']", "");
    int end = m.end(3);
    if (m.group(4) != null) {
      return add(Kind.ORDINAL, new BigDecimal(written), "", written, m.start(), m.end(4));
    }
    boolean letter = end < text.length() && Character.isLetter(text.charAt(end));
    boolean dotted = written.indexOf('.') != written.lastIndexOf('.');
    boolean named =
        written.indexOf('.') > 0 && VERSION_BEFORE.matcher(text.substring(0, m.start(3))).find();
    if (end < text.length() && text.charAt(end) == '_') {
      return false;
    }
    boolean bare = unit(m, true).isEmpty() && m.group(5) == null && m.group(6) == null;
    if (dotted || (named && bare && !letter)) {
      return add(Kind.VERSION, BigDecimal.ZERO, "", written, m.start(3), end);
    }
    BigDecimal value = new BigDecimal(written);
    if (m.group(2).equals("-")) {
      value = value.negate();
    }
    String scale = m.group(5) != null ? m.group(5) : m.group(6);
    if (scale != null) {
      value = value.multiply(BigDecimal.valueOf(SCALES.getOrDefault(scale, 1L)));
      end = m.group(5) != null ? m.end(5) : m.end(6);
    }
    Optional<Units.Unit> unit = unit(m, scale == null);
    if (letter && scale == null && unit.isEmpty()) {
      return false;
    }
    if (unit.isPresent() && m.group(7) != null) {
      end = m.end(7);
    }
    String digits = value.toPlainString();
    BigDecimal first = unit.isPresent() ? value.multiply(unit.get().factor()) : value;
    BigDecimal second = unit.isPresent() ? value.multiply(unit.get().second()) : value;
    String base = unit.map(Units.Unit::base).orElse("");
    found.add(new Quantity(Kind.NUMBER, first, second, base, Bound.EXACT, digits, m.start(), end));
    return true;
  }

  private static Optional<Units.Unit> unit(Matcher m, boolean unscaled) {
    String word = m.group(7);
    if (!m.group(1).isEmpty()) {
      return Units.of(m.group(1));
    }
    if (word == null) {
      return Optional.empty();
    }
    if (word.startsWith("percentage")) {
      return Units.of("pp");
    }
    // These letters are units only directly at the digits: "2 x", "3 d", "5 b".
    boolean apart = unscaled && (word.equals("x") || word.equals("d") || word.equals("b"));
    if (apart && m.start(7) > m.end(3)) {
      return Optional.empty();
    }
    return Units.of(word.equals("per cent") ? "%" : word);
  }

  private void spelled() {
    Matcher m = WORDS.matcher(lower);
    int from = -1;
    int last = -1;
    long total = 0;
    while (m.find()) {
      long value = spelledValue(m.group());
      Long scale = SCALES.get(m.group());
      boolean follows = last >= 0 && m.start() == last + 1;
      if (scale != null && m.group().length() > 1 && follows && !taken[m.start()]) {
        total *= scale;
        last = m.end();
      } else {
        addSpelled(total, from, last);
        boolean begins = value >= 0 && !taken[m.start()];
        from = begins ? m.start() : -1;
        last = begins ? m.end() : -1;
        total = value;
      }
    }
    addSpelled(total, from, last);
  }

  /** "One" without a unit is a pronoun as often as a number, so it does not count. */
  private void addSpelled(long value, int from, int to) {
    if (from < 0) {
      return;
    }
    Matcher next = Pattern.compile("^[ -]([a-z]+)").matcher(lower.substring(to));
    Optional<Units.Unit> unit = next.find() ? Units.of(next.group(1)) : Optional.empty();
    if (value == 1 && unit.isEmpty()) {
      return;
    }
    int end = unit.isPresent() ? to + next.end() : to;
    BigDecimal number = BigDecimal.valueOf(value);
    found.add(
        new Quantity(
            Kind.NUMBER,
            number.multiply(unit.map(Units.Unit::factor).orElse(BigDecimal.ONE)),
            number.multiply(unit.map(Units.Unit::second).orElse(BigDecimal.ONE)),
            unit.map(Units.Unit::base).orElse(""),
            Bound.EXACT,
            Long.toString(value),
            from,
            end));
  }

  private static long spelledValue(String word) {
    int hyphen = word.indexOf('-');
    if (hyphen > 0) {
      Integer tens = SPELLED.get(word.substring(0, hyphen));
      Integer ones = SPELLED.get(word.substring(hyphen + 1));
      if (tens != null) {
        return ones != null && tens >= 20 ? tens + ones : tens;
      }
      return -1;
    }
    return SPELLED.getOrDefault(word, -1);
  }

  private List<Quantity> finished() {
    List<Quantity> finished = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      Quantity quantity = found.get(i);
      String before = lower.substring(Math.max(0, quantity.start() - 40), quantity.start());
      String after = lower.substring(quantity.end());
      Optional<Units.Unit> shared = Optional.empty();
      if (i + 1 < found.size() && quantity.unit().isEmpty() && quantity.kind() == Kind.NUMBER) {
        Quantity next = found.get(i + 1);
        boolean range =
            next.start() >= quantity.end()
                && next.kind() == Kind.NUMBER
                && RANGE.matcher(lower.substring(quantity.end(), next.start())).find();
        if (range && !next.unit().isEmpty()) {
          Matcher word =
              Pattern.compile("([\\p{L}%°µμ]+)$").matcher(lower.substring(0, next.end()));
          shared = word.find() ? Units.of(word.group(1)) : Optional.empty();
        }
      }
      finished.add(quantity.with(bound(before, after), shared));
    }
    return List.copyOf(finished);
  }

  private static Bound bound(String before, String after) {
    if (UPPER.matcher(before).find() || UPPER_AFTER.matcher(after).find()) {
      return Bound.AT_MOST;
    }
    if (LOWER.matcher(before).find() || LOWER_AFTER.matcher(after).find()) {
      return Bound.AT_LEAST;
    }
    return ABOUT.matcher(before).find() ? Bound.ABOUT : Bound.EXACT;
  }

  private interface Take {
    boolean take(Matcher match);
  }

  private void each(Pattern pattern, Take take) {
    Matcher m = pattern.matcher(lower);
    while (m.find()) {
      if (!taken[m.start()] && !taken[m.end() - 1] && take.take(m)) {
        int end = found.getLast().end();
        for (int i = m.start(); i < end; i++) {
          taken[i] = true;
        }
      }
    }
  }

  private boolean add(
      Kind kind, BigDecimal value, String unit, String written, int start, int end) {
    found.add(new Quantity(kind, value, value, unit, Bound.EXACT, written, start, end));
    return true;
  }

  private static int number(Matcher m, int group) {
    return m.group(group) == null ? 0 : Integer.parseInt(m.group(group));
  }
}
