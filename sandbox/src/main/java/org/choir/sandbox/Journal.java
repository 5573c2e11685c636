package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * What is known of a VM if this process dies: one file {@code vm.json} in the VM's folder, written
 * whole. It holds nothing secret; the token only marks where a new host begins to listen.
 */
final class Journal {
  static final String FILE = "vm.json";
  private static final String SCHEMA = "choir.vm/1";

  /**
   * @param folder of this VM alone; all that is on the disk for it, but a socket whose path would
   *     be too long
   * @param state {@code starting} until the guest has said hello, then {@code running}
   * @param token of the guest's hello, 32 hexadecimal digits; empty while starting
   */
  record Entry(
      String id,
      Path folder,
      Path socket,
      String accelerator,
      HypervisorProcess process,
      String state,
      long startedMillis,
      String token) {}

  private Journal() {}

  static void write(Entry entry) {
    ObjectNode json =
        Json.object()
            .put("schema", SCHEMA)
            .put("id", entry.id())
            .put("driver", "qemu")
            .put("socket", entry.socket().toString())
            .put("accelerator", entry.accelerator())
            .put("pid", entry.process().pid())
            .put("startTicks", entry.process().startTicks())
            .put("hostBoot", entry.process().hostBoot())
            .put("state", entry.state())
            .put("startedMillis", entry.startedMillis())
            .put("token", entry.token());
    Path file = entry.folder().resolve(FILE);
    Path temporary = entry.folder().resolve(FILE + ".new");
    try {
      try (FileChannel out =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        ByteBuffer bytes =
            StandardCharsets.UTF_8.encode(Json.pretty(json) + System.lineSeparator());
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space",
          "cannot write the journal " + file + ": " + e.getMessage(),
          "free some space: choir doctor --gc",
          e);
    }
  }

  /** What the journal in this folder says; empty if there is none that can be read. */
  static Optional<Entry> read(Path folder) {
    try {
      JsonNode json = Json.parseObject(Files.readString(folder.resolve(FILE)));
      if (!json.path("schema").asText().equals(SCHEMA)) {
        return Optional.empty();
      }
      return Optional.of(
          new Entry(
              json.path("id").asText(),
              folder,
              Path.of(json.path("socket").asText()),
              json.path("accelerator").asText(),
              new HypervisorProcess(
                  json.path("pid").asLong(-1),
                  json.path("startTicks").asLong(-1),
                  json.path("hostBoot").asText()),
              json.path("state").asText(),
              json.path("startedMillis").asLong(),
              json.path("token").asText()));
    } catch (IOException | ChoirException e) {
      return Optional.empty(); // without a readable journal the folder is a remain to be reaped
    }
  }

  /** Removes a folder with all it holds; without effect if it is gone. */
  static void remove(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException e) {
      return;
    } catch (IOException | UncheckedIOException e) {
      throw SandboxException.lasting(
          "cannot_clean",
          "cannot remove " + folder + ": " + e.getMessage(),
          "remove it by hand",
          e);
    }
  }
}
