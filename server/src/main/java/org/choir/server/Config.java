package org.choir.server;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.audit.NoteKey;
import org.choir.audit.dynamodb.DynamoAnchors;
import org.choir.backbone.Backbone;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.choir.sandbox.EgressRule;
import org.choir.sandbox.Quota;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads {@link Settings}: defaults, overridden by {@code choir.yaml}, overridden by {@code CHOIR_*}
 * variables ({@code sandbox.vm-limit} is {@code CHOIR_SANDBOX_VM_LIMIT}), overridden by flags. An
 * unknown key is an error that names the nearest known one.
 */
public final class Config {
  /** Providers whose use with private files needs consent. */
  static final List<String> PROVIDERS = List.of("anthropic", "openai", "ollama", "e2b", "runloop");

  private static final Map<String, String> DEFAULTS = defaults();

  /** Variables that are not settings: where the home is, who asks, and the start script's own. */
  private static final Set<String> OTHER_VARIABLES =
      Set.of("CHOIR_HOME", "CHOIR_USER", "CHOIR_NO_INSTALL", "CHOIR_JVM_FOLDER");

  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");
  private static final int FILE_BYTES_MAX = 1 << 20;

  /** Far beyond any key: ends the reading of a file whose aliases form a circle. */
  private static final int KEY_LENGTH_MAX = 200;

  /** Settings that hold several values: a list in the file, separated by commas elsewhere. */
  private static final Set<String> LISTS =
      Set.of(
          "egress.allow",
          "egress.registries",
          "egress.allow-private",
          "audit.timestamp.certificates");

  private Config() {}

  private static Map<String, String> defaults() {
    Map<String, String> d = new LinkedHashMap<>();
    d.put("model", "extractive");
    d.put("depth", "quick");
    d.put("runs.at-once", "2");
    d.put("server.idle", "15m");
    d.put("backbone.durability", "crash");
    d.put("backbone.port", "0");
    d.put("audit.durability", "power");
    d.put("audit.postgres", "true");
    d.put("audit.dynamodb.table", "");
    d.put("audit.dynamodb.region", "");
    d.put("audit.dynamodb.endpoint", "");
    d.put("audit.timestamp.url", "");
    d.put("audit.timestamp.certificates", "");
    d.put("audit.witness.url", "");
    d.put("audit.witness.key", "");
    d.put("sandbox.driver", "qemu");
    d.put("sandbox.accelerator", "auto");
    d.put("sandbox.memory-mib", "512");
    d.put("sandbox.overlay-mib", "1024");
    d.put("sandbox.vm-limit", "8");
    d.put("sandbox.image", "");
    d.put("sandbox.keep", "1m");
    d.put("sandbox.lease", "1h");
    d.put("sandbox.pool", "1");
    d.put("sandbox.tenant-vms", "64");
    d.put("sandbox.tenant-cpus", "64");
    d.put("sandbox.tenant-memory-mib", "65536");
    d.put("sandbox.tenant-disk-mib", "262144");
    d.put("sandbox.firecracker.program", "");
    d.put("sandbox.firecracker.jailer", "");
    d.put("sandbox.firecracker.jails", "");
    d.put("sandbox.e2b.template", "base");
    d.put("sandbox.e2b.internet", "false");
    d.put("sandbox.runloop.blueprint", "");
    d.put("egress.allow", "");
    d.put("egress.registries", "");
    d.put("egress.allow-private", "");
    d.put("egress.guest-model", "false");
    for (String provider : PROVIDERS) {
      d.put("consent." + provider, "false");
    }
    return Collections.unmodifiableMap(d);
  }

  /** Every known key with its default, in the order of the documentation. */
  public static Map<String, String> known() {
    return DEFAULTS;
  }

  /**
   * Reads the settings.
   *
   * @param file may be missing
   * @param environment only {@code CHOIR_*} is looked at
   * @param flags by key
   * @throws ChoirException {@code unknown_setting}, {@code bad_setting}, {@code bad_configuration}
   */
  public static Settings load(
      Path file, Map<String, String> environment, Map<String, String> flags) {
    Map<String, Value> values = new TreeMap<>();
    DEFAULTS.forEach((key, value) -> values.put(key, new Value(key, value, "the default")));
    fromFile(file).forEach((key, value) -> put(values, key, value, file + ": " + key));
    environment.forEach(
        (name, value) -> {
          if (name.startsWith("CHOIR_") && !OTHER_VARIABLES.contains(name)) {
            put(values, keyOf(name), value, name);
          }
        });
    flags.forEach((key, value) -> put(values, key, value, "a flag for " + key));
    return typed(values);
  }

  /** A value and where it came from, for messages. */
  private record Value(String key, String text, String origin) {
    ChoirException bad(String expected) {
      return ChoirException.usage(
          "bad_setting",
          origin + " is '" + Text.visible(text, 60) + "', expected " + expected,
          "correct it, or leave it out for the default '" + DEFAULTS.get(key) + "'");
    }
  }

  private static void put(Map<String, Value> values, String key, String value, String origin) {
    if (!DEFAULTS.containsKey(key)) {
      throw ChoirException.usage(
          "unknown_setting",
          origin + " is not a setting",
          Nearest.of(key, DEFAULTS.keySet())
              .map(near -> "did you mean " + near + " (" + variable(near) + ")?")
              .orElse("the settings are: " + String.join(", ", DEFAULTS.keySet())));
    }
    values.put(key, new Value(key, value.strip(), origin));
  }

  private static String variable(String key) {
    return "CHOIR_" + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  private static String keyOf(String variable) {
    return DEFAULTS.keySet().stream()
        .filter(key -> variable(key).equals(variable))
        .findFirst()
        .orElse(variable.substring("CHOIR_".length()).toLowerCase(Locale.ROOT).replace('_', '.'));
  }

  private static Map<String, String> fromFile(Path file) {
    if (!Files.exists(file)) {
      return Map.of();
    }
    Object tree;
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw badFile(file, "larger than " + FILE_BYTES_MAX + " bytes");
      }
      tree =
          new Load(LoadSettings.builder().setMaxAliasesForCollections(10).build())
              .loadFromString(Files.readString(file));
    } catch (IOException | YamlEngineException e) {
      throw badFile(file, String.valueOf(e.getMessage()));
    }
    Map<String, String> flat = new LinkedHashMap<>();
    if (tree instanceof Map<?, ?> map) {
      flatten("", map, flat, file);
    } else if (tree != null) {
      throw badFile(file, "not a mapping of keys to values");
    }
    return flat;
  }

  private static ChoirException badFile(Path file, String why) {
    return ChoirException.usage(
        "bad_configuration",
        "cannot read " + file + ": " + Text.visible(why, 200),
        "write it as YAML, for example: model: extractive");
  }

  private static void flatten(String prefix, Map<?, ?> map, Map<String, String> flat, Path file) {
    map.forEach(
        (name, value) -> {
          String key = prefix + name;
          if (key.length() > KEY_LENGTH_MAX) {
            throw badFile(file, key + " is no setting");
          }
          if (value instanceof Map<?, ?> inner) {
            flatten(key + ".", inner, flat, file);
          } else if (value instanceof Iterable<?> items && LISTS.contains(key)) {
            List<String> words = new ArrayList<>();
            items.forEach(item -> words.add(String.valueOf(item)));
            flat.put(key, String.join(",", words));
          } else if (value instanceof Iterable<?>) {
            throw badFile(file, key + " is a list, expected one value");
          } else {
            flat.put(key, value == null ? "" : value.toString());
          }
        });
  }

  private static Settings typed(Map<String, Value> values) {
    Set<String> consent = new HashSet<>();
    for (String provider : PROVIDERS) {
      if (oneOf(values, "consent." + provider, "true", "false").equals("true")) {
        consent.add(provider);
      }
    }
    return new Settings(
        text(values, "model"),
        oneOf(values, "depth", "quick", "standard", "deep"),
        number(values, "runs.at-once", 1, 64),
        duration(values, "server.idle"),
        Backbone.Durability.valueOf(
            oneOf(values, "backbone.durability", "crash", "power").toUpperCase(Locale.ROOT)),
        number(values, "backbone.port", 0, 65_535),
        audit(values),
        oneOf(values, "sandbox.accelerator", "auto", "kvm", "tcg"),
        number(values, "sandbox.memory-mib", 192, 65_536),
        number(values, "sandbox.overlay-mib", 64, 65_536),
        number(values, "sandbox.vm-limit", 1, 256),
        path(values, "sandbox.image"),
        duration(values, "sandbox.keep"),
        duration(values, "sandbox.lease"),
        number(values, "sandbox.pool", 0, 64),
        new Quota(
            number(values, "sandbox.tenant-vms", 1, 100_000),
            number(values, "sandbox.tenant-cpus", 1, 100_000),
            number(values, "sandbox.tenant-memory-mib", 64, 100_000_000),
            number(values, "sandbox.tenant-disk-mib", 64, 100_000_000)),
        new DriverSettings(
            oneOf(values, "sandbox.driver", "qemu", "firecracker", "e2b", "runloop"),
            path(values, "sandbox.firecracker.program"),
            path(values, "sandbox.firecracker.jailer"),
            path(values, "sandbox.firecracker.jails"),
            text(values, "sandbox.e2b.template"),
            oneOf(values, "sandbox.e2b.internet", "true", "false").equals("true"),
            value(values, "sandbox.runloop.blueprint").text()),
        egress(values),
        consent);
  }

  private static AuditSettings audit(Map<String, Value> values) {
    requireBoth(values, "audit.dynamodb.table", "audit.dynamodb.region");
    requireBoth(values, "audit.timestamp.url", "audit.timestamp.certificates");
    requireBoth(values, "audit.witness.url", "audit.witness.key");
    return new AuditSettings(
        oneOf(values, "audit.durability", "crash", "power").equals("power"),
        oneOf(values, "audit.postgres", "true", "false").equals("true"),
        isSet(values, "audit.dynamodb.table")
            ? Optional.of(
                new DynamoAnchors.Options(
                    text(values, "audit.dynamodb.region"),
                    text(values, "audit.dynamodb.table"),
                    isSet(values, "audit.dynamodb.endpoint")
                        ? address(values, "audit.dynamodb.endpoint")
                        : null))
            : Optional.empty(),
        isSet(values, "audit.timestamp.url")
            ? Optional.of(
                new AuditSettings.Timestamp(
                    address(values, "audit.timestamp.url"), certificates(values)))
            : Optional.empty(),
        isSet(values, "audit.witness.url")
            ? Optional.of(
                new AuditSettings.Witness(address(values, "audit.witness.url"), witnessKey(values)))
            : Optional.empty());
  }

  private static void requireBoth(Map<String, Value> values, String one, String other) {
    if (isSet(values, one) != isSet(values, other)) {
      throw ChoirException.usage(
          "bad_setting",
          (isSet(values, one) ? one : other)
              + " is set and "
              + (isSet(values, one) ? other : one)
              + " is not",
          "set both, or neither");
    }
  }

  private static boolean isSet(Map<String, Value> values, String key) {
    return !value(values, key).text().isEmpty();
  }

  /** Anchors are signed, so plain HTTP gives nothing away that is not public. */
  private static URI address(Map<String, Value> values, String key) {
    try {
      URI address = new URI(text(values, key).replaceFirst("/+$", ""));
      if (address.getHost() != null && List.of("http", "https").contains(address.getScheme())) {
        return address;
      }
    } catch (URISyntaxException e) {
      throw value(values, key).bad("an address: " + e.getReason());
    }
    throw value(values, key).bad("an address such as https://HOST/PATH");
  }

  private static List<Path> certificates(Map<String, Value> values) {
    List<Path> files = list(values, "audit.timestamp.certificates").stream().map(Path::of).toList();
    if (!files.stream().allMatch(Files::isReadable)) {
      throw value(values, "audit.timestamp.certificates")
          .bad("PEM files of certificates that a time stamp must lead to");
    }
    return files;
  }

  private static NoteKey witnessKey(Map<String, Value> values) {
    try {
      NoteKey key = NoteKey.parse(value(values, "audit.witness.key").text());
      if (key.isWitness()) {
        return key;
      }
    } catch (ChoirException e) {
      throw value(values, "audit.witness.key").bad("a verifier key: " + e.failure().message());
    }
    throw value(values, "audit.witness.key").bad("the key of a witness");
  }

  private static EgressSettings egress(Map<String, Value> values) {
    EgressSettings egress =
        new EgressSettings(
            list(values, "egress.allow"),
            list(values, "egress.registries"),
            list(values, "egress.allow-private"),
            oneOf(values, "egress.guest-model", "true", "false").equals("true"));
    // Refused now and not by the first VM that is started.
    requireRules(value(values, "egress.registries"), egress, egress.registries());
    requireRules(value(values, "egress.allow"), egress, egress.allow());
    requireRules(value(values, "egress.allow-private"), egress, egress.allowPrivate());
    for (String exception : egress.allowPrivate()) {
      EgressRule rule = EgressRule.of(exception);
      if (rule.below() || rule.port().isEmpty()) {
        throw value(values, "egress.allow-private").bad("a list of HOST:PORT");
      }
    }
    return egress;
  }

  private static void requireRules(Value value, EgressSettings egress, List<String> words) {
    try {
      egress.expand(words);
    } catch (ChoirException e) {
      throw e.code().equals("no_registries")
          ? e
          : value.bad("a list of hosts such as example.org, *.example.org or example.org:8443");
    }
  }

  private static List<String> list(Map<String, Value> values, String key) {
    return Arrays.stream(value(values, key).text().split(",", -1))
        .map(String::strip)
        .filter(word -> !word.isEmpty())
        .toList();
  }

  private static Value value(Map<String, Value> values, String key) {
    Value value = values.get(key);
    if (value == null) {
      throw new IllegalArgumentException("no such setting: " + key);
    }
    return value;
  }

  private static Optional<Path> path(Map<String, Value> values, String key) {
    return Optional.of(value(values, key).text()).filter(t -> !t.isEmpty()).map(Path::of);
  }

  private static String text(Map<String, Value> values, String key) {
    Value value = value(values, key);
    if (value.text().isEmpty()) {
      throw value.bad("something");
    }
    return value.text();
  }

  private static String oneOf(Map<String, Value> values, String key, String... allowed) {
    Value value = value(values, key);
    if (!List.of(allowed).contains(value.text())) {
      throw value.bad("one of: " + String.join(", ", allowed));
    }
    return value.text();
  }

  private static int number(Map<String, Value> values, String key, int least, int most) {
    Value value = value(values, key);
    if (value.text().matches("[0-9]{1,9}")) {
      int number = Integer.parseInt(value.text());
      if (number >= least && number <= most) {
        return number;
      }
    }
    throw value.bad("a number from " + least + " to " + most);
  }

  private static Duration duration(Map<String, Value> values, String key) {
    Value value = value(values, key);
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
