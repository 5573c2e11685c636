package org.choir.knowledge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.knowledge.SourceSet.Skipped;

/**
 * The sets that were read, one file each: what a run may cite, fixed when it was read. A set that
 * nobody has read or opened for ninety days may be forgotten at the next reading of its roots.
 */
final class SetStore {
  static final Duration KEPT = Duration.ofDays(90);
  private static final String SCHEMA = "choir.sources/1";
  private static final Pattern ID = Pattern.compile("src-[0-9a-f]{20}");

  private final Path folder;
  private final InstantSource clock;

  SetStore(Path folder, InstantSource clock) {
    this.folder = folder;
    this.clock = clock;
  }

  /** A file of a set. */
  record Member(String location, Digest source) {}

  /**
   * A set as it is kept.
   *
   * @param roots names the folders it was read from, and with them the index
   * @param members sorted by location, no source twice
   */
  record Manifest(
      String id, String roots, List<Member> members, List<Skipped> skipped, int unchanged) {
    Manifest {
      members = List.copyOf(members);
      skipped = List.copyOf(skipped);
    }

    static Manifest of(String roots, List<Member> members, List<Skipped> skipped, int unchanged) {
      StringBuilder all = new StringBuilder(SCHEMA).append('\n').append(DocumentStore.FORMAT);
      for (Member member : members) {
        all.append('\n').append(member.source().hex()).append(' ').append(member.location());
      }
      String id = "src-" + Digest.of(all.toString()).prefix(20);
      return new Manifest(id, roots, members, skipped, unchanged);
    }

    Set<Digest> sources() {
      Set<Digest> sources = new HashSet<>();
      members.forEach(member -> sources.add(member.source()));
      return sources;
    }
  }

  void save(Manifest manifest) {
    ObjectNode json = Json.object();
    json.put("schema", SCHEMA);
    json.put("id", manifest.id());
    json.put("roots", manifest.roots());
    ArrayNode members = json.putArray("documents");
    for (Member member : manifest.members()) {
      members.addArray().add(member.location()).add(member.source().hex());
    }
    ArrayNode skipped = json.putArray("skipped");
    for (Skipped skip : manifest.skipped()) {
      skipped.addArray().add(skip.location()).add(skip.code()).add(skip.reason());
    }
    json.put("unchanged", manifest.unchanged());
    try {
      Disk.write(
          file(manifest.id()),
          Json.write(json).getBytes(StandardCharsets.UTF_8),
          Disk.Care.LASTING);
      touch(manifest.id());
    } catch (IOException e) {
      throw Disk.failure("write the list of sources " + file(manifest.id()), e);
    }
  }

  /** The set with this id; empty if there is none or it cannot be read any more. */
  Optional<Manifest> load(String id) {
    if (!ID.matcher(id).matches()) {
      return Optional.empty();
    }
    try {
      ObjectNode json = Json.parseObject(Files.readString(file(id)));
      if (!json.path("schema").asText().equals(SCHEMA) || !json.path("id").asText().equals(id)) {
        return Optional.empty();
      }
      List<Member> members = new ArrayList<>();
      for (JsonNode member : json.path("documents")) {
        members.add(new Member(member.path(0).asText(), new Digest(member.path(1).asText())));
      }
      List<Skipped> skipped = new ArrayList<>();
      for (JsonNode skip : json.path("skipped")) {
        skipped.add(
            new Skipped(skip.path(0).asText(), skip.path(1).asText(), skip.path(2).asText()));
      }
      return Optional.of(
          new Manifest(
              id, json.path("roots").asText(), members, skipped, json.path("unchanged").asInt()));
    } catch (NoSuchFileException absent) {
      return Optional.empty();
    } catch (ChoirException | IllegalArgumentException damaged) {
      return Optional.empty();
    } catch (IOException e) {
      throw Disk.failure("read the list of sources " + file(id), e);
    }
  }

  /** Notes that the set is in use. */
  void touch(String id) throws IOException {
    Files.setLastModifiedTime(file(id), FileTime.from(clock.instant()));
  }

  /** Forgets the sets of these roots that are out of use, and returns the others. */
  List<Manifest> keepUsed(String roots) {
    Instant oldest = clock.instant().minus(KEPT);
    List<Manifest> kept = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        Optional<Manifest> manifest =
            name.endsWith(".json") ? load(name.substring(0, name.length() - 5)) : Optional.empty();
        if (manifest.isEmpty() || !manifest.get().roots().equals(roots)) {
          continue;
        }
        if (Files.getLastModifiedTime(file).toInstant().isBefore(oldest)) {
          Files.delete(file);
        } else {
          kept.add(manifest.get());
        }
      }
    } catch (IOException e) {
      throw Disk.failure("tidy the lists of sources in " + folder, e);
    }
    return kept;
  }

  private Path file(String id) {
    return folder.resolve(id + ".json");
  }
}
