package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;

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

  private static final Map<HypervisorProcess, Process> STARTED = new ConcurrentHashMap<>();

  private Launch() {}

  /**
   * Starts QEMU.
   *
   * @param words of its command line, its program first
   * @param fileBytesMax the largest file it may write
   * @return empty if it ended at once
   */
  static Optional<HypervisorProcess> qemu(
      Path folder, List<String> words, Confinement.Limits limits, long fileBytesMax)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command(folder, words, limits, fileBytesMax))
            .directory(folder.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true);
    builder.environment().clear();
    ProcessBuilder log =
        new ProcessBuilder(
                program("setsid"), program("head"), "-c", Integer.toString(LOG_BYTES_MAX))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(LOG).toFile());
    log.environment().clear();
    Process process = ProcessBuilder.startPipeline(List.of(builder, log)).getFirst();
    Optional<HypervisorProcess> started = HypervisorProcess.of(process.pid());
    started.ifPresent(one -> STARTED.put(one, process));
    return started;
  }

  private static List<String> command(
      Path folder, List<String> words, Confinement.Limits limits, long fileBytesMax) {
    OptionalInt user = HypervisorUser.claim(folder);
    List<String> all = new ArrayList<>();
    // Neither a terminal's signals nor this process's end reach it.
    all.add(program("setsid"));
    all.addAll(Confinement.ofHost().enter(folder, limits));
    all.add(program("prlimit"));
    all.add("--core=0");
    all.add("--fsize=" + fileBytesMax);
    all.add(program("setpriv"));
    all.add("--no-new-privs");
    all.addAll(words);
    // QEMU opens disks and sockets first and gives itself up before the guest's first instruction:
    // what it may do later must not depend on what its user may open.
    user.ifPresent(id -> all.addAll(List.of("-runas", id + ":" + id)));
    return all;
  }

  /**
   * QEMU's own filter of system calls. A process that changes its user once must be allowed the
   * calls for it; it has no privilege left then, and can gain none.
   */
  static String sandbox() {
    return "on,obsolete=deny,spawn=deny,resourcecontrol=deny,elevateprivileges="
        + (HypervisorUser.separate() ? "allow" : "deny");
  }

  /** How a process that this server started has ended; empty for those of an earlier server. */
  static Optional<HypervisorExit> exit(HypervisorProcess process, Path folder) {
    Process started = STARTED.get(process);
    return started == null || started.isAlive()
        ? Optional.empty()
        : Optional.of(
            new HypervisorExit(started.exitValue(), Confinement.ofHost().outOfMemory(folder)));
  }

  /** Gives back what a process had, once it is gone; without effect if it was given back. */
  static void release(Path folder) {
    Confinement.ofHost().leave(folder);
    HypervisorUser.release(folder);
    STARTED.keySet().removeIf(process -> !process.alive());
  }

  private static String program(String name) {
    return QemuDriver.program(name, UTILITIES).toString();
  }
}
