package org.choir.server;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/** Settings as texts, read as what they must be; one that is not is named with its origin. */
final class SettingValues {
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");

  private final Map<String, Value> values;

  SettingValues(Map<String, Value> values) {
    this.values = values;
  }

  /**
   * A value and where it came from, for messages.
   *
   * @param standard its default
   */
  record Value(String key, String text, String origin, String standard) {
    ChoirException bad(String expected) {
      return ChoirException.usage(
          "bad_setting",
          origin + " is '" + Text.visible(text, 60) + "', expected " + expected,
          "correct it, or leave it out for the default '" + standard + "'");
    }
  }

  void requireBoth(String one, String other) {
    if (isSet(one) != isSet(other)) {
      throw ChoirException.usage(
          "bad_setting",
          (isSet(one) ? one : other) + " is set and " + (isSet(one) ? other : one) + " is not",
          "set both, or neither");
    }
  }

  boolean isSet(String key) {
    return !value(key).text().isEmpty();
  }

  /** An address of the web. */
  URI address(String key) {
    try {
      URI address = new URI(text(key).replaceFirst("/+$", ""));
      if (address.getHost() != null && List.of("http", "https").contains(address.getScheme())) {
        return address;
      }
    } catch (URISyntaxException e) {
      throw value(key).bad("an address: " + e.getReason());
    }
    throw value(key).bad("an address such as https://HOST/PATH");
  }

  List<String> list(String key) {
    return Arrays.stream(value(key).text().split(",", -1))
        .map(String::strip)
        .filter(word -> !word.isEmpty())
        .toList();
  }

  Value value(String key) {
    Value value = values.get(key);
    if (value == null) {
      throw new IllegalArgumentException("no such setting: " + key);
    }
    return value;
  }

  Optional<Path> path(String key) {
    return Optional.of(value(key).text()).filter(t -> !t.isEmpty()).map(Path::of);
  }

  String text(String key) {
    Value value = value(key);
    if (value.text().isEmpty()) {
      throw value.bad("something");
    }
    return value.text();
  }

  String oneOf(String key, String... allowed) {
    Value value = value(key);
    if (!List.of(allowed).contains(value.text())) {
      throw value.bad("one of: " + String.join(", ", allowed));
    }
    return value.text();
  }

  int number(String key, int least, int most) {
    Value value = value(key);
    if (value.text().matches("[0-9]{1,9}")) {
      int number = Integer.parseInt(value.text());
      if (number >= least && number <= most) {
        return number;
      }
    }
    throw value.bad("a number from " + least + " to " + most);
  }

  Duration duration(String key) {
    Value value = value(key);
    Matcher matcher = DURATION.matcher(value.text());
    if (!matcher.matches()) {
      throw value.bad("a duration such as 500ms, 30s, 15m or 2h");
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      case "h" -> Duration.ofHours(amount);
      default -> Duration.ofDays(amount);
    };
  }
}
