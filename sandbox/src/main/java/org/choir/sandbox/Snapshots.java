package org.choir.sandbox;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.OptionalInt;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.PrivateFiles;
import org.choir.keys.SealedInput;
import org.choir.keys.SealedOutput;

/**
 * Writes and reads snapshots. Memory and overlay are both encrypted under the tenant's key: the
 * overlay holds the same files that the memory caches, and with a copy of its own a snapshot stays
 * whole while the machine that came from it runs on. So a suspended VM lies on the disk as
 * ciphertext only, and an erased key ends all of it. The overlay costs what was written to it, not
 * its size.
 */
final class Snapshots {
  private static final String UNFINISHED = ".new";
  private static final int COPY_BYTES = 1 << 20;

  private final DataKeys keys;
  private final Step.Watcher steps;

  Snapshots(DataKeys keys, Step.Watcher steps) {
    this.keys = keys;
    this.steps = steps;
  }

  /** Writes a whole snapshot of a paused machine; on failure nothing of it is left. */
  void write(Journal.Entry entry, int number, long atMillis, Hypervisor machine)
      throws IOException {
    Path whole = Snapshot.folder(entry.folder(), number);
    Path folder = whole.resolveSibling(whole.getFileName() + UNFINISHED);
    Journal.remove(folder);
    Journal.remove(whole);
    PrivateFiles.folder(folder);
    boolean done = false;
    try {
      Path memory = folder.resolve(Snapshot.MEMORY);
      try (SealedOutput out = sealing(memory, entry, number, Snapshot.MEMORY)) {
        machine.save(out);
        out.finish();
      }
      Journal.force(memory);
      steps.reached(Step.MEMORY_WRITTEN);
      Path overlay = folder.resolve(Snapshot.OVERLAY);
      try (SealedOutput out = sealing(overlay, entry, number, Snapshot.OVERLAY)) {
        pack(entry.overlay(), out);
        out.finish();
      }
      Journal.force(overlay);
      steps.reached(Step.OVERLAY_WRITTEN);
      new Snapshot(
              number,
              entry.generation(),
              entry.token(),
              atMillis,
              entry.fit(),
              Files.size(memory),
              Files.size(overlay))
          .write(folder);
      steps.reached(Step.MANIFEST_WRITTEN);
      Files.move(folder, whole, StandardCopyOption.ATOMIC_MOVE);
      Journal.force(entry.folder());
      done = true;
    } finally {
      if (!done) {
        Journal.remove(folder);
      }
    }
  }

  private SealedOutput sealing(Path file, Journal.Entry entry, int number, String part)
      throws IOException {
    OutputStream out =
        Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    return new SealedOutput(
        out, keys, entry.spec().tenant(), what(entry.spec().tenant(), entry.id(), number, part));
  }

  /** The machine's memory, decrypted and authenticated as it is read. */
  InputStream memory(Journal.Entry entry) throws IOException {
    return opening(entry, Snapshot.MEMORY);
  }

  private InputStream opening(Journal.Entry entry, String part) throws IOException {
    int number = entry.snapshot();
    Path file = Snapshot.folder(entry.folder(), number).resolve(part);
    return new SealedInput(
        new BufferedInputStream(Files.newInputStream(file), COPY_BYTES),
        keys,
        entry.spec().tenant(),
        what(entry.spec().tenant(), entry.id(), number, part));
  }

  private static byte[] what(TenantId tenant, String id, int number, String part) {
    return "choir snapshot\n%s\n%s\n%d\n%s"
        .formatted(tenant, id, number, part)
        .getBytes(StandardCharsets.UTF_8);
  }

  /** Puts the snapshot's overlay where the machine expects it. */
  void unpackOverlay(Journal.Entry entry) throws IOException {
    Files.deleteIfExists(entry.overlay());
    try (DataInputStream in = new DataInputStream(opening(entry, Snapshot.OVERLAY));
        FileChannel out =
            FileChannel.open(
                entry.overlay(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long size = in.readLong();
      byte[] chunk = new byte[COPY_BYTES];
      for (long offset = in.readLong(); offset >= 0; offset = in.readLong()) {
        long left = in.readLong();
        out.position(offset);
        while (left > 0) {
          int n = (int) Math.min(left, chunk.length);
          in.readFully(chunk, 0, n);
          ByteBuffer bytes = ByteBuffer.wrap(chunk, 0, n);
          while (bytes.hasRemaining()) {
            out.write(bytes);
          }
          left -= n;
        }
      }
      if (in.read() >= 0) {
        throw new IOException("more than an overlay in " + Snapshot.OVERLAY);
      }
      SparseFiles.length(out, size);
    }
  }

  /** The file's size, then each part with data: offset, length, bytes; an offset of -1 ends it. */
  private static void pack(Path overlay, OutputStream to) throws IOException {
    DataOutputStream out = new DataOutputStream(to);
    try (FileChannel in = FileChannel.open(overlay, StandardOpenOption.READ)) {
      // What the hypervisor wrote may only be in the system's memory yet; it is read from there.
      out.writeLong(in.size());
      ByteBuffer chunk = ByteBuffer.allocate(COPY_BYTES);
      for (SparseFiles.Extent extent : SparseFiles.extents(overlay)) {
        out.writeLong(extent.offset());
        out.writeLong(extent.length());
        long at = extent.offset();
        long end = extent.offset() + extent.length();
        while (at < end) {
          chunk.clear().limit((int) Math.min(chunk.capacity(), end - at));
          int n = in.read(chunk, at);
          if (n <= 0) {
            throw new IOException(overlay + " became shorter while it was read");
          }
          out.write(chunk.array(), 0, n);
          at += n;
        }
      }
      out.writeLong(-1);
      out.flush();
    }
  }

  /** The newest whole snapshot in a VM's folder. */
  static OptionalInt newest(Path vm) throws IOException {
    OptionalInt newest = OptionalInt.empty();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(vm, "snapshot-*")) {
      for (Path folder : all) {
        String number = folder.getFileName().toString().substring("snapshot-".length());
        if (number.matches("[0-9]{1,9}") && Integer.parseInt(number) > newest.orElse(0)) {
          newest = OptionalInt.of(Integer.parseInt(number));
        }
      }
    }
    return newest;
  }

  /** Removes every snapshot but one, unfinished ones too. */
  static void keepOnly(Path vm, int number) throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(vm, "snapshot-*")) {
      for (Path folder : all) {
        if (!folder.equals(Snapshot.folder(vm, number))) {
          Journal.remove(folder);
        }
      }
    }
  }
}
