package org.choir.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.choir.core.Digest;

/**
 * A short folder of this user that ends with the host's boot: for sockets whose path would be too
 * long elsewhere, and for what was found out about this host.
 */
public final class RuntimeFolder {
  /** {@code sun_path} has 108 bytes; some are kept back for what a driver appends. */
  public static final int SOCKET_PATH_MAX = 100;

  private RuntimeFolder() {}

  /** The folder, made if need be; refuses one that somebody else owns. */
  public static Path path() {
    String user = System.getProperty("user.name", "user");
    String session = System.getenv("XDG_RUNTIME_DIR");
    Path base;
    if (session != null && Files.isWritable(Path.of(session))) {
      base = Path.of(session, "choir");
    } else if (Files.isWritable(Path.of("/run"))) {
      base = Path.of("/run/choir-" + user);
    } else {
      base = Path.of("/tmp/choir-" + user);
    }
    try {
      try {
        Files.createDirectory(
            base,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } catch (FileAlreadyExistsException e) {
        if (!Files.isDirectory(base, LinkOption.NOFOLLOW_LINKS)
            || !Files.getOwner(base, LinkOption.NOFOLLOW_LINKS).getName().equals(user)) {
          throw SandboxException.lasting(
              "bad_runtime_folder",
              base + " is not a folder of the user " + user,
              "remove it or set XDG_RUNTIME_DIR",
              e);
        }
      }
      return base;
    } catch (IOException e) {
      throw SandboxException.lasting(
          "bad_runtime_folder",
          "cannot make " + base + ": " + e.getMessage(),
          "make it by hand",
          e);
    }
  }

  /**
   * Where a socket of a VM lies: in its folder, or here if that path is too long.
   *
   * @param name what it is for, at most 8 letters
   */
  public static Path socket(Path folder, String name) {
    Path near = folder.resolve(name + ".sock");
    if (near.toString().getBytes(StandardCharsets.UTF_8).length < SOCKET_PATH_MAX) {
      return near;
    }
    return path().resolve(Digest.of(folder.toString()).prefix(16) + "." + name + ".sock");
  }
}
