package org.choir.sandbox;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.Digest;
import org.choir.keys.PrivateFiles;

/**
 * The system user that one hypervisor process runs as: a number of its own that owns nothing and is
 * in no list of users, so that a guest which has taken its hypervisor over meets neither this
 * server's files nor another guest's process. Needs a server that is root; another server's VMs run
 * as its own user.
 */
final class HypervisorUser {
  /** Nobody allocates from here: above systemd's container range, below the half-way mark. */
  static final int FIRST = 1_900_000_000;

  static final int COUNT = 60_000;
  private static final long SETUID_AND_SETGID = 1L << 7 | 1L << 6;

  /** A file lock keeps other processes out, and no thread of this one. */
  private static final ReentrantLock CHANGING = new ReentrantLock();

  private HypervisorUser() {}

  /** For people: as whom VMs of this server run. */
  static String description() {
    return separate()
        ? "each VM as a system user of its own"
        : "VMs run as this server's own user; only a server that is root can give each its own";
  }

  /** Whether this process can become others. */
  static boolean separate() {
    return Host.SEPARATE;
  }

  /** A number that no other machine of this host has; none if this server is not root. */
  static OptionalInt claim(Path folder) {
    if (!separate()) {
      return OptionalInt.empty();
    }
    return OptionalInt.of(
        alone(
            "claim a user for " + folder,
            claims -> {
              int start =
                  Integer.parseUnsignedInt(Digest.of(folder.toString()).prefix(7), 16) % COUNT;
              for (int i = 0; i < COUNT; i++) {
                int user = FIRST + (start + i) % COUNT;
                if (take(claims.resolve(Integer.toString(user)), folder)) {
                  return user;
                }
              }
              throw SandboxException.lasting(
                  "vm_limit", "all " + COUNT + " system users for VMs are taken", "end some VMs");
            }));
  }

  /** Takes a number that is free, was this machine's before, or was left by a dead server. */
  private static boolean take(Path claim, Path folder) throws IOException {
    String owner = Files.exists(claim) ? Files.readString(claim) : "";
    if (!owner.isEmpty() && !owner.equals(folder.toString()) && Files.exists(Path.of(owner))) {
      return false;
    }
    Files.writeString(claim, folder.toString());
    return true;
  }

  /** Gives the number of a machine back. */
  static void release(Path folder) {
    if (!separate()) {
      return;
    }
    alone(
        "release the user of " + folder,
        claims -> {
          try (DirectoryStream<Path> all = Files.newDirectoryStream(claims, "[0-9]*")) {
            for (Path claim : all) {
              if (Files.readString(claim).equals(folder.toString())) {
                Files.delete(claim);
              }
            }
          }
          return folder;
        });
  }

  private interface Change<T> {
    T in(Path claims) throws IOException;
  }

  /** Changes the claims while no other thread and no other server of this host does. */
  private static <T> T alone(String what, Change<T> change) {
    Path claims = claims();
    CHANGING.lock();
    try (FileChannel lock =
        FileChannel.open(
            claims.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      lock.lock(); // until it is closed
      return change.in(claims);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "bad_runtime_folder", "cannot " + what + " in " + claims + ": " + e.getMessage(), "", e);
    } finally {
      CHANGING.unlock();
    }
  }

  private static Path claims() {
    Path folder = RuntimeFolder.path().resolve("users");
    try {
      PrivateFiles.folder(folder);
      return folder;
    } catch (IOException e) {
      throw SandboxException.lasting(
          "bad_runtime_folder", "cannot make " + folder + ": " + e.getMessage(), "", e);
    }
  }

  /**
   * Whether a process with this status and user map may become any of the users above.
   *
   * @param status as {@code /proc/self/status}
   * @param map as {@code /proc/self/uid_map}: first inside, first outside, count
   */
  static boolean separate(String status, String map) {
    Optional<String> capabilities =
        status.lines().filter(line -> line.startsWith("CapEff:")).findFirst();
    boolean may =
        capabilities
            .map(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
            .filter(set -> (set & SETUID_AND_SETGID) == SETUID_AND_SETGID)
            .isPresent();
    boolean root = status.lines().anyMatch(line -> line.matches("Uid:\\s+0\\s+0\\s.*"));
    boolean mapped =
        map.lines()
            .map(line -> line.strip().split("\\s+", -1))
            .filter(range -> range.length == 3)
            .anyMatch(
                range ->
                    Long.parseLong(range[0]) <= FIRST
                        && Long.parseLong(range[0]) + Long.parseLong(range[2]) >= FIRST + COUNT);
    return root && may && mapped;
  }

  private static final class Host {
    static final boolean SEPARATE = ask();

    private static boolean ask() {
      try {
        return separate(
            Files.readString(Path.of("/proc/self/status")),
            Files.readString(Path.of("/proc/self/uid_map")));
      } catch (IOException e) {
        return false; // a kernel without users to map
      }
    }
  }
}
