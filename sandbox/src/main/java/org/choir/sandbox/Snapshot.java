package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * A whole snapshot on the disk: a folder {@code snapshot-N} with {@code memory.sealed}, {@code
 * overlay.sealed} and {@code manifest.json}. It is written under another name and gets this one
 * only when all of it has reached the disk.
 *
 * @param token of the agent as it was saved: a machine that went on from here has another one since
 * @param fit what must be the same where it is loaded
 * @param memoryBytes of {@code memory.sealed}
 * @param overlayBytes of {@code overlay.sealed}
 */
record Snapshot(
    int number,
    int generation,
    String token,
    long atMillis,
    Fit fit,
    long memoryBytes,
    long overlayBytes) {
  static final String MANIFEST = "manifest.json";
  static final String MEMORY = "memory.sealed";
  static final String OVERLAY = "overlay.sealed";
  private static final String SCHEMA = "choir.snapshot/1";

  /**
   * What a machine's state is bound to.
   *
   * @param image the recipe of the guest image: kernel, agent, root file system
   * @param platform the processor and the host's kernel, where the guest sees them
   */
  record Fit(
      String driver,
      String version,
      String accelerator,
      String platform,
      String image,
      String role,
      int cpus,
      int memoryMib,
      int overlayMib,
      List<String> volumes) {

    static Fit of(Driver driver, String accelerator, Image image, VmSpec spec) {
      return new Fit(
          driver.name(),
          driver.version(),
          accelerator,
          Platform.of(accelerator),
          image.recipe(),
          spec.role().word(),
          spec.cpus(),
          spec.memoryMib(),
          spec.overlayMib(),
          spec.volumes().stream().map(VmSpec.Volume::name).toList());
    }

    ObjectNode json() {
      ObjectNode json =
          Json.object()
              .put("driver", driver)
              .put("version", version)
              .put("accelerator", accelerator)
              .put("platform", platform)
              .put("image", image)
              .put("role", role)
              .put("cpus", cpus)
              .put("memoryMib", memoryMib)
              .put("overlayMib", overlayMib);
      volumes.forEach(json.putArray("volumes")::add);
      return json;
    }

    static Fit parse(JsonNode json) {
      List<String> volumes = new ArrayList<>();
      json.path("volumes").forEach(name -> volumes.add(name.asText()));
      return new Fit(
          json.path("driver").asText(),
          json.path("version").asText(),
          json.path("accelerator").asText(),
          json.path("platform").asText(),
          json.path("image").asText(),
          json.path("role").asText(),
          json.path("cpus").asInt(),
          json.path("memoryMib").asInt(),
          json.path("overlayMib").asInt(),
          List.copyOf(volumes));
    }

    /** The first thing in which another place differs; empty if it is the same. */
    Optional<String> mismatch(Fit here) {
      ObjectNode mine = json();
      ObjectNode theirs = here.json();
      for (var field : mine.properties()) {
        if (!field.getValue().equals(theirs.get(field.getKey()))) {
          return Optional.of(
              "%s was %s and is %s here"
                  .formatted(
                      field.getKey(),
                      field.getValue().asText(),
                      theirs.get(field.getKey()).asText()));
        }
      }
      return Optional.empty();
    }
  }

  static Path folder(Path vm, int number) {
    return vm.resolve("snapshot-" + number);
  }

  /** Writes the manifest, the last file of a snapshot. */
  void write(Path folder) {
    ObjectNode json =
        Json.object()
            .put("schema", SCHEMA)
            .put("number", number)
            .put("generation", generation)
            .put("token", token)
            .put("atMillis", atMillis);
    json.set("fit", fit.json());
    json.putObject("files").put(MEMORY, memoryBytes).put(OVERLAY, overlayBytes);
    Journal.writeWhole(folder.resolve(MANIFEST), Json.pretty(json) + System.lineSeparator());
  }

  /**
   * Reads a manifest and checks that the files are there, whole as far as their length tells; what
   * is in them is authenticated as it is read.
   *
   * @throws SandboxException {@code snapshot_damaged}
   */
  static Snapshot read(Path vm, int number) {
    Path folder = folder(vm, number);
    try {
      JsonNode json = Json.parseObject(Files.readString(folder.resolve(MANIFEST)));
      if (!json.path("schema").asText().equals(SCHEMA)) {
        throw damaged(folder, "its manifest is of another version", null);
      }
      Snapshot snapshot =
          new Snapshot(
              json.path("number").asInt(),
              json.path("generation").asInt(),
              json.path("token").asText(),
              json.path("atMillis").asLong(),
              Fit.parse(json.path("fit")),
              json.path("files").path(MEMORY).asLong(-1),
              json.path("files").path(OVERLAY).asLong(-1));
      if (snapshot.number != number) {
        throw damaged(folder, "its manifest is another's", null);
      }
      if (Files.size(folder.resolve(OVERLAY)) != snapshot.overlayBytes) {
        throw damaged(folder, OVERLAY + " has another length than its manifest says", null);
      }
      return snapshot;
    } catch (IOException | ChoirException e) {
      throw e instanceof SandboxException known
          ? known
          : damaged(folder, "it cannot be read: " + e.getMessage(), e);
    }
  }

  /** Why the memory cannot be loaded here; empty if it may. */
  Optional<String> refusal(Path vm, Fit here) {
    try {
      long bytes = Files.size(folder(vm, number).resolve(MEMORY));
      return bytes == memoryBytes
          ? fit.mismatch(here)
          : Optional.of("%s has %d of %d bytes".formatted(MEMORY, bytes, memoryBytes));
    } catch (IOException e) {
      return Optional.of(MEMORY + " is gone");
    }
  }

  /**
   * Which volume somebody else has changed since: the memory tells of what is not there any more.
   */
  Optional<String> changedSince(Journal.Entry entry) {
    try {
      FileTime saved = Files.getLastModifiedTime(folder(entry.folder(), number).resolve(MANIFEST));
      for (VmSpec.Volume volume : entry.spec().volumes()) {
        if (Files.getLastModifiedTime(volume.file()).compareTo(saved) > 0) {
          return Optional.of("its volume " + volume.name() + " has changed since");
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("its volume cannot be read: " + e.getMessage());
    }
  }

  private static SandboxException damaged(
      Path folder, String why, @org.jspecify.annotations.Nullable Throwable cause) {
    return SandboxException.lasting(
        "snapshot_damaged",
        "the snapshot " + folder + " cannot be used: " + why,
        "remove the VM: choir vm rm",
        cause);
  }
}
