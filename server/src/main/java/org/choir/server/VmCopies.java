package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Failure;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.Vm;

/**
 * Files and folders between this machine and a VM. A file that cannot be copied does not stop the
 * others: each is told with its code. What a guest says about names is not trusted: nothing is
 * written outside of the target.
 */
final class VmCopies {
  private static final int UID = 1000;
  private static final int FILES_MAX = 200_000;
  private static final long PROGRESS_BYTES = 8L << 20;

  /** One copying: what it has done, and what went wrong. */
  private static final class Tally {
    final Request.Events events;
    final ArrayNode failed = Json.array();
    long files;
    long bytes;
    long told;

    Tally(Request.Events events) {
      this.events = events;
    }

    void moved(String name, long count) {
      bytes += count;
      if (bytes - told >= PROGRESS_BYTES) {
        told = bytes;
        events.send(Json.object().put("copying", name).put("files", files).put("bytes", bytes));
      }
    }

    void refused(String path, Failure failure) {
      failed
          .addObject()
          .put("path", path)
          .put("code", failure.code())
          .put("message", Text.visible(failure.message(), 300));
    }

    ObjectNode result() {
      return Json.object().put("files", files).put("bytes", bytes).set("failed", failed);
    }
  }

  private interface Copy {
    void run() throws IOException;
  }

  /** Out of the VM; a folder with all it holds. */
  ObjectNode read(Vm vm, String from, Path to, Request.Events events) {
    Tally tally = new Tally(events);
    Vm.FileStat stat = vm.stat(from);
    if (!stat.type().equals("directory")) {
      Path target = Files.isDirectory(to) ? to.resolve(lastName(from)) : to;
      try {
        readFile(vm, from, target, tally);
      } catch (IOException e) {
        throw failed(target, e);
      }
      return tally.result();
    }
    String base = stat.path().equals("/") ? "" : stat.path();
    try {
      Files.createDirectories(to);
    } catch (IOException e) {
      throw failed(to, e);
    }
    for (Vm.FileStat file : vm.list(from, true)) {
      one(tally, file.path(), () -> readOne(vm, base, file, to, tally));
    }
    return tally.result();
  }

  private static void readOne(Vm vm, String base, Vm.FileStat file, Path to, Tally tally)
      throws IOException {
    Path target = inside(base, file.path(), to);
    switch (file.type()) {
      case "directory" -> Files.createDirectories(target);
      case "file" -> readFile(vm, file.path(), target, tally);
      default ->
          throw ChoirException.usage(
              "not_regular", "a " + Text.visible(file.type(), 20) + " is not copied", "");
    }
  }

  /** The place of a guest's file below the target, with no link on the way to it. */
  static Path inside(String base, String path, Path to) throws IOException {
    ChoirException odd =
        ChoirException.usage(
            "invalid_path", "'" + Text.visible(path, 200) + "' leads out of its folder", "");
    if (!path.startsWith(base + "/")) {
      throw odd;
    }
    Path target = to;
    try {
      for (String part : path.substring(base.length() + 1).split("/", -1)) {
        if (part.isEmpty() || part.equals(".") || part.equals("..")) {
          throw odd;
        }
        if (Files.isSymbolicLink(target) && !target.equals(to)) {
          throw odd;
        }
        target = target.resolve(part);
      }
    } catch (InvalidPathException e) {
      throw odd;
    }
    return target;
  }

  private static void readFile(Vm vm, String from, Path to, Tally tally) throws IOException {
    Path fresh = to.resolveSibling(to.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    try {
      // Neither over a file nor through a link that lies there.
      try (OutputStream out =
          new FilterOutputStream(
              Files.newOutputStream(
                  fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
              out.write(bytes, offset, length);
              tally.moved(from, length);
            }
          }) {
        vm.read(from, 0, Long.MAX_VALUE, out);
      }
      Files.move(fresh, to, StandardCopyOption.REPLACE_EXISTING);
      tally.files++;
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  /** Into the VM; a folder with all it holds, without following links. */
  ObjectNode write(Vm vm, Path from, String to, Request.Events events) {
    Tally tally = new Tally(events);
    if (!Files.isDirectory(from)) {
      try {
        writeFile(vm, from, isFolder(vm, to) ? join(to, from.getFileName().toString()) : to, tally);
      } catch (IOException e) {
        throw failed(from, e);
      }
      return tally.result();
    }
    vm.makeDirectory(to, new Vm.Owner(UID, 0755));
    List<Path> all;
    try (Stream<Path> walk = Files.walk(from)) {
      all = walk.skip(1).limit(FILES_MAX + 1).toList();
    } catch (IOException e) {
      throw failed(from, e);
    }
    if (all.size() > FILES_MAX) {
      throw ChoirException.usage(
          "too_many_files", from + " holds more than " + FILES_MAX + " files", "copy less at once");
    }
    for (Path file : all) {
      String target = join(to, from.relativize(file).toString());
      one(tally, file.toString(), () -> writeOne(vm, file, target, tally));
    }
    return tally.result();
  }

  private static void writeOne(Vm vm, Path file, String target, Tally tally) throws IOException {
    if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
      vm.makeDirectory(target, new Vm.Owner(UID, 0755));
    } else if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      writeFile(vm, file, target, tally);
    } else {
      throw ChoirException.usage("not_regular", file + " is neither file nor folder", "");
    }
  }

  private static void writeFile(Vm vm, Path from, String to, Tally tally) throws IOException {
    try (InputStream in =
        new FilterInputStream(new BufferedInputStream(Files.newInputStream(from))) {
          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            int n = super.read(bytes, offset, length);
            tally.moved(from.toString(), Math.max(0, n));
            return n;
          }
        }) {
      int mode = Files.isExecutable(from) ? 0755 : 0644;
      vm.write(to, in, Files.size(from), new Vm.Owner(UID, mode));
      tally.files++;
    }
  }

  /** One file of many: what is wrong with it is told at the end. */
  private static void one(Tally tally, String path, Copy copy) {
    try {
      copy.run();
    } catch (SandboxException e) {
      if (e.failure().retryable()) {
        throw e; // the VM itself
      }
      tally.refused(path, e.failure());
    } catch (ChoirException e) {
      tally.refused(path, e.failure());
    } catch (IOException e) {
      tally.refused(path, failed(Path.of(path), e).failure());
    }
  }

  private static boolean isFolder(Vm vm, String path) {
    try {
      return vm.stat(path).type().equals("directory");
    } catch (SandboxException e) {
      if (e.code().equals("file_not_found")) {
        return false;
      }
      throw e;
    }
  }

  private static String join(String folder, String name) {
    return folder.endsWith("/") ? folder + name : folder + "/" + name;
  }

  private static String lastName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  static ChoirException failed(Path file, IOException e) {
    return ChoirException.usage(
        "cannot_copy",
        "cannot copy " + file + ": " + Text.visible(String.valueOf(e.getMessage()), 160),
        "check that it exists, its permissions, and the space on the disk");
  }
}
