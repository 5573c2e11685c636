package org.choir.sandbox.firecracker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.choir.core.Digest;
import org.choir.core.Text;
import org.choir.sandbox.HypervisorProcess;
import org.choir.sandbox.Machine;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.VmSpec;

/**
 * The folder that is a Firecracker's whole file system, the jailer's command line that puts it
 * there, and the removal of all of it, which the jailer leaves to its caller: folder, sockets,
 * control group.
 *
 * @param id names the jail, its control group and the process
 * @param uid the user and group that Firecracker runs as, this VM's alone
 */
record Jail(FirecrackerOptions options, String id, int uid) {
  /** The port on which the guest's agent finds its host. */
  static final int AGENT_PORT = 5000;

  static final String VSOCK = "v.sock";
  private static final String API = "a.sock";
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9-]{1,64}");
  private static final long VMM_BYTES = 64L << 20;
  private static final Duration GROUP_PATIENCE = Duration.ofSeconds(2);
  private static final Object UIDS = new Object();

  Jail {
    requireId(id);
  }

  /** The jailer's own rule for names. */
  static void requireId(String id) {
    if (!ID.matcher(id).matches()) {
      throw SandboxException.lasting(
          "bad_jail",
          "'" + Text.visible(id, 70) + "' is no name of a jail",
          "use 1 to 64 letters, digits and -");
    }
  }

  /** The jail's name for a VM's folder; always the same, so that a later process finds it. */
  static String idOf(Path folder) {
    return "c" + Digest.of(folder.toAbsolutePath().normalize().toString()).prefix(12);
  }

  /** The jail of a machine that is there, or would be there. */
  static Jail existing(FirecrackerOptions options, Path folder) {
    Jail jail = new Jail(options, idOf(folder), -1);
    try {
      Object owner = Files.getAttribute(jail.root(), "unix:uid", LinkOption.NOFOLLOW_LINKS);
      return new Jail(options, jail.id, (Integer) owner);
    } catch (IOException e) {
      return jail; // no such folder: nothing of it is left
    }
  }

  /** A new jail for a machine: whatever an earlier one left is removed, a free user is taken. */
  static Jail create(FirecrackerOptions options, Path folder) {
    existing(options, folder).clean();
    synchronized (UIDS) {
      Jail jail = new Jail(options, idOf(folder), freeUid(options));
      HybridVsock.requireShort(HybridVsock.listener(jail.vsock(), AGENT_PORT));
      try {
        Files.createDirectories(
            jail.root(),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        jail.own(jail.root());
        return jail;
      } catch (IOException e) {
        throw cannot("make the jail " + jail.root(), e);
      }
    }
  }

  private static int freeUid(FirecrackerOptions options) {
    Set<Integer> taken = new HashSet<>();
    Path all = options.jails().resolve(options.firecracker().getFileName());
    try {
      Files.createDirectories(all);
      try (DirectoryStream<Path> jails = Files.newDirectoryStream(all)) {
        for (Path jail : jails) {
          Path root = jail.resolve("root");
          if (Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            taken.add((Integer) Files.getAttribute(root, "unix:uid", LinkOption.NOFOLLOW_LINKS));
          }
        }
      }
    } catch (IOException e) {
      throw cannot("look through the jails in " + all, e);
    }
    for (int uid = options.firstUid(); uid < options.firstUid() + options.uids(); uid++) {
      if (!taken.contains(uid)) {
        return uid;
      }
    }
    throw SandboxException.passing(
        "vm_limit", "all " + options.uids() + " users for jails are taken", "wait", null);
  }

  /** All of the jail on the disk. */
  Path home() {
    return options.jails().resolve(options.firecracker().getFileName()).resolve(id);
  }

  /** What Firecracker sees as {@code /}. */
  Path root() {
    return home().resolve("root");
  }

  Path api() {
    return root().resolve(API);
  }

  Path vsock() {
    return root().resolve(VSOCK);
  }

  private Path group() {
    return options.cgroups().resolve(options.parentGroup()).resolve(id);
  }

  /** The names of a machine's disks in the order in which the guest gets them. */
  static List<String> disks(Machine machine) {
    List<String> names = new ArrayList<>(List.of("root", "overlay"));
    machine.volumes().forEach(volume -> names.add(volume.name()));
    return names;
  }

  /**
   * Puts the files of a machine into the jail: shared ones to be read only, its own to be written.
   */
  void fill(Machine machine) {
    Path kernel = machine.image().kernel().resolveSibling("vmlinux");
    if (!Files.isReadable(kernel)) {
      throw SandboxException.lasting(
          "no_image",
          "the guest image has no unpacked kernel " + kernel,
          "build it with: guest/build-image");
    }
    share(kernel, "vmlinux");
    share(machine.image().initrd(), "initrd.img");
    share(machine.image().root(), "root.img");
    lend(machine.overlay(), "overlay.img");
    for (VmSpec.Volume volume : machine.volumes()) {
      lend(volume.file(), volume.name() + ".img");
    }
    try {
      for (String name : List.of("log", "metrics")) {
        own(Files.createFile(root().resolve(name)));
      }
    } catch (IOException e) {
      throw cannot("fill the jail " + root(), e);
    }
  }

  /** A file that many jails have and none may change. */
  void share(Path file, String name) {
    Path inside = root().resolve(name);
    try {
      if (!Files.getPosixFilePermissions(file)
          .contains(java.nio.file.attribute.PosixFilePermission.OTHERS_READ)) {
        throw SandboxException.lasting(
            "no_image", file + " cannot be read by the users of jails", "chmod o+r " + file);
      }
      link(shelved(file), inside);
    } catch (IOException e) {
      throw cannot("put " + file + " into the jail " + root(), e);
    }
  }

  /** On another file system nothing can be linked: one copy there serves all jails. */
  private Path shelved(Path file) throws IOException {
    if (Files.getFileStore(file).equals(Files.getFileStore(root()))) {
      return file;
    }
    String mark = file + "\n" + Files.size(file) + "\n" + Files.getLastModifiedTime(file);
    Path copy = options.jails().resolve("shared-" + Digest.of(mark).prefix(16));
    if (!Files.exists(copy)) {
      Path fresh = Files.createTempFile(options.jails(), "shared", ".new");
      Files.copy(file, fresh, StandardCopyOption.REPLACE_EXISTING);
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("r--r--r--"));
      Files.move(fresh, copy, StandardCopyOption.ATOMIC_MOVE);
    }
    return copy;
  }

  /** A file of this machine: the jail's user may write to it, wherever else it has a name. */
  void lend(Path file, String name) {
    try {
      Path inside = root().resolve(name);
      link(file, inside);
      own(inside);
    } catch (IOException e) {
      throw cannot("put " + file + " into the jail " + root(), e);
    }
  }

  private static void link(Path file, Path inside) throws IOException {
    try {
      Files.createLink(inside, file);
    } catch (FileSystemException e) {
      throw new IOException(
          "%s cannot be linked to %s (%s); they must be on one file system"
              .formatted(file, inside, e.getReason()),
          e);
    }
  }

  void own(Path path) throws IOException {
    Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
    Files.setAttribute(path, "unix:gid", uid, LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * The jailer's command line. The limit on file sizes lets the largest of its files grow to its
   * size: the kernel looks at the offset of each write.
   */
  List<String> command(Machine machine) throws IOException {
    long memory = (long) machine.memoryMib() << 20;
    long largest = Math.max(memory, Files.size(machine.overlay()));
    for (VmSpec.Volume volume : machine.volumes()) {
      largest = Math.max(largest, Files.size(volume.file()));
    }
    List<String> words = new ArrayList<>();
    words.add(options.jailer().toString());
    words.addAll(List.of("--id", id, "--exec-file", options.firecracker().toString()));
    words.addAll(List.of("--uid", Integer.toString(uid), "--gid", Integer.toString(uid)));
    words.addAll(List.of("--chroot-base-dir", options.jails().toString()));
    words.addAll(List.of("--cgroup-version", "2", "--parent-cgroup", options.parentGroup()));
    for (String limit :
        List.of(
            "cpu.max=%d 100000".formatted(machine.cpus() * 100_000),
            // Room for the monitor itself and the page cache of what it loads.
            "memory.max=" + (memory + VMM_BYTES),
            "memory.swap.max=0",
            "pids.max=64")) {
      words.addAll(List.of("--cgroup", limit));
    }
    words.addAll(List.of("--resource-limit", "no-file=1024"));
    words.addAll(List.of("--resource-limit", "fsize=" + (largest + VMM_BYTES)));
    words.addAll(List.of("--new-pid-ns", "--"));
    words.addAll(List.of("--api-sock", "/" + API, "--log-path", "/log", "--level", "Warn"));
    return List.copyOf(words);
  }

  /** Ends whatever runs in the jail and removes all of it; without effect if there is none. */
  void clean() {
    HypervisorProcess.withArgument("--id=" + id).forEach(HypervisorProcess::kill);
    HypervisorProcess.withArgument("--id " + id + " ").forEach(HypervisorProcess::kill);
    long deadline = System.nanoTime() + GROUP_PATIENCE.toNanos();
    while (true) {
      try (Stream<Path> all = Files.walk(home())) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(path);
        }
        break;
      } catch (NoSuchFileException e) {
        break; // there is none
      } catch (IOException | UncheckedIOException e) {
        // What was killed may still write for a moment: its children end after it.
        if (System.nanoTime() > deadline) {
          throw SandboxException.lasting(
              "cannot_clean", "cannot remove the jail " + home() + ": " + e.getMessage(), "", e);
        }
        java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
      }
    }
    removeGroup();
  }

  /** A group can be removed once the kernel has let go of its last process. */
  private void removeGroup() {
    long deadline = System.nanoTime() + GROUP_PATIENCE.toNanos();
    while (true) {
      try {
        Files.deleteIfExists(group());
        return;
      } catch (IOException e) {
        boolean busy =
            e instanceof DirectoryNotEmptyException
                || String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("busy");
        if (!busy || System.nanoTime() > deadline) {
          throw SandboxException.lasting(
              "cannot_clean", "cannot remove the group " + group() + ": " + e.getMessage(), "", e);
        }
        java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
      }
    }
  }

  static SandboxException cannot(String what, IOException cause) {
    return SandboxException.lasting(
        "no_space",
        "cannot " + what + ": " + cause.getMessage(),
        "free some space: choir doctor --gc",
        cause);
  }
}
