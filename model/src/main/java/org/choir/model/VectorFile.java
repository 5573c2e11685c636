package org.choir.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.choir.core.Digest;
import org.jspecify.annotations.Nullable;

/**
 * Vectors by digest in one append-only file. The file is a header (digest of format, model id and
 * dimensions) and records of one size: key (32 bytes), components (big-endian floats), CRC-32C.
 * Only the positions are held in memory.
 *
 * <p>A crash leaves at most a torn last record, which is cut off at the next opening; a record that
 * fails its checksum when it is wanted counts as absent; a file with another header is started
 * anew. Nothing is forced to the disk: what is lost is computed again.
 */
final class VectorFile {
  private static final int KEY = 32;
  private static final int CHECK = 4;

  /** Records read at once when the file is opened. */
  private static final int BLOCK = 256;

  private final Path path;
  private final byte[] header;
  private final int dimensions;
  private final int recordBytes;
  private final long bytesMax;
  private final Map<Digest, Long> positions = new LinkedHashMap<>();
  private @Nullable FileChannel channel;

  VectorFile(Path path, String modelId, int dimensions, long bytesMax) {
    this.path = path;
    this.header =
        HexFormat.of().parseHex(Digest.of("choir.vectors/1\n" + modelId + "\n" + dimensions).hex());
    this.dimensions = dimensions;
    this.recordBytes = KEY + dimensions * Float.BYTES + CHECK;
    this.bytesMax = Math.max(bytesMax, header.length + 2L * recordBytes);
  }

  Path path() {
    return path;
  }

  Optional<float[]> find(Digest key) throws IOException {
    FileChannel file = opened();
    Long position = positions.get(key);
    if (position == null) {
      return Optional.empty();
    }
    ByteBuffer record = ByteBuffer.allocate(recordBytes);
    if (!readFully(file, record, position) || !sound(record) || !key.equals(key(record, 0))) {
      positions.remove(key);
      return Optional.empty();
    }
    float[] vector = new float[dimensions];
    record.position(KEY).limit(recordBytes - CHECK);
    record.asFloatBuffer().get(vector);
    return Optional.of(vector);
  }

  void append(Digest key, float[] vector) throws IOException {
    FileChannel file = opened();
    if (positions.containsKey(key)) {
      return;
    }
    if (file.size() + recordBytes > bytesMax) {
      file = halved(file);
    }
    ByteBuffer record = ByteBuffer.allocate(recordBytes);
    record.put(HexFormat.of().parseHex(key.hex()));
    for (float component : vector) {
      record.putFloat(component);
    }
    record.putInt(checksum(record));
    long end = file.size();
    writeFully(file, record.flip(), end);
    positions.put(key, end);
  }

  void close() throws IOException {
    if (channel != null) {
      channel.close();
      channel = null;
    }
    positions.clear();
  }

  private FileChannel opened() throws IOException {
    // An interrupt in the middle of a read closes the channel of every caller.
    if (channel == null || !channel.isOpen()) {
      positions.clear();
      Files.createDirectories(path.toAbsolutePath().getParent());
      channel =
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      scan(channel);
    }
    return channel;
  }

  private void scan(FileChannel file) throws IOException {
    ByteBuffer start = ByteBuffer.allocate(header.length);
    if (!readFully(file, start, 0) || !Arrays.equals(start.array(), header)) {
      file.truncate(0);
      writeFully(file, ByteBuffer.wrap(header), 0);
      return;
    }
    long whole = (file.size() - header.length) / recordBytes;
    for (long from = 0; from < whole; from += BLOCK) {
      int count = (int) Math.min(BLOCK, whole - from);
      ByteBuffer block = ByteBuffer.allocate(count * recordBytes);
      readFully(file, block, header.length + from * recordBytes);
      for (int i = 0; i < count; i++) {
        positions.put(key(block, i * recordBytes), header.length + (from + i) * (long) recordBytes);
      }
    }
    file.truncate(header.length + whole * recordBytes);
  }

  /** Drops the older half, by a new file that takes the place of the old one in one step. */
  private FileChannel halved(FileChannel file) throws IOException {
    List<Map.Entry<Digest, Long>> all = new ArrayList<>(positions.entrySet());
    List<Map.Entry<Digest, Long>> newer = all.subList(all.size() / 2, all.size());
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    Map<Digest, Long> moved = new LinkedHashMap<>();
    try (FileChannel target =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      writeFully(target, ByteBuffer.wrap(header), 0);
      long end = header.length;
      ByteBuffer record = ByteBuffer.allocate(recordBytes);
      for (Map.Entry<Digest, Long> entry : newer) {
        record.clear();
        if (readFully(file, record, entry.getValue())) {
          writeFully(target, record.flip(), end);
          moved.put(entry.getKey(), end);
          end += recordBytes;
        }
      }
    }
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    file.close();
    channel = null;
    positions.clear();
    FileChannel reopened =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    channel = reopened;
    positions.putAll(moved);
    return reopened;
  }

  private static Digest key(ByteBuffer records, int at) {
    byte[] key = new byte[KEY];
    records.get(at, key);
    return new Digest(HexFormat.of().formatHex(key));
  }

  private boolean sound(ByteBuffer record) {
    return record.getInt(recordBytes - CHECK) == checksum(record);
  }

  private int checksum(ByteBuffer record) {
    CRC32C crc = new CRC32C();
    crc.update(record.slice(0, recordBytes - CHECK));
    return (int) crc.getValue();
  }

  private static boolean readFully(FileChannel file, ByteBuffer target, long from)
      throws IOException {
    while (target.hasRemaining()) {
      if (file.read(target, from + target.position()) < 0) {
        return false;
      }
    }
    return true;
  }

  private static void writeFully(FileChannel file, ByteBuffer source, long to) throws IOException {
    long at = to;
    while (source.hasRemaining()) {
      at += file.write(source, at);
    }
  }
}
