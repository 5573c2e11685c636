package org.choir.database;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.choir.core.Digest;
import org.choir.keys.PrivateFiles;
import org.tukaani.xz.XZInputStream;

/** PostgreSQL's programs, unpacked once from the jar that brings them. */
final class ServerPrograms {
  private static final String ARCHIVE = "/postgres-linux-x86_64.txz";

  private ServerPrograms() {}

  /**
   * The folder with {@code bin/postgres} below {@code folder}, named after the archive's content.
   */
  static Path unpacked(Path folder) throws IOException {
    Path programs = folder.resolve("programs-" + digest().prefix(16));
    if (Files.isDirectory(programs)) {
      return programs;
    }
    Path fresh = folder.resolve("programs.new");
    remove(fresh);
    PrivateFiles.folder(fresh);
    unpack(fresh);
    Files.move(fresh, programs, StandardCopyOption.ATOMIC_MOVE);
    return programs;
  }

  private static Digest digest() throws IOException {
    var sha = Digest.sha256();
    try (InputStream in = archive()) {
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        sha.update(buffer, 0, n);
      }
    }
    return Digest.finish(sha);
  }

  private static InputStream archive() throws IOException {
    InputStream in = ServerPrograms.class.getResourceAsStream(ARCHIVE);
    if (in == null) {
      throw new IOException("the jar with PostgreSQL for this machine is missing: " + ARCHIVE);
    }
    return new BufferedInputStream(in);
  }

  private static void unpack(Path folder) throws IOException {
    try (TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(archive()))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path target = folder.resolve(entry.getName()).normalize();
        if (!target.startsWith(folder)) {
          throw new IOException("the archive names a place outside: " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(target);
          continue;
        }
        Files.createDirectories(target.getParent());
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
        } else {
          Files.copy(tar, target);
          Files.setPosixFilePermissions(target, permissions(entry.getMode()));
        }
      }
    }
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> permissions =
        EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    if ((mode & 0100) != 0) {
      permissions.add(PosixFilePermission.OWNER_EXECUTE);
    }
    return permissions;
  }

  /** Deletes a folder and what is in it, if it is there. */
  static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
