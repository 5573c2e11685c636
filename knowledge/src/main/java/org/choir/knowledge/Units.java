package org.choir.knowledge;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Units of measure by the words that name them. */
final class Units {
  /**
   * A unit.
   *
   * @param base the dimension it measures
   * @param factor to the base unit
   * @param second another factor in use: kilobytes of 1,000 instead of 1,024
   */
  record Unit(String base, BigDecimal factor, BigDecimal second) {}

  private static final Map<String, Unit> BY_WORD = new HashMap<>();

  static {
    add("time", "0.000001", "us µs μs microsecond microseconds");
    add("time", "0.001", "ms msec millisecond milliseconds");
    add("time", "1", "s sec secs second seconds");
    add("time", "60", "min mins minute minutes");
    add("time", "3600", "h hr hrs hour hours");
    add("time", "86400", "d day days");
    add("time", "604800", "week weeks");
    add("month", "1", "month months");
    add("month", "12", "year years yr yrs");
    add("month", "120", "decade decades");
    add("month", "1200", "century centuries");
    String[][] bytes = {
      {"b byte bytes"},
      {"kb kib kilobyte kilobytes kibibyte kibibytes"},
      {"mb mib megabyte megabytes mebibyte mebibytes"},
      {"gb gib gigabyte gigabytes gibibyte gibibytes"},
      {"tb tib terabyte terabytes tebibyte tebibytes"},
      {"pb pib petabyte petabytes pebibyte pebibytes"}
    };
    for (int i = 0; i < bytes.length; i++) {
      BigDecimal binary = BigDecimal.valueOf(1024).pow(i);
      BigDecimal decimal = BigDecimal.valueOf(1000).pow(i);
      for (String word : bytes[i][0].split(" ", -1)) {
        BY_WORD.put(word, new Unit("byte", binary, decimal));
      }
    }
    add("bit", "1", "bit bits");
    add("length", "0.001", "mm millimetre millimetres millimeter millimeters");
    add("length", "0.01", "cm centimetre centimetres centimeter centimeters");
    add("length", "1", "m metre metres meter meters");
    add("length", "1000", "km kilometre kilometres kilometer kilometers");
    add("length", "0.0254", "inch inches");
    add("length", "0.3048", "ft foot feet");
    add("length", "1609.344", "mile miles");
    add("mass", "0.001", "mg milligram milligrams");
    add("mass", "1", "g gram grams");
    add("mass", "1000", "kg kilogram kilograms");
    add("mass", "1000000", "tonne tonnes");
    add("mass", "453.59237", "lb lbs pound pounds");
    add("frequency", "1", "hz hertz");
    add("frequency", "1000", "khz");
    add("frequency", "1000000", "mhz");
    add("frequency", "1000000000", "ghz");
    add("power", "1", "w watt watts");
    add("power", "1000", "kw kilowatt kilowatts");
    add("power", "1000000", "mw megawatt megawatts");
    add("energy", "1", "wh");
    add("energy", "1000", "kwh");
    add("volume", "1", "l litre litres liter liters");
    add("volume", "0.001", "ml millilitre millilitres milliliter milliliters");
    add("celsius", "1", "°c celsius");
    add("fahrenheit", "1", "°f fahrenheit");
    add("degree", "1", "° degree degrees");
    add("percent", "1", "% percent pct");
    add("points", "1", "pp");
    add("usd", "1", "$ usd dollar dollars");
    add("usd", "0.01", "cent cents");
    add("eur", "1", "€ eur euro euros");
    add("gbp", "1", "£ gbp");
    add("times", "1", "x times");
    add("page", "1", "page pages");
  }

  private Units() {}

  private static void add(String base, String factor, String words) {
    BigDecimal value = new BigDecimal(factor);
    for (String word : words.split(" ", -1)) {
      BY_WORD.put(word, new Unit(base, value, value));
    }
  }

  /** The unit a word in lower case names. */
  static Optional<Unit> of(String word) {
    return Optional.ofNullable(BY_WORD.get(word));
  }
}
