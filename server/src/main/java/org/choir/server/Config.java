package org.choir.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.choir.audit.NoteKey;
import org.choir.audit.dynamodb.DynamoAnchors;
import org.choir.backbone.Backbone;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.choir.database.Database;
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

  private static final int FILE_BYTES_MAX = 1 << 20;

  /** Far beyond any key: ends the reading of a file whose aliases form a circle. */
  private static final int KEY_LENGTH_MAX = 200;

  /** Settings that hold several values: a list in the file, separated by commas elsewhere. */
  private static final Set<String> LISTS =
      Set.of(
          "egress.allow",
          "egress.registries",
          "egress.allow-private",
          "audit.timestamp.certificates",
          "knowledge.reviewers",
          "economy.exempt",
          "economy.operators",
          "web.allow-private");

  private Config() {}

  private static Map<String, String> defaults() {
    Map<String, String> d = new LinkedHashMap<>();
    d.put("model", "extractive");
    d.put("depth", "quick");
    d.put("runs.at-once", "2");
    d.put("server.idle", "15m");
    d.put("backbone.durability", "crash");
    d.put("backbone.port", "0");
    d.put("database.url", "");
    d.put("database.user", "");
    d.put("database.password-file", "");
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
    d.put("knowledge.reviewers", "editor");
    d.put("knowledge.agents-publish", "false");
    d.put("web.search", "auto");
    d.put("web.searxng", "");
    d.put("web.allow-private", "");
    d.put("web.timeout", "20s");
    d.put("knowledge.embedder", "bge");
    d.put("knowledge.embedder-url", "");
    d.put("knowledge.embedder-dimensions", "0");
    d.put("knowledge.qdrant.url", "");
    d.put("economy.enabled", "true");
    d.put("economy.exempt", "local");
    d.put("economy.signed", "true");
    d.put("economy.operators", "local");
    d.put("economy.lender", "lender");
    d.put("economy.lender-interest", "50000");
    for (String name : List.of("endpoint", "chain", "package", "treasury", "payer", "dollar")) {
      d.put("economy.sui." + name, "");
    }
    d.put("economy.sui.pool", "");
    d.put("payments.live", "false");
    d.put("payments.webhook-port", "0");
    d.put("payments.return-to", "http://localhost/");
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
    Map<String, SettingValues.Value> values = new TreeMap<>();
    DEFAULTS.forEach(
        (key, value) -> values.put(key, new SettingValues.Value(key, value, "the default", value)));
    fromFile(file).forEach((key, value) -> put(values, key, value, file + ": " + key));
    environment.forEach(
        (name, value) -> {
          if (name.startsWith("CHOIR_") && !OTHER_VARIABLES.contains(name)) {
            put(values, keyOf(name), value, name);
          }
        });
    flags.forEach((key, value) -> put(values, key, value, "a flag for " + key));
    return typed(new SettingValues(values));
  }

  private static void put(
      Map<String, SettingValues.Value> values, String key, String value, String origin) {
    if (!DEFAULTS.containsKey(key)) {
      throw ChoirException.usage(
          "unknown_setting",
          origin + " is not a setting",
          Nearest.of(key, DEFAULTS.keySet())
              .map(near -> "did you mean " + near + " (" + variable(near) + ")?")
              .orElse("the settings are: " + String.join(", ", DEFAULTS.keySet())));
    }
    values.put(
        key,
        new SettingValues.Value(
            key, value.strip(), origin, Objects.requireNonNull(DEFAULTS.get(key))));
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

  private static Settings typed(SettingValues values) {
    Set<String> consent = new HashSet<>();
    for (String provider : PROVIDERS) {
      if (values.oneOf("consent." + provider, "true", "false").equals("true")) {
        consent.add(provider);
      }
    }
    return new Settings(
        values.text("model"),
        values.oneOf("depth", "quick", "standard", "deep"),
        values.number("runs.at-once", 1, 64),
        values.duration("server.idle"),
        Backbone.Durability.valueOf(
            values.oneOf("backbone.durability", "crash", "power").toUpperCase(Locale.ROOT)),
        values.number("backbone.port", 0, 65_535),
        database(values),
        audit(values),
        values.oneOf("sandbox.accelerator", "auto", "kvm", "tcg"),
        values.number("sandbox.memory-mib", 192, 65_536),
        values.number("sandbox.overlay-mib", 64, 65_536),
        values.number("sandbox.vm-limit", 1, 256),
        values.path("sandbox.image"),
        values.duration("sandbox.keep"),
        values.duration("sandbox.lease"),
        values.number("sandbox.pool", 0, 64),
        new Quota(
            values.number("sandbox.tenant-vms", 1, 100_000),
            values.number("sandbox.tenant-cpus", 1, 100_000),
            values.number("sandbox.tenant-memory-mib", 64, 100_000_000),
            values.number("sandbox.tenant-disk-mib", 64, 100_000_000)),
        new DriverSettings(
            values.oneOf("sandbox.driver", "qemu", "firecracker", "e2b", "runloop"),
            values.path("sandbox.firecracker.program"),
            values.path("sandbox.firecracker.jailer"),
            values.path("sandbox.firecracker.jails"),
            values.text("sandbox.e2b.template"),
            values.oneOf("sandbox.e2b.internet", "true", "false").equals("true"),
            values.value("sandbox.runloop.blueprint").text()),
        egress(values),
        web(values),
        KnowledgeSettings.of(values),
        EconomySettings.of(values),
        consent);
  }

  private static Optional<Database.External> database(SettingValues values) {
    values.requireBoth("database.url", "database.user");
    values.requireBoth("database.url", "database.password-file");
    return values.isSet("database.url")
        ? Optional.of(
            new Database.External(
                values.text("database.url"),
                values.text("database.user"),
                Path.of(values.text("database.password-file"))))
        : Optional.empty();
  }

  private static AuditSettings audit(SettingValues values) {
    values.requireBoth("audit.dynamodb.table", "audit.dynamodb.region");
    values.requireBoth("audit.timestamp.url", "audit.timestamp.certificates");
    values.requireBoth("audit.witness.url", "audit.witness.key");
    return new AuditSettings(
        values.oneOf("audit.durability", "crash", "power").equals("power"),
        values.oneOf("audit.postgres", "true", "false").equals("true"),
        values.isSet("audit.dynamodb.table")
            ? Optional.of(
                new DynamoAnchors.Options(
                    values.text("audit.dynamodb.region"),
                    values.text("audit.dynamodb.table"),
                    values.isSet("audit.dynamodb.endpoint")
                        ? values.address("audit.dynamodb.endpoint")
                        : null))
            : Optional.empty(),
        values.isSet("audit.timestamp.url")
            ? Optional.of(
                new AuditSettings.Timestamp(
                    values.address("audit.timestamp.url"), certificates(values)))
            : Optional.empty(),
        values.isSet("audit.witness.url")
            ? Optional.of(
                new AuditSettings.Witness(values.address("audit.witness.url"), witnessKey(values)))
            : Optional.empty());
  }

  private static List<Path> certificates(SettingValues values) {
    List<Path> files = values.list("audit.timestamp.certificates").stream().map(Path::of).toList();
    if (!files.stream().allMatch(Files::isReadable)) {
      throw values
          .value("audit.timestamp.certificates")
          .bad("PEM files of certificates that a time stamp must lead to");
    }
    return files;
  }

  private static NoteKey witnessKey(SettingValues values) {
    try {
      NoteKey key = NoteKey.parse(values.value("audit.witness.key").text());
      if (key.isWitness()) {
        return key;
      }
    } catch (ChoirException e) {
      throw values.value("audit.witness.key").bad("a verifier key: " + e.failure().message());
    }
    throw values.value("audit.witness.key").bad("the key of a witness");
  }

  private static EgressSettings egress(SettingValues values) {
    EgressSettings egress =
        new EgressSettings(
            values.list("egress.allow"),
            values.list("egress.registries"),
            values.list("egress.allow-private"),
            values.oneOf("egress.guest-model", "true", "false").equals("true"));
    // Refused now and not by the first VM that is started.
    requireRules(values.value("egress.registries"), egress, egress.registries());
    requireRules(values.value("egress.allow"), egress, egress.allow());
    requireRules(values.value("egress.allow-private"), egress, egress.allowPrivate());
    for (String exception : egress.allowPrivate()) {
      EgressRule rule = EgressRule.of(exception);
      if (rule.below() || rule.port().isEmpty()) {
        throw values.value("egress.allow-private").bad("a list of HOST:PORT");
      }
    }
    return egress;
  }

  private static WebSettings web(SettingValues values) {
    WebSettings web =
        new WebSettings(
            values.oneOf("web.search", "auto", "tavily", "searxng"),
            values.isSet("web.searxng")
                ? Optional.of(values.address("web.searxng"))
                : Optional.empty(),
            Set.copyOf(values.list("web.allow-private")),
            values.duration("web.timeout"));
    if (!web.allowPrivate().stream().allMatch(each -> each.matches("[^\\s/]+:[0-9]{1,5}"))) {
      throw values.value("web.allow-private").bad("a list of HOST:PORT");
    }
    if (web.timeout().isZero()) {
      throw values.value("web.timeout").bad("some time");
    }
    return web;
  }

  private static void requireRules(
      SettingValues.Value value, EgressSettings egress, List<String> words) {
    try {
      egress.expand(words);
    } catch (ChoirException e) {
      throw e.code().equals("no_registries")
          ? e
          : value.bad("a list of hosts such as example.org, *.example.org or example.org:8443");
    }
  }
}
