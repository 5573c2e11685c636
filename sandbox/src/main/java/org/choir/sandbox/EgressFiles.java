package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.InstantSource;
import java.time.LocalDate;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A VM's policy and volume beside its journal, each one file written whole: they live as long as
 * the VM does, through suspension and restarts of this process. What cannot be read allows nothing.
 */
final class EgressFiles {
  private static final Logger LOG = LoggerFactory.getLogger(EgressFiles.class);
  private static final String POLICY = "egress.json";
  private static final String VOLUME = "egress-volume.json";

  private final Path folder;

  EgressFiles(Path folder) {
    this.folder = folder;
  }

  EgressPolicy policy() {
    try {
      return EgressPolicy.of(Json.parseObject(Files.readString(folder.resolve(POLICY))));
    } catch (NoSuchFileException e) {
      return EgressPolicy.NOTHING;
    } catch (IOException | ChoirException | IllegalArgumentException e) {
      LOG.warn("the policy in {} cannot be read, so nothing is allowed", folder, e);
      return EgressPolicy.NOTHING;
    }
  }

  void keep(EgressPolicy policy) {
    try {
      write(POLICY, policy.json());
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space",
          "cannot write the policy of a VM in " + folder + ": " + e.getMessage(),
          "free some space: choir doctor --gc",
          e);
    }
  }

  /** What the VM has used, kept from then on. */
  EgressVolume volume(InstantSource clock) {
    LocalDate day = LocalDate.EPOCH;
    long bytes = 0;
    try {
      JsonNode kept = Json.parseObject(Files.readString(folder.resolve(VOLUME)));
      day = LocalDate.parse(kept.path("day").asText());
      bytes = kept.path("bytes").asLong();
    } catch (NoSuchFileException e) {
      LOG.debug("VM in {} has used no network yet", folder);
    } catch (IOException | ChoirException | DateTimeException e) {
      LOG.warn("the volume in {} cannot be read; it begins anew", folder, e);
    }
    return new EgressVolume(clock, day, bytes, this::keep);
  }

  private void keep(LocalDate day, long bytes) {
    try {
      if (Files.isDirectory(folder)) {
        write(VOLUME, Json.object().put("day", day.toString()).put("bytes", bytes));
      }
    } catch (NoSuchFileException e) {
      LOG.debug("VM in {} ended while its last connection did", folder);
    } catch (IOException e) {
      LOG.warn("the volume in {} cannot be kept: {}", folder, e.getMessage());
    }
  }

  private void write(String name, ObjectNode json) throws IOException {
    Path fresh = Files.createTempFile(folder, name, ".new");
    Files.writeString(fresh, Json.pretty(json) + "\n");
    Files.move(
        fresh,
        folder.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
