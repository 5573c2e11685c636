package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * A booted, ready machine on the disk, from which others are restored: plain, without anything of a
 * tenant, shared by all of them and never changed. A change is noticed: the kernel's own record of
 * when each file last changed cannot be put back by whoever may write to it.
 *
 * @param token of the machine's agent when it was saved
 */
record Template(Path folder, String token) {
  private static final String FILE = "template.json";
  private static final String SCHEMA = "choir.template/1";

  /** The overlay as it was when the machine was saved. */
  Path overlay() {
    return folder.resolve("overlay.img");
  }

  /** Writes what is known of it, after all its files. */
  void write(Snapshot.Fit fit) throws IOException {
    ObjectNode json = Json.object().put("schema", SCHEMA).put("token", token);
    json.set("fit", fit.json());
    json.set("files", files(folder));
    Journal.writeWhole(folder.resolve(FILE), Json.pretty(json) + System.lineSeparator());
  }

  /** The template in a folder, if it is whole, for the same place, and as it was made. */
  static Optional<Template> read(Path folder, Snapshot.Fit fit) {
    try {
      JsonNode json = Json.parseObject(Files.readString(folder.resolve(FILE)));
      boolean good =
          json.path("schema").asText().equals(SCHEMA)
              && Snapshot.Fit.parse(json.path("fit")).equals(fit)
              && json.path("files").equals(Json.parseObject(Json.write(files(folder))));
      return good
          ? Optional.of(new Template(folder, json.path("token").asText()))
          : Optional.empty();
    } catch (IOException | ChoirException e) {
      return Optional.empty(); // none, or not readable: another is made
    }
  }

  /** Whether the template in a folder came from this image under this hypervisor. */
  static boolean isFor(Path folder, String image, String version) {
    try {
      Snapshot.Fit fit =
          Snapshot.Fit.parse(Json.parseObject(Files.readString(folder.resolve(FILE))).path("fit"));
      return fit.image().equals(image) && fit.version().equals(version);
    } catch (IOException | ChoirException e) {
      return false; // nobody could use it
    }
  }

  private static ObjectNode files(Path folder) throws IOException {
    ObjectNode files = Json.object();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
      for (Path file : all) {
        String name = file.getFileName().toString();
        if (!name.startsWith(FILE)) {
          files
              .putObject(name)
              .put("bytes", Files.size(file))
              .put("inode", Files.getAttribute(file, "unix:ino").toString())
              .put("changed", Files.getAttribute(file, "unix:ctime").toString());
        }
      }
    }
    return files;
  }
}
