package org.choir.knowledge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What tells a file from its earlier self without reading it. The time of the last change of the
 * inode catches what sets the modification time back.
 *
 * @param size in bytes
 * @param modifiedNanos since 1970
 * @param changedNanos since 1970, of the inode
 */
record FileStamp(long size, long modifiedNanos, long changedNanos, long inode) {

  /** The stamp of a file that is not a link. */
  static FileStamp of(Path file) throws IOException {
    Map<String, Object> found =
        Files.readAttributes(
            file, "unix:size,lastModifiedTime,ctime,ino", LinkOption.NOFOLLOW_LINKS);
    return new FileStamp(
        ((Number) value(found, "size")).longValue(),
        nanos(value(found, "lastModifiedTime")),
        nanos(value(found, "ctime")),
        ((Number) value(found, "ino")).longValue());
  }

  private static Object value(Map<String, Object> attributes, String name) throws IOException {
    Object value = attributes.get(name);
    if (value == null) {
      throw new IOException("the file system does not tell the attribute " + name);
    }
    return value;
  }

  private static long nanos(Object time) {
    return ((FileTime) time).to(TimeUnit.NANOSECONDS);
  }
}
