package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;

/**
 * What is known of a VM if this process dies: one file {@code vm.json} in the VM's folder, written
 * whole and forced to the disk before the step it tells of. It holds nothing secret; the token only
 * marks where a new host begins to listen.
 */
final class Journal {
  static final String FILE = "vm.json";
  private static final String SCHEMA = "choir.vm/2";

  /**
   * @param folder of this VM alone; all that is on the disk for it, but a socket whose path would
   *     be too long
   * @param fit what its state is bound to: hypervisor, image, form
   * @param process none, with the number -1, while there is none
   * @param generation the highest that was ever given to this guest
   * @param snapshot the number of the whole one it can go on from; 0 if there is none
   * @param token of the guest's hello, 32 hexadecimal digits; empty before the first
   */
  record Entry(
      VmSpec spec,
      Path folder,
      Snapshot.Fit fit,
      HypervisorProcess process,
      VmInfo.Phase phase,
      int generation,
      int snapshot,
      long startedMillis,
      String token) {

    String id() {
      return spec.id();
    }

    String driver() {
      return fit.driver();
    }

    String accelerator() {
      return fit.accelerator();
    }

    Entry with(VmInfo.Phase next) {
      return changed(spec, process, next, generation, snapshot, token);
    }

    Entry with(HypervisorProcess next) {
      return changed(spec, next, phase, generation, snapshot, token);
    }

    Entry with(VmSpec next) {
      return changed(next, process, phase, generation, snapshot, token);
    }

    Entry withGeneration(int next) {
      return changed(spec, process, phase, next, snapshot, token);
    }

    Entry withSnapshot(int next) {
      return changed(spec, process, phase, generation, next, token);
    }

    Entry withToken(String next) {
      return changed(spec, process, phase, generation, snapshot, next);
    }

    private Entry changed(
        VmSpec newSpec,
        HypervisorProcess newProcess,
        VmInfo.Phase newPhase,
        int newGeneration,
        int newSnapshot,
        String newToken) {
      return new Entry(
          newSpec,
          folder,
          fit,
          newProcess,
          newPhase,
          newGeneration,
          newSnapshot,
          startedMillis,
          newToken);
    }

    /** The disk that the guest writes to. */
    Path overlay() {
      return folder.resolve("overlay.img");
    }

    /** What others may know of it. */
    VmInfo info() {
      boolean gone = phase != VmInfo.Phase.SUSPENDED && process.pid() >= 0 && !process.alive();
      return new VmInfo(
          id(),
          spec.tenant(),
          driver(),
          process.pid(),
          accelerator(),
          gone ? VmInfo.Phase.DEAD : phase,
          spec.cpus(),
          spec.memoryMib(),
          spec.overlayMib(),
          generation,
          startedMillis);
    }
  }

  private Journal() {}

  static void write(Entry entry) {
    VmSpec spec = entry.spec();
    ObjectNode json =
        Json.object()
            .put("schema", SCHEMA)
            .put("id", entry.id())
            .put("tenant", spec.tenant().value())
            .put("role", spec.role().word())
            .put("cpus", spec.cpus())
            .put("memoryMib", spec.memoryMib())
            .put("overlayMib", spec.overlayMib())
            .put("pid", entry.process().pid())
            .put("startTicks", entry.process().startTicks())
            .put("hostBoot", entry.process().hostBoot())
            .put("phase", entry.phase().word())
            .put("generation", entry.generation())
            .put("snapshot", entry.snapshot())
            .put("startedMillis", entry.startedMillis())
            .put("token", entry.token());
    json.set("fit", entry.fit().json());
    ArrayNode volumes = json.putArray("volumes");
    spec.volumes()
        .forEach(v -> volumes.addObject().put("name", v.name()).put("file", v.file().toString()));
    writeWhole(entry.folder().resolve(FILE), Json.pretty(json) + System.lineSeparator());
  }

  /** Writes a small file so that after any crash it is the old one or the new one. */
  static void writeWhole(Path file, String text) {
    Path temporary = file.resolveSibling(file.getFileName() + ".new");
    try {
      try (FileChannel out =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      force(file.resolveSibling("."));
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space",
          "cannot write " + file + ": " + e.getMessage(),
          "free some space: choir doctor --gc",
          e);
    }
  }

  /** Forces a folder's names, or a file's bytes whoever wrote them, to the disk. */
  static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** What the journal in this folder says; empty if there is none that can be read. */
  static Optional<Entry> read(Path folder) {
    try {
      JsonNode json = Json.parseObject(Files.readString(folder.resolve(FILE)));
      if (!json.path("schema").asText().equals(SCHEMA)) {
        return Optional.empty();
      }
      List<VmSpec.Volume> volumes = new ArrayList<>();
      json.path("volumes")
          .forEach(
              v ->
                  volumes.add(
                      new VmSpec.Volume(
                          v.path("name").asText(), Path.of(v.path("file").asText()))));
      return Optional.of(
          new Entry(
              new VmSpec(
                  json.path("id").asText(),
                  new TenantId(json.path("tenant").asText()),
                  VmSpec.Role.valueOf(json.path("role").asText().toUpperCase(Locale.ROOT)),
                  json.path("cpus").asInt(),
                  json.path("memoryMib").asInt(),
                  json.path("overlayMib").asInt(),
                  volumes),
              folder,
              Snapshot.Fit.parse(json.path("fit")),
              new HypervisorProcess(
                  json.path("pid").asLong(-1),
                  json.path("startTicks").asLong(-1),
                  json.path("hostBoot").asText()),
              VmInfo.Phase.valueOf(json.path("phase").asText().toUpperCase(Locale.ROOT)),
              json.path("generation").asInt(1),
              json.path("snapshot").asInt(),
              json.path("startedMillis").asLong(),
              json.path("token").asText()));
    } catch (IOException | ChoirException | IllegalArgumentException e) {
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
