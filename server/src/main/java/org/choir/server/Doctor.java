package org.choir.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.choir.sandbox.HostFacts;
import org.choir.sandbox.HostProtection;

/**
 * Checks everything a start needs, each with the way to mend it. Changes nothing but by {@link
 * #fix}.
 */
public final class Doctor {
  /** What must be there, by the Debian package that brings it. */
  private static final Map<String, String> PROGRAMS = programs();

  private static final int JDK = 25;
  private static final long DISK_LEAST = 300L << 20;
  private static final long DISK_SMALL = 3L << 30;
  private static final String PRIVATE = "rwx------";
  private static final Pattern VERSION = Pattern.compile("v?(\\d+)\\.(\\d+)\\.(\\d+)");
  private static final int[] NATS_OLDEST = {2, 9, 10};

  private final Home home;
  private final Map<String, String> environment;

  public Doctor(Home home, Map<String, String> environment) {
    this.home = home;
    this.environment = Map.copyOf(environment);
  }

  /** How a check ended. */
  public enum Result {
    OK,
    WARNING,
    FAILED;

    /** The word in output. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * One check.
   *
   * @param remedy empty if nothing is to be done
   */
  public record Finding(String check, Result result, String message, String remedy) {}

  private static Map<String, String> programs() {
    Map<String, String> programs = new LinkedHashMap<>();
    programs.put("qemu-system-x86_64", "qemu-system-x86");
    programs.put("nats-server", "nats-server");
    programs.put("mmdebstrap", "mmdebstrap");
    programs.put("go", "golang-go");
    programs.put("mke2fs", "e2fsprogs");
    programs.put("cpio", "cpio");
    programs.put("zstd", "zstd");
    programs.put("mvn", "maven");
    programs.put("python3", "python3");
    return programs;
  }

  /** All checks, in the order a start would stumble. */
  public List<Finding> examine() {
    return List.of(
        jdk(),
        packages(),
        nats(),
        homeFolder(),
        configuration(),
        keyFile(),
        disk(),
        image(),
        isolation(),
        swap(),
        vmUsers(),
        vmBounds(),
        controlGroups(),
        qemu(),
        template(),
        port(),
        server());
  }

  private static Finding ok(String check, String message) {
    return new Finding(check, Result.OK, message, "");
  }

  private static Finding failed(String check, String message, String remedy) {
    return new Finding(check, Result.FAILED, message, remedy);
  }

  private static Finding warning(String check, String message, String remedy) {
    return new Finding(check, Result.WARNING, message, remedy);
  }

  /** A check that fails with what the thing itself says. */
  private static Finding guarded(String check, Supplier<Finding> examination) {
    try {
      return examination.get();
    } catch (ChoirException e) {
      return failed(check, e.failure().message(), e.failure().remedy());
    }
  }

  private static Finding jdk() {
    String found = Runtime.version().toString();
    return Runtime.version().feature() == JDK
        ? ok("jdk", "Java " + found)
        : failed("jdk", "Java " + found, "install JDK " + JDK + " and point JAVA_HOME at it");
  }

  private Optional<Path> find(String program) {
    List<String> folders =
        new ArrayList<>(List.of(environment.getOrDefault("PATH", "").split(":", -1)));
    folders.addAll(List.of("/usr/sbin", "/sbin"));
    return folders.stream()
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private Finding packages() {
    List<String> missing =
        PROGRAMS.keySet().stream().filter(p -> find(p).isEmpty()).map(PROGRAMS::get).toList();
    return missing.isEmpty()
        ? ok("packages", "all there")
        : failed(
            "packages",
            "missing: " + String.join(" ", missing),
            "sudo apt-get install -y --no-install-recommends " + String.join(" ", missing));
  }

  private Finding nats() {
    Optional<Path> program = find("nats-server");
    if (program.isEmpty()) {
      return failed("nats", "no nats-server", "sudo apt-get install -y nats-server");
    }
    String said = output(List.of(program.get().toString(), "--version"));
    Matcher matcher = VERSION.matcher(said);
    if (!matcher.find()) {
      return failed(
          "nats", "cannot read its version from: " + Text.visible(said, 80), "reinstall it");
    }
    for (int i = 0; i < NATS_OLDEST.length; i++) {
      int part = Integer.parseInt(matcher.group(i + 1));
      if (part < NATS_OLDEST[i]) {
        return failed(
            "nats", "version " + matcher.group() + " is too old", "install 2.9.10 or newer");
      }
      if (part > NATS_OLDEST[i]) {
        break;
      }
    }
    return ok("nats", program.get() + ", version " + matcher.group());
  }

  private static String output(List<String> line) {
    try {
      Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
      try (var in = process.inputReader()) {
        String text = in.readLine();
        process.waitFor(10, TimeUnit.SECONDS);
        return text == null ? "" : text;
      }
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  private Finding homeFolder() {
    return guarded(
        "home",
        () -> {
          home.check();
          if (!Files.exists(home.root())) {
            return ok("home", home.root() + " will be made");
          }
          List<Path> open = openFolders();
          if (!open.isEmpty()) {
            return failed("home", open.getFirst() + " can be read by others", "choir doctor --fix");
          }
          if (!Files.isWritable(home.root())) {
            return failed("home", home.root() + " cannot be written", "check who owns it");
          }
          return ok("home", home.root() + ", layout " + Home.VERSION);
        });
  }

  private List<Path> openFolders() {
    List<Path> open = new ArrayList<>();
    Set<PosixFilePermission> wanted = PosixFilePermissions.fromString(PRIVATE);
    List<Path> all = new ArrayList<>(List.of(home.root()));
    Home.PARTS.forEach(part -> all.add(home.part(part)));
    for (Path folder : all) {
      try {
        if (Files.isDirectory(folder) && !Files.getPosixFilePermissions(folder).equals(wanted)) {
          open.add(folder);
        }
      } catch (IOException e) {
        open.add(folder);
      }
    }
    return open;
  }

  private Finding configuration() {
    return guarded(
        "settings",
        () -> {
          Settings settings = settings();
          return ok(
              "settings",
              (Files.exists(home.configuration()) ? home.configuration().toString() : "defaults")
                  + ", model "
                  + settings.model()
                  + ", "
                  + PlatformCredentials.from(environment));
        });
  }

  private Settings settings() {
    return Config.load(home.configuration(), environment, Map.of());
  }

  private Finding keyFile() {
    Path keys = home.part("keys");
    boolean master = Files.exists(keys.resolve("master.key"));
    boolean wrapped = Files.exists(keys.resolve("data-keys.json"));
    if (wrapped && !master) {
      return failed(
          "keys",
          keys.resolve("master.key") + " is lost; what is stored cannot be read without it",
          "put it back from a backup: choir restore FILE");
    }
    return ok("keys", master ? keys.resolve("master.key").toString() : "made at the first start");
  }

  private Finding disk() {
    Path existing = home.root();
    while (!Files.exists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    try {
      long free = Files.getFileStore(existing).getUsableSpace();
      String message = (free >> 20) + " MiB free at " + existing;
      if (free < DISK_LEAST) {
        return failed("disk", message, "free at least " + (DISK_LEAST >> 20) + " MiB");
      }
      return free < DISK_SMALL
          ? warning("disk", message, "a few GiB are advisable")
          : ok("disk", message);
    } catch (IOException e) {
      return failed("disk", "cannot ask " + existing + ": " + e.getMessage(), "check the mount");
    }
  }

  private Finding image() {
    return guarded(
        "image",
        () ->
            Wiring.hasImage(settings())
                ? ok("image", settings().image().orElseGet(Wiring::builtImage).toString())
                : failed(
                    "image",
                    "the guest image has not been built",
                    "choir doctor --fix, or: guest/build-image"));
  }

  private Finding isolation() {
    Path kvm = Path.of("/dev/kvm");
    if (!Files.exists(kvm)) {
      return warning(
          "isolation",
          "no /dev/kvm: VMs run in software emulation (TCG), slow and no boundary against hostile"
              + " code",
          "fine for development; use a host with KVM for anything else");
    }
    if (!Files.isReadable(kvm) || !Files.isWritable(kvm)) {
      return warning(
          "isolation",
          "/dev/kvm may not be used by this user: VMs run in software emulation (TCG)",
          "sudo usermod -aG kvm \"$USER\", then log in again");
    }
    return HostFacts.of(templates())
        .kvm()
        .map(
            works ->
                works
                    ? ok("isolation", "KVM works: a VM has come up under it since this host booted")
                    : warning(
                        "isolation",
                        "/dev/kvm is there and opens, but no VM comes up under it: VMs run in"
                            + " software emulation (TCG), slow and no boundary against hostile code",
                        "fine for development; use a host with hardware virtualisation"))
        .orElse(
            ok("isolation", "/dev/kvm is there; the first VM on this host boot tells if it works"));
  }

  private Path templates() {
    return home.part("vms").resolve("templates");
  }

  private static Finding vmUsers() {
    return HostProtection.separateUsers()
        ? ok("vm users", HostProtection.users())
        : warning(
            "vm users",
            HostProtection.users(),
            "fine for one user; run a server for several tenants as root");
  }

  private static Finding vmBounds() {
    return HostProtection.bounded()
        ? ok("vm bounds", HostProtection.bounds())
        : warning(
            "vm bounds",
            HostProtection.bounds(),
            "as a service: Delegate=yes in its systemd unit; as root nothing is needed");
  }

  private Finding swap() {
    return HostFacts.of(templates()).swap()
        ? warning(
            "swap",
            "swap is on: what a guest holds in memory can reach the disk unencrypted",
            "sudo swapoff -a, or swap on an encrypted device")
        : ok("swap", "none");
  }

  private Finding controlGroups() {
    return switch (HostFacts.of(templates()).controlGroups()) {
      case "v2" -> ok("cgroups", "version 2");
      case "v1" -> ok("cgroups", "version 1 (version 2 is better: restores are faster)");
      default ->
          warning(
              "cgroups",
              "no control groups with a memory controller: VMs are held by resource limits only",
              "boot with systemd.unified_cgroup_hierarchy=1");
    };
  }

  private Finding qemu() {
    return HostFacts.of(templates())
        .qemu()
        .map(version -> ok("qemu", "version " + version))
        .orElse(failed("qemu", "not installed", "sudo apt-get install -y qemu-system-x86"));
  }

  private Finding template() {
    int ready = HostFacts.of(templates()).templates();
    return ok(
        "template",
        ready > 0
            ? ready + " ready: new VMs are restored, not booted"
            : "none yet; the first VM makes one");
  }

  private Finding port() {
    return guarded(
        "port",
        () -> {
          int port = settings().natsPort();
          if (port == 0) {
            return ok("port", "nats-server takes a free one");
          }
          if (ControlClient.connect(home.socket()).isPresent()) {
            return ok("port", port + ", in use by the running server");
          }
          try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return ok("port", socket.getLocalPort() + " is free");
          } catch (IOException e) {
            return failed(
                "port",
                "port " + port + " (backbone.port) is in use by another program",
                "end that program, or set backbone.port: 0 in choir.yaml for a free one");
          }
        });
  }

  private Finding server() {
    Path socket = home.socket();
    if (!Files.exists(socket)) {
      return ok("server", "not running; the next command starts it");
    }
    try (ControlClient client = ControlClient.connect(socket).orElse(null)) {
      return client == null
          ? warning("server", socket + " was left by a server that is gone", "choir doctor --fix")
          : ok("server", "running, pid " + home.holder().orElse(0L));
    }
  }

  /** Mends what needs no person; says what it did. */
  public List<String> fix() {
    List<String> done = new ArrayList<>();
    home.check();
    for (Path folder : openFolders()) {
      done.add("closed " + folder);
    }
    home.prepare();
    Path socket = home.socket();
    if (Files.exists(socket) && ControlClient.connect(socket).isEmpty()) {
      try {
        Files.delete(socket);
        done.add("removed " + socket);
      } catch (IOException e) {
        done.add("could not remove " + socket + ": " + e.getMessage());
      }
    }
    return done;
  }
}
