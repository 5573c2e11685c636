package org.choir.knowledge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;

/**
 * What the last reading of some roots made of each file, so that an unchanged one need not be
 * opened. A stamp younger than the reading by less than the clocks' grain is not trusted: the file
 * may have changed again without a trace.
 */
final class ReadingState {
  private static final int FORMAT = 1;
  private static final Duration GRAIN = Duration.ofSeconds(2);

  private final Map<String, Entry> entries;

  private ReadingState(Map<String, Entry> entries) {
    this.entries = entries;
  }

  /**
   * What became of a file: a source, or a reason why not.
   *
   * @param source null if it was skipped
   * @param code empty if it was not
   */
  record Entry(FileStamp stamp, @Nullable Digest source, String code, String reason) {}

  /** What is known of a file with exactly this stamp. */
  Optional<Entry> known(String location, FileStamp stamp) {
    return Optional.ofNullable(entries.get(location)).filter(entry -> entry.stamp.equals(stamp));
  }

  /** The state in a file; one that is absent, damaged or of another version knows nothing. */
  static ReadingState load(Path file) {
    Map<String, Entry> entries = new HashMap<>();
    try {
      ObjectNode json = Json.parseObject(Files.readString(file));
      if (json.path("format").asInt() != FORMAT
          || json.path("documents").asInt() != DocumentStore.FORMAT) {
        return new ReadingState(Map.of());
      }
      for (Map.Entry<String, JsonNode> each : json.path("files").properties()) {
        entries.put(each.getKey(), entry(each.getValue()));
      }
    } catch (NoSuchFileException absent) {
      return new ReadingState(Map.of());
    } catch (ChoirException | IllegalArgumentException damaged) {
      return new ReadingState(Map.of());
    } catch (IOException e) {
      throw Disk.failure("read " + file, e);
    }
    return new ReadingState(entries);
  }

  private static Entry entry(JsonNode values) {
    FileStamp stamp =
        new FileStamp(
            values.path(0).asLong(),
            values.path(1).asLong(),
            values.path(2).asLong(),
            values.path(3).asLong());
    String source = values.path(4).asText();
    return new Entry(
        stamp,
        source.isEmpty() ? null : new Digest(source),
        values.path(5).asText(),
        values.path(6).asText());
  }

  /** Keeps what a reading that began at an instant found, leaving out what cannot be trusted. */
  static void save(Path file, Map<String, Entry> found, Instant began) {
    Instant trusted = began.minus(GRAIN);
    long nanos = trusted.getEpochSecond() * 1_000_000_000L + trusted.getNano();
    ObjectNode json = Json.object();
    json.put("format", FORMAT);
    json.put("documents", DocumentStore.FORMAT);
    ObjectNode files = json.putObject("files");
    new TreeMap<>(found)
        .forEach(
            (location, entry) -> {
              FileStamp stamp = entry.stamp;
              if (Math.max(stamp.modifiedNanos(), stamp.changedNanos()) < nanos) {
                ArrayNode values = files.putArray(location);
                values.add(stamp.size()).add(stamp.modifiedNanos()).add(stamp.changedNanos());
                values.add(stamp.inode());
                values.add(entry.source == null ? "" : entry.source.hex());
                values.add(entry.code).add(entry.reason);
              }
            });
    try {
      Disk.write(file, Json.write(json).getBytes(StandardCharsets.UTF_8), Disk.Care.LASTING);
    } catch (IOException e) {
      throw Disk.failure("write " + file, e);
    }
  }
}
