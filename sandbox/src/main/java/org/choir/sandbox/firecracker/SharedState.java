package org.choir.sandbox.firecracker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * The state of a template that many jails have under names of their own. Another name changes when
 * an inode was last changed, by which templates are watched, so the files lie one folder deeper and
 * are watched here, by what a name does not change: size, inode and the time of the last write.
 *
 * @param template the template's folder
 */
record SharedState(Path template) {
  private static final String FOLDER = "shared";
  private static final String MARKS = "shared.json";
  private static final String[] NAMES = {FirecrackerHypervisor.STATE, FirecrackerHypervisor.MEMORY};

  Path file(String name) {
    return template.resolve(FOLDER).resolve(name);
  }

  /** Takes both files out of a jail: root's from now on, and nobody's to write. */
  void take(Path root) throws IOException {
    Files.createDirectories(template.resolve(FOLDER));
    for (String name : NAMES) {
      Path from = root.resolve(name);
      Files.setAttribute(from, "unix:uid", 0);
      Files.setAttribute(from, "unix:gid", 0);
      Files.setPosixFilePermissions(from, PosixFilePermissions.fromString("r--r--r--"));
      Files.move(from, file(name), StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel written = FileChannel.open(file(name), StandardOpenOption.READ)) {
        written.force(true);
      }
    }
    Files.writeString(template.resolve(MARKS), Json.pretty(marks()));
  }

  private ObjectNode marks() throws IOException {
    ObjectNode marks = Json.object();
    for (String name : NAMES) {
      marks
          .putObject(name)
          .put("bytes", Long.toString(Files.size(file(name))))
          .put("inode", Files.getAttribute(file(name), "unix:ino").toString())
          .put("written", Files.getLastModifiedTime(file(name)).toString());
    }
    return marks;
  }

  /**
   * Fails if the files are not what was taken.
   *
   * @throws IOException naming the template
   */
  void requireUnchanged() throws IOException {
    try {
      byte[] text = Files.readAllBytes(template.resolve(MARKS));
      JsonNode known = Json.parse(new String(text, StandardCharsets.UTF_8));
      if (!known.equals(marks())) {
        throw new IOException("the template " + template + " was changed");
      }
    } catch (ChoirException e) {
      throw new IOException("the template " + template + " was changed", e);
    }
  }
}
