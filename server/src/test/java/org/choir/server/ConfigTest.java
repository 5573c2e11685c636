package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.choir.backbone.Backbone;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigTest {
  @TempDir Path temp;

  private Settings load(String yaml, Map<String, String> environment, Map<String, String> flags)
      throws Exception {
    Path file = temp.resolve("choir.yaml");
    Files.writeString(file, yaml);
    return Config.load(file, environment, flags);
  }

  @Test
  void needsNoFile() {
    Settings settings = Config.load(temp.resolve("none"), Map.of("HOME", "/x"), Map.of());
    assertThat(settings.model()).isEqualTo("extractive");
    assertThat(settings.idle()).isEqualTo(Duration.ofMinutes(15));
    assertThat(settings.durability()).isEqualTo(Backbone.Durability.CRASH);
    assertThat(settings.consent()).isEmpty();
  }

  @Test
  void aVariableWinsOverTheFileAndAFlagOverBoth() throws Exception {
    String yaml = "model: ollama:a\ndepth: deep\nsandbox:\n  vm-limit: 3\n";
    Map<String, String> environment =
        Map.of("CHOIR_MODEL", "ollama:b", "CHOIR_SANDBOX_VM_LIMIT", "4", "CHOIR_HOME", "/x");
    Settings settings = load(yaml, environment, Map.of("model", "ollama:c"));
    assertThat(settings.model()).isEqualTo("ollama:c");
    assertThat(settings.depth()).isEqualTo("deep");
    assertThat(settings.vmLimit()).isEqualTo(4);
  }

  @Test
  void readsNestedAndDottedKeysAlike() throws Exception {
    assertThat(load("backbone: {durability: power}", Map.of(), Map.of()).durability())
        .isEqualTo(Backbone.Durability.POWER);
    assertThat(load("backbone.durability: power", Map.of(), Map.of()).durability())
        .isEqualTo(Backbone.Durability.POWER);
    assertThat(load("consent: {anthropic: true}", Map.of(), Map.of()).consent())
        .containsExactly("anthropic");
  }

  @Test
  void namesTheNearestKnownKeyForAnUnknownOne() {
    assertThatThrownBy(() -> load("sandbox:\n  vmlimit: 3", Map.of(), Map.of()))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("unknown_setting");
              assertThat(e.failure().exit()).isEqualTo(ExitStatus.USAGE);
              assertThat(e.failure().remedy()).contains("sandbox.vm-limit");
            });
    assertThatThrownBy(() -> load("", Map.of("CHOIR_MODLE", "x"), Map.of()))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.failure().remedy()).contains("CHOIR_MODEL"));
  }

  @ParameterizedTest
  @CsvSource({
    "runs.at-once, 0",
    "runs.at-once, many",
    "backbone.port, 70000",
    "sandbox.accelerator, fast",
    "server.idle, 15",
    "depth, deeper",
    "consent.openai, perhaps"
  })
  void refusesAValueThatCannotBe(String key, String value) {
    assertThatThrownBy(() -> load("", Map.of(), Map.of(key, value)))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("bad_setting");
              assertThat(e.failure().message()).contains(value).contains(key);
            });
  }

  @Test
  void nothingIsAllowedOutsideUnlessItIsConfigured() throws Exception {
    EgressSettings none = load("", Map.of(), Map.of()).egress();
    assertThat(none.allow()).isEmpty();
    assertThat(none.allowPrivate()).isEmpty();
    assertThat(none.guestModel()).isFalse();
    assertThatThrownBy(() -> none.expand(List.of("registries")))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("no_registries"));
    EgressSettings some =
        load(
                """
                egress:
                  allow: [registries, '*.example.org']
                  registries: [packages.example, files.packages.example:8443]
                  allow-private: ['packages.lan:8080']
                """,
                Map.of("CHOIR_EGRESS_GUEST_MODEL", "true"),
                Map.of())
            .egress();
    assertThat(some.expand(some.allow()))
        .containsExactly("packages.example", "files.packages.example:8443", "*.example.org");
    assertThat(some.allowPrivate()).containsExactly("packages.lan:8080");
    assertThat(some.guestModel()).isTrue();
    assertThat(
            load("", Map.of("CHOIR_EGRESS_ALLOW", "a.example, b.example"), Map.of())
                .egress()
                .allow())
        .containsExactly("a.example", "b.example");
  }

  @ParameterizedTest
  @CsvSource({
    "egress.allow, *",
    "egress.allow, http://a.example",
    "egress.allow, a.example:x",
    "egress.registries, *.org",
    "egress.allow-private, a.example",
    "egress.allow-private, *.a.example:80",
    "egress.guest-model, yes"
  })
  void refusesARuleThatIsNone(String key, String value) {
    refusesAValueThatCannotBe(key, value);
  }

  @ParameterizedTest
  @CsvSource({"'a: [1, 2]'", "'- a'", "'a: b: c'", "'x: &a {y: *a}'"})
  void refusesAFileThatIsNotAMapping(String yaml) {
    assertThatThrownBy(() -> load(yaml, Map.of(), Map.of()))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.failure().exit()).isEqualTo(ExitStatus.USAGE));
  }

  @Test
  void credentialsNeverShowTheirValues() {
    PlatformCredentials credentials =
        PlatformCredentials.from(Map.of("ANTHROPIC_API_KEY", "sk-secret", "PATH", "/bin"));
    assertThat(credentials.toString()).contains("ANTHROPIC_API_KEY").doesNotContain("sk-secret");
    assertThat(credentials.marks("salt").toString()).doesNotContain("sk-secret");
    assertThat(credentials.marks("salt")).isNotEqualTo(credentials.marks("pepper"));
    assertThat(credentials.of("anthropic")).containsEntry("ANTHROPIC_API_KEY", "sk-secret");
    assertThat(credentials.of("openai")).isEmpty();
  }
}
