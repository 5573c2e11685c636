package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.choir.core.ChoirException;
import org.choir.keys.FileDataKeys;
import org.choir.sandbox.Outside;
import org.choir.sandbox.Sandboxes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The configured driver is the one that is opened; a hosted one only with consent and its key. */
class SandboxPlacesTest {
  @TempDir Path home;

  private Sandboxes open(Map<String, String> flags, Map<String, String> environment) {
    Settings settings = Config.load(home.resolve("none"), Map.of(), flags);
    return SandboxPlaces.open(
        settings,
        PlatformCredentials.from(environment),
        home,
        new Sandboxes.Options(home.resolve("vms"), home.resolve("image"), "auto", 512, 1024, 2),
        FileDataKeys.open(home.resolve("keys")),
        InstantSource.system(),
        Outside.nothing());
  }

  private static String code(Runnable call) {
    String[] code = new String[1];
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(ChoirException.class, e -> code[0] = e.code());
    return code[0];
  }

  @Test
  void opensTheConfiguredPlace() {
    try (Sandboxes usual = open(Map.of(), Map.of());
        Sandboxes firecracker = open(Map.of("sandbox.driver", "firecracker"), Map.of());
        Sandboxes e2b =
            open(
                Map.of("sandbox.driver", "e2b", "consent.e2b", "true"),
                Map.of("E2B_API_KEY", "k", "RUNLOOP_API_KEY", "other"));
        Sandboxes runloop =
            open(
                Map.of("sandbox.driver", "runloop", "consent.runloop", "true"),
                Map.of("RUNLOOP_API_KEY", "k"))) {
      assertThat(usual.host().name()).isEqualTo("qemu");
      assertThat(firecracker.host().name()).isEqualTo("firecracker");
      assertThat(firecracker.accelerator()).isEqualTo("kvm");
      assertThat(e2b.host().name()).isEqualTo("e2b");
      assertThat(e2b.accelerator()).isEqualTo("remote");
      assertThat(runloop.host().name()).isEqualTo("runloop");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"e2b", "runloop"})
  void aHostedPlaceNeedsConsentAndItsOwnKey(String name) {
    Map<String, String> flags = new HashMap<>(Map.of("sandbox.driver", name));
    Map<String, String> keys = Map.of("E2B_API_KEY", "k", "RUNLOOP_API_KEY", "k");
    assertThat(code(() -> open(flags, keys))).isEqualTo("consent_needed");
    flags.put("consent." + name, "true");
    assertThat(code(() -> open(flags, Map.of("ANTHROPIC_API_KEY", "k")))).isEqualTo("no_key");
  }

  @Test
  void anUnknownDriverIsAnErrorThatNamesTheKnownOnes() {
    assertThatThrownBy(() -> open(Map.of("sandbox.driver", "firecraker"), Map.of()))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("bad_setting");
              assertThat(e.getMessage()).contains("qemu, firecracker, e2b, runloop");
            });
  }

  @Test
  void oneServicesKeyIsNotHandedToTheOther() {
    PlatformCredentials all =
        PlatformCredentials.from(Map.of("E2B_API_KEY", "a-key", "RUNLOOP_API_KEY", "b-key"));
    assertThat(all.of("e2b")).containsOnlyKeys("E2B_API_KEY");
    assertThat(all.of("runloop")).containsOnlyKeys("RUNLOOP_API_KEY");
    assertThat(all.toString()).doesNotContain("a-key").doesNotContain("b-key");
  }
}
