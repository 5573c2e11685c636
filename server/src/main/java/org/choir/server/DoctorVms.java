package org.choir.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.choir.sandbox.HostFacts;
import org.choir.sandbox.HostProtection;
import org.choir.server.Doctor.Finding;

/** What VMs need of this host and of the configuration. */
final class DoctorVms {
  private final Home home;
  private final Map<String, String> environment;

  DoctorVms(Home home, Map<String, String> environment) {
    this.home = home;
    this.environment = environment;
  }

  List<Finding> examine() {
    return List.of(
        image(),
        isolation(),
        swap(),
        vmUsers(),
        vmBounds(),
        controlGroups(),
        driver(),
        qemu(),
        template(),
        egress());
  }

  private Settings settings() {
    return Config.load(home.configuration(), environment, Map.of());
  }

  private Finding image() {
    return Finding.guarded(
        "image",
        () ->
            Wiring.hasImage(settings())
                ? Finding.ok("image", settings().image().orElseGet(Wiring::builtImage).toString())
                : Finding.failed(
                    "image",
                    "the guest image has not been built",
                    "choir doctor --fix, or: guest/build-image"));
  }

  private Finding isolation() {
    Path kvm = Path.of("/dev/kvm");
    if (!Files.exists(kvm)) {
      return Finding.warning(
          "isolation",
          "no /dev/kvm: VMs run in software emulation (TCG), slow and no boundary against hostile"
              + " code",
          "fine for development; use a host with KVM for anything else");
    }
    if (!Files.isReadable(kvm) || !Files.isWritable(kvm)) {
      return Finding.warning(
          "isolation",
          "/dev/kvm may not be used by this user: VMs run in software emulation (TCG)",
          "sudo usermod -aG kvm \"$USER\", then log in again");
    }
    return HostFacts.of(templates())
        .kvm()
        .map(
            works ->
                works
                    ? Finding.ok(
                        "isolation", "KVM works: a VM has come up under it since this host booted")
                    : Finding.warning(
                        "isolation",
                        "/dev/kvm is there and opens, but no VM comes up under it: VMs run in"
                            + " software emulation (TCG), slow and no boundary against hostile code",
                        "fine for development; use a host with hardware virtualisation"))
        .orElse(
            Finding.ok(
                "isolation",
                "/dev/kvm is there; the first VM on this host boot tells if it works"));
  }

  private Finding egress() {
    return Finding.guarded(
        "egress",
        () -> {
          EgressSettings egress = settings().egress();
          return egress.allowPrivate().isEmpty()
              ? Finding.ok(
                  "egress",
                  egress.allow().isEmpty()
                      ? "VMs reach no host unless a run is given one"
                      : "VMs may reach " + String.join(", ", egress.allow()))
              : Finding.warning(
                  "egress",
                  "VMs may reach private addresses: " + String.join(", ", egress.allowPrivate()),
                  "remove what no run needs from egress.allow-private");
        });
  }

  private Path templates() {
    return home.part("vms").resolve("templates");
  }

  /** Whether VMs would start where the configuration wants them. */
  private Finding driver() {
    return Finding.guarded(
        "driver",
        () ->
            Finding.ok(
                "driver",
                SandboxPlaces.examine(
                    settings(),
                    PlatformCredentials.from(environment),
                    home.root().resolve("vms"))));
  }

  private static Finding vmUsers() {
    return HostProtection.separateUsers()
        ? Finding.ok("vm users", HostProtection.users())
        : Finding.warning(
            "vm users",
            HostProtection.users(),
            "fine for one user; run a server for several tenants as root");
  }

  private static Finding vmBounds() {
    return HostProtection.bounded()
        ? Finding.ok("vm bounds", HostProtection.bounds())
        : Finding.warning(
            "vm bounds",
            HostProtection.bounds(),
            "as a service: Delegate=yes in its systemd unit; as root nothing is needed");
  }

  private Finding swap() {
    return HostFacts.of(templates()).swap()
        ? Finding.warning(
            "swap",
            "swap is on: what a guest holds in memory can reach the disk unencrypted",
            "sudo swapoff -a, or swap on an encrypted device")
        : Finding.ok("swap", "none");
  }

  private Finding controlGroups() {
    return switch (HostFacts.of(templates()).controlGroups()) {
      case "v2" -> Finding.ok("cgroups", "version 2");
      case "v1" -> Finding.ok("cgroups", "version 1 (version 2 is better: restores are faster)");
      default ->
          Finding.warning(
              "cgroups",
              "no control groups with a memory controller: VMs are held by resource limits only",
              "boot with systemd.unified_cgroup_hierarchy=1");
    };
  }

  private Finding qemu() {
    return HostFacts.of(templates())
        .qemu()
        .map(version -> Finding.ok("qemu", "version " + version))
        .orElse(Finding.failed("qemu", "not installed", "sudo apt-get install -y qemu-system-x86"));
  }

  private Finding template() {
    int ready = HostFacts.of(templates()).templates();
    return Finding.ok(
        "template",
        ready > 0
            ? ready + " ready: new VMs are restored, not booted"
            : "none yet; the first VM makes one");
  }
}
