package org.choir.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/**
 * A home in one file: a gzipped tar of everything but what can be made again (caches, logs, VMs,
 * sockets), mode 0600 because it holds the keys. The server must not run; the home's lock is taken.
 */
public final class Backup {
  private static final List<String> LEFT_OUT = List.of("cache", "logs", "run", "vms");
  private static final long TAR_MINUTES_MAX = 120;

  private final Home home;

  public Backup(Home home) {
    this.home = home;
  }

  /**
   * Refuses what cannot work before anything is stopped.
   *
   * @throws ChoirException {@code no_home}, {@code file_exists}, {@code cannot_write}
   */
  public void check(Path target) {
    home.check();
    if (!home.exists()) {
      throw ChoirException.usage(
          "no_home", "there is nothing to back up at " + home.root(), "set CHOIR_HOME");
    }
    if (Files.exists(target)) {
      throw ChoirException.usage(
          "file_exists", target + " exists", "choose another name, or remove it");
    }
    Path folder = target.getParent();
    if (folder == null || !Files.isWritable(folder)) {
      throw ChoirException.usage(
          "cannot_write", "cannot write into " + folder, "choose another folder");
    }
  }

  /** Writes the file whole or not at all; returns its size in bytes. */
  public long write(Path target) {
    Path fresh = target.resolveSibling(target.getFileName() + ".new");
    try (Home.Lock lock = held()) {
      Files.deleteIfExists(fresh);
      Files.createFile(
          fresh,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      List<String> line = new ArrayList<>(List.of("tar", "-czf", fresh.toString()));
      LEFT_OUT.forEach(part -> line.add("--exclude=./" + part));
      line.addAll(List.of("-C", home.root().toString(), "."));
      tar(line);
      lock.close();
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
      return Files.size(target);
    } catch (IOException e) {
      throw failed("back up to " + target, e);
    } finally {
      remove(fresh);
    }
  }

  /**
   * Refuses what cannot work before anything is stopped.
   *
   * @throws ChoirException {@code no_such_file}, {@code not_a_backup}, {@code home_not_empty}
   */
  public void checkRestore(Path source, boolean force) {
    if (!Files.isRegularFile(source)) {
      throw ChoirException.usage(
          "no_such_file", "there is no file " + source, "name a file that choir backup wrote");
    }
    if (!force && !isEmpty()) {
      throw ChoirException.usage(
          "home_not_empty",
          home.root() + " holds something already",
          "add --force to replace it (it is kept aside), or name another folder with CHOIR_HOME");
    }
  }

  /**
   * Puts the backup in the home's place.
   *
   * @return where the former home is kept, if there was one
   */
  public Optional<Path> restore(Path source) {
    Path root = home.root();
    Path fresh = root.resolveSibling(root.getFileName() + ".restore");
    try {
      Path parent = root.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      deleteTree(fresh);
      Files.createDirectory(
          fresh,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      tar(List.of("tar", "-xzf", source.toString(), "-C", fresh.toString(), "--no-same-owner"));
      if (!Files.exists(fresh.resolve("version"))) {
        throw ChoirException.usage(
            "not_a_backup",
            source + " is not a backup of a home",
            "name one that choir backup wrote");
      }
      // A backup from a newer version is refused before anything is replaced.
      Home.at(fresh).check();
      Optional<Path> aside = Optional.empty();
      if (isEmpty()) {
        deleteTree(root);
      } else {
        Path kept =
            root.resolveSibling(root.getFileName() + ".before-" + Instant.now().getEpochSecond());
        // Whoever holds the home keeps its lock in the folder that is moved away.
        held().close();
        Files.move(root, kept, StandardCopyOption.ATOMIC_MOVE);
        aside = Optional.of(kept);
      }
      Files.move(fresh, root, StandardCopyOption.ATOMIC_MOVE);
      home.prepare();
      return aside;
    } catch (IOException e) {
      throw failed("restore " + source, e);
    } finally {
      remove(fresh);
    }
  }

  private Home.Lock held() {
    home.prepare();
    return home.lock()
        .orElseThrow(
            () ->
                ChoirException.retryable(
                    "home_locked",
                    home.root() + " is held by process " + home.holder().orElse(0L),
                    "stop it with: choir down",
                    null));
  }

  /** Whether nothing but empty folders and this build's own marks lies in the home. */
  private boolean isEmpty() {
    if (!Files.exists(home.root())) {
      return true;
    }
    try (Stream<Path> all = Files.walk(home.root())) {
      return all.filter(Files::isRegularFile)
          .map(file -> home.root().relativize(file).toString())
          .allMatch(name -> name.equals("version") || LEFT_OUT.contains(part(name)));
    } catch (IOException e) {
      throw failed("look into " + home.root(), e);
    }
  }

  private static String part(String name) {
    int slash = name.indexOf('/');
    return slash < 0 ? name : name.substring(0, slash);
  }

  private static void tar(List<String> line) throws IOException {
    Path output = Files.createTempFile("choir-tar", ".log");
    try {
      Process process =
          new ProcessBuilder(line)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(TAR_MINUTES_MAX, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new IOException("tar took longer than " + TAR_MINUTES_MAX + " minutes");
      }
      if (process.exitValue() != 0) {
        throw new IOException(Text.visible(Files.readString(output), 300));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      Files.deleteIfExists(output);
    }
  }

  private static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static void remove(Path leftover) {
    try {
      deleteTree(leftover);
    } catch (IOException e) {
      System.getLogger(Backup.class.getName())
          .log(System.Logger.Level.WARNING, "could not remove " + leftover, e);
    }
  }

  private static ChoirException failed(String what, IOException e) {
    return ChoirException.fatal(
        "backup_failed",
        "could not " + what + ": " + Text.visible(String.valueOf(e.getMessage()), 300),
        "check the space on the disk and the permissions; nothing was changed",
        e);
  }
}
