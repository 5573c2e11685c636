package org.choir.server;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.keys.DataKeys;
import org.choir.sandbox.Outside;
import org.choir.sandbox.Sandboxes;
import org.choir.sandbox.VmHost;
import org.choir.sandbox.e2b.E2bOptions;
import org.choir.sandbox.e2b.E2bService;
import org.choir.sandbox.firecracker.FirecrackerDriver;
import org.choir.sandbox.firecracker.FirecrackerOptions;
import org.choir.sandbox.firecracker.HostReport;
import org.choir.sandbox.hosted.HostedHost;
import org.choir.sandbox.runloop.RunloopOptions;
import org.choir.sandbox.runloop.RunloopService;

/**
 * The place for VMs that the configuration names. A hosted one sends what a run works on to its
 * service, so it needs consent and its key; each adapter gets its own key and nothing else.
 */
final class SandboxPlaces {
  private SandboxPlaces() {}

  /** The room over the configured place. */
  static Sandboxes open(
      Settings settings,
      PlatformCredentials credentials,
      Path home,
      Sandboxes.Options options,
      DataKeys keys,
      InstantSource clock,
      Outside outside) {
    DriverSettings driver = settings.driver();
    return switch (driver.name()) {
      case "qemu" -> Sandboxes.open(options, keys, clock, outside);
      case "firecracker" -> {
        Sandboxes.Options here = options.withAccelerator("kvm");
        yield Sandboxes.over(
            Sandboxes.thisMachine(
                firecracker(driver, options.folder()), here, keys, clock, outside),
            here,
            clock);
      }
      case "e2b" -> Sandboxes.over(e2b(settings, credentials, home), options, clock);
      case "runloop" -> Sandboxes.over(runloop(settings, credentials, home), options, clock);
      default -> throw new IllegalArgumentException(driver.name());
    };
  }

  /** What can be told of the configured place without a VM; throws why none would start there. */
  static String examine(Settings settings, PlatformCredentials credentials, Path vms) {
    String name = settings.driver().name();
    return switch (name) {
      case "firecracker" -> firecracker(settings.driver(), vms).examine();
      case "e2b", "runloop" -> {
        own(name, name.toUpperCase(Locale.ROOT) + "_API_KEY", settings, credentials);
        yield name + ", whose operator can read its VMs";
      }
      default -> name;
    };
  }

  private static FirecrackerDriver firecracker(DriverSettings driver, Path vms) {
    return new FirecrackerDriver(
        new FirecrackerOptions(
            driver.firecracker().orElseGet(() -> program("firecracker")),
            driver.jailer().orElseGet(() -> program("jailer")),
            driver.jails().orElseGet(() -> vms.resolveSibling("jails"))),
        HostReport::read);
  }

  /** Found when it is needed: a missing one stops VMs, not the server. */
  private static Path program(String name) {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return List.of(path.split(":", -1)).stream()
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(Path.of("/usr/local/bin", name));
  }

  private static VmHost e2b(Settings settings, PlatformCredentials credentials, Path home) {
    Map<String, String> own = own("e2b", "E2B_API_KEY", settings, credentials);
    E2bOptions usual = new E2bOptions(own.getOrDefault("E2B_API_KEY", ""));
    return new HostedHost(
        new E2bService(
            new E2bOptions(
                Optional.ofNullable(own.get("E2B_API_URL")).map(URI::create).orElse(usual.api()),
                own.getOrDefault("E2B_SANDBOX_URL", usual.sandbox()),
                usual.key(),
                settings.driver().template(),
                settings.lease(),
                settings.driver().internet())),
        server(home));
  }

  private static VmHost runloop(Settings settings, PlatformCredentials credentials, Path home) {
    Map<String, String> own = own("runloop", "RUNLOOP_API_KEY", settings, credentials);
    RunloopOptions usual = new RunloopOptions(own.getOrDefault("RUNLOOP_API_KEY", ""));
    return new HostedHost(
        new RunloopService(
            new RunloopOptions(
                Optional.ofNullable(own.get("RUNLOOP_BASE_URL"))
                    .map(URI::create)
                    .orElse(usual.api()),
                usual.key(),
                settings.driver().blueprint(),
                settings.lease())),
        server(home));
  }

  /** Tells this server's sandboxes from another's under the same account. */
  private static String server(Path home) {
    return Digest.of(home.toAbsolutePath().toString()).prefix(16);
  }

  private static Map<String, String> own(
      String name, String key, Settings settings, PlatformCredentials credentials) {
    if (!settings.consent().contains(name)) {
      throw new ChoirException(
          new Failure(
              "consent_needed",
              "with sandbox.driver: " + name + " the files of runs would be sent to that service",
              "agree with consent." + name + ": true in choir.yaml",
              ExitStatus.USAGE,
              false));
    }
    Map<String, String> own = credentials.of(name);
    if (!own.containsKey(key)) {
      throw ChoirException.usage(
          "no_key",
          "sandbox.driver is " + name + " and " + key + " is not set",
          "set " + key + " where the server starts, then: choir down");
    }
    return own;
  }
}
