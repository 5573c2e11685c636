package org.choir.knowledge.formats;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.UnusableSource;

/** The wanted entries of a zip container, unpacked in memory under a limit that counts them all. */
final class Zip {
  private static final int ENTRIES_MAX = 20_000;

  private Zip() {}

  /**
   * Entries by name.
   *
   * @throws UnusableSource {@code too_large} for a container that unpacks to more than allowed,
   *     {@code broken} if it cannot be unpacked
   */
  static Map<String, byte[]> entries(byte[] file, ReadLimits limits, Predicate<String> wanted) {
    Map<String, byte[]> entries = new HashMap<>();
    long budget = limits.unpackedBytes();
    byte[] buffer = new byte[1 << 16];
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(file))) {
      int count = 0;
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (++count > ENTRIES_MAX) {
          throw new UnusableSource("too_large", "it packs more than " + ENTRIES_MAX + " files");
        }
        boolean keep = !entry.isDirectory() && wanted.test(entry.getName());
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        for (int read = zip.read(buffer); read >= 0; read = zip.read(buffer)) {
          budget -= read;
          if (budget < 0) {
            throw new UnusableSource(
                "too_large", "it unpacks to more than " + limits.unpackedBytes() + " bytes");
          }
          if (keep) {
            kept.write(buffer, 0, read);
          }
        }
        if (keep && entries.putIfAbsent(entry.getName(), kept.toByteArray()) != null) {
          throw new UnusableSource("broken", "it packs two files of one name");
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new UnusableSource("broken", "it is not a well-formed zip container", e);
    }
    return entries;
  }
}
