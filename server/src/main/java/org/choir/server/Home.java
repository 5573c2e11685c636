package org.choir.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/**
 * The folder one server owns, {@code $CHOIR_HOME}: one folder per part, all with mode 0700, a file
 * that says which layout it has, and a lock that one process holds.
 */
public final class Home {
  /** The layout this build writes and the newest it reads. */
  public static final int VERSION = 1;

  /** One folder per part. */
  static final List<String> PARTS =
      List.of(
          "keys",
          "nats",
          "audit",
          "database",
          "sources",
          "kb",
          "vms",
          "volumes",
          "signers",
          "runs",
          "run",
          "logs",
          "cache",
          "economy");

  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rwx------");

  /** A Unix socket's path must fit 108 bytes with its end; longer ones lie elsewhere. */
  private static final int SOCKET_PATH_BYTES_MAX = 100;

  /** Bytes below which no run could record its steps and files. */
  private static final long SPACE_LEAST = 64L << 20;

  private final Path root;

  private Home(Path root) {
    this.root = root;
  }

  /** The home that these environment variables name; nothing is touched. */
  public static Home locate(Map<String, String> environment) {
    String named = environment.getOrDefault("CHOIR_HOME", "");
    Path path =
        named.isEmpty()
            ? Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")), ".choir")
            : Path.of(named);
    return new Home(path.toAbsolutePath().normalize());
  }

  /** The home at this path; nothing is touched. */
  public static Home at(Path root) {
    return new Home(root.toAbsolutePath().normalize());
  }

  /** The folder itself. */
  public Path root() {
    return root;
  }

  /** The folder of one part, for example {@code runs}. */
  public Path part(String name) {
    if (!PARTS.contains(name)) {
      throw new IllegalArgumentException("no such part of a home: " + name);
    }
    return root.resolve(name);
  }

  /** The optional configuration file. */
  public Path configuration() {
    return root.resolve("choir.yaml");
  }

  /**
   * The control socket: {@code run/choir.sock}, or a private folder under the system's temporary
   * one where that path would be too long for a socket.
   */
  public Path socket() {
    Path socket = part("run").resolve("choir.sock");
    if (socket.toString().getBytes(StandardCharsets.UTF_8).length <= SOCKET_PATH_BYTES_MAX) {
      return socket;
    }
    String name = "choir-" + Digest.of(root.toString()).prefix(16);
    return Path.of(System.getProperty("java.io.tmpdir"), name, "choir.sock");
  }

  /** The server's log. */
  public Path log() {
    return part("logs").resolve("server.0.log");
  }

  /** Whether there is anything yet. */
  public boolean exists() {
    return Files.exists(root.resolve("version"));
  }

  /**
   * Refuses a home this build cannot read, without touching it.
   *
   * @throws ChoirException {@code home_too_new}, {@code home_version}
   */
  public void check() {
    Path file = root.resolve("version");
    Optional<Integer> found = Optional.empty();
    try {
      if (Files.exists(file)) {
        found = Optional.of(Integer.parseInt(Files.readString(file).strip()));
      }
    } catch (IOException | NumberFormatException e) {
      throw ChoirException.fatal(
          "home_version",
          file + " does not hold a layout number: " + Text.visible(String.valueOf(e), 120),
          "restore a backup with: choir restore FILE, or name another folder with CHOIR_HOME",
          e);
    }
    if (found.isPresent() && found.get() > VERSION) {
      throw ChoirException.usage(
          "home_too_new",
          root
              + " was written by a newer version of Choir (layout "
              + found.get()
              + ", this build reads up to "
              + VERSION
              + ")",
          "update this copy of Choir, or name another folder with CHOIR_HOME");
    }
  }

  /**
   * Makes what is missing, closes what others could read, and checks the layout.
   *
   * @throws ChoirException {@code home_too_new}, {@code home_version}, {@code home_unusable}
   */
  public void prepare() {
    check();
    try {
      privateFolder(root);
      for (String part : PARTS) {
        privateFolder(root.resolve(part));
      }
      Path socketFolder = socket().getParent();
      if (socketFolder != null) {
        privateFolder(socketFolder);
        if (!Files.getOwner(socketFolder).equals(Files.getOwner(root))) {
          throw new IOException(socketFolder + " belongs to " + Files.getOwner(socketFolder));
        }
      }
      if (!exists()) {
        write(root.resolve("version"), VERSION + "\n");
      }
    } catch (IOException e) {
      throw ChoirException.usage(
          "home_unusable",
          "cannot use " + root + " as a home: " + Text.visible(String.valueOf(e.getMessage()), 200),
          "check who owns it and whether the disk is full, or name another folder with CHOIR_HOME");
    }
  }

  /**
   * Refuses to work on a disk that is as good as full.
   *
   * @throws ChoirException {@code no_space}
   */
  public void requireSpace() {
    long free;
    try {
      free = Files.getFileStore(root).getUsableSpace();
    } catch (IOException e) {
      throw ChoirException.fatal(
          "home_unusable", "cannot ask for the space at " + root, "check the disk", e);
    }
    if (free < SPACE_LEAST) {
      throw ChoirException.fatal(
          "no_space",
          "the disk is full: only " + (free >> 20) + " MiB are free at " + root,
          "free at least " + (SPACE_LEAST >> 20) + " MiB, or move the home and set CHOIR_HOME");
    }
  }

  private static void privateFolder(Path folder) throws IOException {
    Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PRIVATE));
    if (!Files.getPosixFilePermissions(folder).equals(PRIVATE)) {
      Files.setPosixFilePermissions(folder, PRIVATE);
    }
  }

  /** Replaces a small file whole, never leaving half of it. */
  static void write(Path file, String text) throws IOException {
    // Several commands may do this at once, each with a file of its own.
    Path fresh = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".new");
    Files.writeString(fresh, text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Takes the home for this process. The operating system drops the lock with the process, so a
   * lock file that was left behind holds nobody up.
   *
   * @return the lock, or empty if another live process holds it
   */
  public Optional<Lock> lock() {
    Path file = part("run").resolve("lock");
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock == null) {
        channel.close();
        return Optional.empty();
      }
      channel.truncate(0);
      channel.write(
          ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8)));
      return Optional.of(new Lock(channel));
    } catch (OverlappingFileLockException e) {
      closeQuietly(channel);
      return Optional.empty();
    } catch (IOException e) {
      closeQuietly(channel);
      throw ChoirException.fatal(
          "home_lock",
          "cannot lock " + file + ": " + Text.visible(String.valueOf(e.getMessage()), 200),
          "check who owns the folder and whether the disk is full",
          e);
    }
  }

  private static void closeQuietly(@Nullable FileChannel c) {
    if (c == null) {
      return;
    }
    try {
      c.close();
    } catch (IOException e) {
      System.getLogger(Home.class.getName()).log(System.Logger.Level.DEBUG, "closing", e);
    }
  }

  /** The pid that the lock's holder wrote, for messages only. */
  public Optional<Long> holder() {
    try {
      return Optional.of(Long.parseLong(Files.readString(part("run").resolve("lock")).strip()));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** A home held by this process. */
  public static final class Lock implements AutoCloseable {
    private final FileChannel channel;

    private Lock(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public void close() {
      closeQuietly(channel);
    }
  }
}
