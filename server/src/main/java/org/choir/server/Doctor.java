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
  public record Finding(String check, Result result, String message, String remedy) {
    static Finding ok(String check, String message) {
      return new Finding(check, Result.OK, message, "");
    }

    static Finding failed(String check, String message, String remedy) {
      return new Finding(check, Result.FAILED, message, remedy);
    }

    static Finding warning(String check, String message, String remedy) {
      return new Finding(check, Result.WARNING, message, remedy);
    }

    /** A check that fails with what the thing itself says. */
    static Finding guarded(String check, Supplier<Finding> examination) {
      try {
        return examination.get();
      } catch (ChoirException e) {
        return failed(check, e.failure().message(), e.failure().remedy());
      }
    }
  }

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
    List<Finding> all =
        new ArrayList<>(
            List.of(jdk(), packages(), nats(), homeFolder(), configuration(), keyFile(), disk()));
    all.addAll(new DoctorVms(home, environment).examine());
    all.add(port());
    all.add(server());
    return List.copyOf(all);
  }

  private static Finding jdk() {
    String found = Runtime.version().toString();
    return Runtime.version().feature() == JDK
        ? Finding.ok("jdk", "Java " + found)
        : Finding.failed(
            "jdk", "Java " + found, "install JDK " + JDK + " and point JAVA_HOME at it");
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
        ? Finding.ok("packages", "all there")
        : Finding.failed(
            "packages",
            "missing: " + String.join(" ", missing),
            "sudo apt-get install -y --no-install-recommends " + String.join(" ", missing));
  }

  private Finding nats() {
    Optional<Path> program = find("nats-server");
    if (program.isEmpty()) {
      return Finding.failed("nats", "no nats-server", "sudo apt-get install -y nats-server");
    }
    String said = output(List.of(program.get().toString(), "--version"));
    Matcher matcher = VERSION.matcher(said);
    if (!matcher.find()) {
      return Finding.failed(
          "nats", "cannot read its version from: " + Text.visible(said, 80), "reinstall it");
    }
    for (int i = 0; i < NATS_OLDEST.length; i++) {
      int part = Integer.parseInt(matcher.group(i + 1));
      if (part < NATS_OLDEST[i]) {
        return Finding.failed(
            "nats", "version " + matcher.group() + " is too old", "install 2.9.10 or newer");
      }
      if (part > NATS_OLDEST[i]) {
        break;
      }
    }
    return Finding.ok("nats", program.get() + ", version " + matcher.group());
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
    return Finding.guarded(
        "home",
        () -> {
          home.check();
          if (!Files.exists(home.root())) {
            return Finding.ok("home", home.root() + " will be made");
          }
          List<Path> open = openFolders();
          if (!open.isEmpty()) {
            return Finding.failed(
                "home", open.getFirst() + " can be read by others", "choir doctor --fix");
          }
          if (!Files.isWritable(home.root())) {
            return Finding.failed("home", home.root() + " cannot be written", "check who owns it");
          }
          return Finding.ok("home", home.root() + ", layout " + Home.VERSION);
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
    return Finding.guarded(
        "settings",
        () -> {
          Settings settings = settings();
          return Finding.ok(
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
      return Finding.failed(
          "keys",
          keys.resolve("master.key") + " is lost; what is stored cannot be read without it",
          "put it back from a backup: choir restore FILE");
    }
    return Finding.ok(
        "keys", master ? keys.resolve("master.key").toString() : "made at the first start");
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
        return Finding.failed("disk", message, "free at least " + (DISK_LEAST >> 20) + " MiB");
      }
      return free < DISK_SMALL
          ? Finding.warning("disk", message, "a few GiB are advisable")
          : Finding.ok("disk", message);
    } catch (IOException e) {
      return Finding.failed(
          "disk", "cannot ask " + existing + ": " + e.getMessage(), "check the mount");
    }
  }

  private Finding port() {
    return Finding.guarded(
        "port",
        () -> {
          int port = settings().natsPort();
          if (port == 0) {
            return Finding.ok("port", "nats-server takes a free one");
          }
          if (ControlClient.connect(home.socket()).isPresent()) {
            return Finding.ok("port", port + ", in use by the running server");
          }
          try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return Finding.ok("port", socket.getLocalPort() + " is free");
          } catch (IOException e) {
            return Finding.failed(
                "port",
                "port " + port + " (backbone.port) is in use by another program",
                "end that program, or set backbone.port: 0 in choir.yaml for a free one");
          }
        });
  }

  private Finding server() {
    Path socket = home.socket();
    if (!Files.exists(socket)) {
      return Finding.ok("server", "not running; the next command starts it");
    }
    try (ControlClient client = ControlClient.connect(socket).orElse(null)) {
      return client == null
          ? Finding.warning(
              "server", socket + " was left by a server that is gone", "choir doctor --fix")
          : Finding.ok("server", "running, pid " + home.holder().orElse(0L));
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
