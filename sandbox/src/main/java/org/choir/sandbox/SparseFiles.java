package org.choir.sandbox;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Files with holes, such as a guest's disk of which little was ever written. Where the data lies
 * only the kernel knows, and Java does not ask it: {@code lseek(2)} with SEEK_DATA and SEEK_HOLE.
 */
final class SparseFiles {
  private static final int READ_ONLY_CLOSE_ON_EXEC = 0x80000;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int NO_SUCH_OFFSET = 6; // ENXIO: only a hole up to the end

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle OPEN =
      function(
          "open",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
  private static final MethodHandle CLOSE =
      function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle SEEK =
      function(
          "lseek",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));

  private SparseFiles() {}

  /** A part of a file that is no hole. */
  record Extent(long offset, long length) {}

  @SuppressWarnings("restricted") // three calls that only read
  private static MethodHandle function(String name, FunctionDescriptor form) {
    SymbolLookup library = LINKER.defaultLookup();
    return LINKER.downcallHandle(
        library.findOrThrow(name), form, Linker.Option.captureCallState("errno"));
  }

  /** The parts with data, in order. */
  static List<Extent> extents(Path file) throws IOException {
    long size = Files.size(file);
    List<Extent> extents = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int fd =
          (int)
              OPEN.invokeExact(state, arena.allocateFrom(file.toString()), READ_ONLY_CLOSE_ON_EXEC);
      if (fd < 0) {
        throw new IOException("cannot open " + file + ": errno " + errno(state));
      }
      try {
        long end = 0;
        while (end < size) {
          long start = seek(state, fd, end, SEEK_DATA, file);
          if (start < 0) {
            break;
          }
          end = seek(state, fd, start, SEEK_HOLE, file);
          extents.add(new Extent(start, end - start));
        }
      } finally {
        int closed = (int) CLOSE.invokeExact(state, fd);
        assert closed == 0;
      }
      return extents;
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static long seek(MemorySegment state, int fd, long from, int whence, Path file)
      throws Throwable {
    long at = (long) SEEK.invokeExact(state, fd, from, whence);
    if (at < 0 && errno(state) != NO_SUCH_OFFSET) {
      throw new IOException("cannot seek in " + file + ": errno " + errno(state));
    }
    return at;
  }

  private static int errno(MemorySegment state) {
    return (int) ERRNO.get(state, 0L);
  }

  /** Copies a file, holes as holes. */
  static void copy(Path from, Path to) throws IOException {
    try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
        FileChannel out =
            FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (Extent extent : extents(from)) {
        long done = 0;
        out.position(extent.offset());
        while (done < extent.length()) {
          long n = in.transferTo(extent.offset() + done, extent.length() - done, out);
          if (n <= 0) {
            throw new IOException(from + " became shorter while it was copied");
          }
          done += n;
        }
      }
      length(out, in.size());
    }
  }

  /** Makes a file longer, with a hole at its end. */
  static void length(FileChannel file, long bytes) throws IOException {
    if (file.size() < bytes) {
      file.write(ByteBuffer.allocate(1), bytes - 1);
    }
  }
}
