package org.choir.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.choir.core.Digest;

/**
 * Starts a hypervisor's process so that this host is safe from it: in a session and a control group
 * of its own, as a user of its own where that can be, without core dumps and new privileges, with
 * bounded files, and with what it prints bounded too.
 */
final class Launch {
  private static final String UTILITIES = "sudo apt-get install -y util-linux";

  /**
   * What a process and its guest's console may print. Then the pipe is closed and nothing of it is
   * kept: QEMU ignores that nobody listens.
   */
  static final int LOG_BYTES_MAX = 256 << 10;

  static final String LOG = "qemu.log";

  /** A shell's redirections reach from here to 9. */
  private static final int FIRST_FD = 3;

  private static final int DISKS_MAX = 3;

  /**
   * Where QEMU runs. It owns the folder inside alone: what this server makes or opens by name, QEMU
   * can neither replace nor remove.
   */
  private static final String JAIL = "jail";

  private static final String OWN = "in";

  /** The socket to which QEMU sends its state, as QEMU names it. */
  static final String SAVING = "move.sock";

  /** The socket at which QEMU waits for its state, as QEMU names it. */
  static final String LOADING = OWN + "/move.sock";

  /** Between the end of a connection and that of the process behind it. */
  private static final long ENDING_MILLIS = 500;

  /** A process, and the one that writes down what it prints. */
  private record Started(Process process, Process log) {}

  private static final Map<HypervisorProcess, Started> STARTED = new ConcurrentHashMap<>();

  private Launch() {}

  /**
   * Starts QEMU.
   *
   * @param words of its command line, its program first
   * @param disks what it writes to; the first is {@link #disk} 1 for it, and so on
   * @param fileBytesMax the largest file it may write
   * @return empty if it ended at once
   */
  static Optional<HypervisorProcess> qemu(
      Path folder,
      List<String> words,
      List<Path> disks,
      Confinement.Limits limits,
      long fileBytesMax)
      throws IOException {
    OptionalInt user = HypervisorUser.claim(folder);
    jail(folder, user);
    ProcessBuilder builder =
        new ProcessBuilder(command(folder, words, disks, limits, fileBytesMax, user))
            .directory(folder.resolve(JAIL).toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true);
    builder.environment().clear();
    ProcessBuilder log =
        new ProcessBuilder(
                // Written at once: a machine that hangs is asked what it printed.
                program("setsid"),
                program("stdbuf"),
                "-o0",
                program("head"),
                "-c",
                Integer.toString(LOG_BYTES_MAX))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(LOG).toFile());
    log.environment().clear();
    List<Process> both = ProcessBuilder.startPipeline(List.of(builder, log));
    Optional<HypervisorProcess> started = HypervisorProcess.of(both.getFirst().pid());
    started.ifPresentOrElse(
        one -> STARTED.put(one, new Started(both.getFirst(), both.getLast())),
        () -> ended(both.getLast()));
    return started;
  }

  private static List<String> command(
      Path folder,
      List<String> words,
      List<Path> disks,
      Confinement.Limits limits,
      long fileBytesMax,
      OptionalInt user) {
    List<String> all = new ArrayList<>();
    // Neither a terminal's signals nor this process's end reach it.
    all.add(program("setsid"));
    all.addAll(opening(disks));
    all.addAll(Confinement.ofHost().enter(folder, limits));
    all.add(program("prlimit"));
    all.add("--core=0");
    all.add("--fsize=" + fileBytesMax);
    all.add(program("setpriv"));
    all.add("--no-new-privs");
    all.addAll(words);
    for (int i = 0; i < disks.size(); i++) {
      // The name is for whoever looks for this process by its disk.
      String set = ",set=" + (i + 1) + ",opaque=" + QemuDriver.escape(disks.get(i));
      all.addAll(List.of("-add-fd", "fd=" + (FIRST_FD + 2 * i) + set));
      all.addAll(List.of("-add-fd", "fd=" + (FIRST_FD + 2 * i + 1) + set));
    }
    // QEMU opens disks and sockets first and gives itself up before the guest's first instruction:
    // what it may do later must not depend on what its user may open.
    user.ifPresent(id -> all.addAll(List.of("-runas", id + ":" + id)));
    return all;
  }

  /** The name under which QEMU finds its n-th disk, from 1. */
  static String disk(int n) {
    return "/dev/fdset/" + n;
  }

  /**
   * Opens the disks for QEMU, for writing and for reading: it asks for one or the other again when
   * its state is saved or loaded, and then it is a user who may open nothing by name. The lock
   * lasts as long as the process; QEMU's own would stand in its own way between the two.
   */
  private static List<String> opening(List<Path> disks) {
    if (disks.size() > DISKS_MAX) {
      throw SandboxException.lasting(
          "bad_vm", "a VM with " + disks.size() + " disks", "use at most " + DISKS_MAX);
    }
    StringBuilder script = new StringBuilder();
    for (int i = 0; i < disks.size(); i++) {
      int fd = FIRST_FD + 2 * i;
      script.append("exec %d<>\"$%d\" %d<\"$%d\"; ".formatted(fd, i + 1, fd + 1, i + 1));
      script.append(
          "%s -n %d || { echo \"another VM has $%d\"; exit 95; }; "
              .formatted(program("flock"), fd, i + 1));
    }
    script.append("shift ").append(disks.size()).append("; exec \"$@\"");
    List<String> words = new ArrayList<>(List.of("/bin/sh", "-c", script.toString(), "choir-open"));
    disks.forEach(disk -> words.add(disk.toString()));
    return words;
  }

  private static void jail(Path folder, OptionalInt user) throws IOException {
    Path jail = folder.resolve(JAIL);
    Path own = jail.resolve(OWN);
    Files.createDirectories(own);
    Files.deleteIfExists(own.resolve("move.sock"));
    // It may go through the one and into the other; the folder around them is closed to it.
    Files.setPosixFilePermissions(jail, PosixFilePermissions.fromString("rwx--x--x"));
    Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwx------"));
    give(own, user);
  }

  private static void give(Path path, OptionalInt user) throws IOException {
    if (user.isPresent()) {
      Files.setAttribute(path, "unix:uid", user.getAsInt(), LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", user.getAsInt(), LinkOption.NOFOLLOW_LINKS);
    }
  }

  /** {@link #SAVING} as this process names it. */
  static Path saving(Path folder) throws IOException {
    return near(folder).resolve(SAVING);
  }

  /** {@link #LOADING} as this process names it. */
  static Path loading(Path folder) throws IOException {
    return near(folder).resolve(LOADING);
  }

  /** Lets QEMU connect to a socket that this process listens at. */
  static void admit(Path folder, Path socket) throws IOException {
    give(socket, HypervisorUser.claim(folder));
  }

  /** The jail by a path that is short enough for a socket in it. */
  private static Path near(Path folder) throws IOException {
    Path jail = folder.resolve(JAIL);
    int bytes = jail.resolve(LOADING).toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes < RuntimeFolder.SOCKET_PATH_MAX) {
      return jail;
    }
    Path link = link(folder);
    if (!Files.isSymbolicLink(link)) {
      Files.createSymbolicLink(link, jail);
    }
    return link;
  }

  private static Path link(Path folder) {
    return RuntimeFolder.path().resolve(Digest.of(folder.toString()).prefix(16) + "." + JAIL);
  }

  /**
   * QEMU's own filter of system calls. A process that changes its user once must be allowed the
   * calls for it; it has no privilege left then, and can gain none.
   */
  static String sandbox() {
    return "on,obsolete=deny,spawn=deny,resourcecontrol=deny,elevateprivileges="
        + (HypervisorUser.separate() ? "allow" : "deny");
  }

  /**
   * Why a machine whose process has ended is lost; waits a moment for the end. Empty if the process
   * runs on, or an earlier server started it.
   */
  static Optional<SandboxException> ending(String id, HypervisorProcess process, Path folder) {
    Started started = STARTED.get(process);
    if (started == null || !ended(started.process())) {
      return Optional.empty();
    }
    boolean memory = Confinement.ofHost().outOfMemory(folder);
    return Optional.of(new HypervisorExit(started.process().exitValue(), memory).failure(id));
  }

  private static boolean ended(Process process) {
    try {
      return process.waitFor(ENDING_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Waits a moment until all is written down that a process printed, if it has ended. */
  static void settle(HypervisorProcess process) {
    Started started = STARTED.get(process);
    if (started != null && !process.alive()) {
      ended(started.log());
    }
  }

  /** Gives back what a process had, once it is gone; without effect if it was given back. */
  static void release(Path folder) {
    Confinement.ofHost().leave(folder);
    HypervisorUser.release(folder);
    try {
      Files.deleteIfExists(link(folder));
    } catch (IOException e) {
      throw SandboxException.lasting(
          "cannot_clean", "cannot remove " + link(folder) + ": " + e.getMessage(), "", e);
    }
    STARTED.keySet().removeIf(process -> !process.alive());
  }

  private static String program(String name) {
    return QemuDriver.program(name, UTILITIES).toString();
  }
}
