package org.choir.knowledge;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.choir.core.ChoirException;
import org.choir.knowledge.SourceSet.Skipped;
import org.choir.knowledge.formats.Formats;
import org.jspecify.annotations.Nullable;

/**
 * Finds the files under the roots. Hidden ones are passed over. A link is followed only to a
 * regular file under one of the roots, and no file is taken twice; links to folders are not
 * followed, for what they lead to under the roots is visited anyway, and so no loop is endless.
 */
final class FolderScan {
  private final List<Path> roots;
  private final ReadLimits limits;
  private final Map<String, Path> files = new TreeMap<>();
  private final Map<String, Path> links = new TreeMap<>();
  private final List<Skipped> skipped = new ArrayList<>();

  /**
   * What a scan found.
   *
   * @param files the real path of each file by its location, sorted
   */
  record Found(Map<String, Path> files, List<Skipped> skipped) {}

  private FolderScan(List<Path> roots, ReadLimits limits) {
    this.roots = roots;
    this.limits = limits;
  }

  /**
   * The roots as they really lie, sorted, none twice.
   *
   * @throws ChoirException {@code no_such_source}
   */
  static List<Path> real(List<Path> roots) {
    if (roots.isEmpty()) {
      throw ChoirException.usage(
          "no_such_source", "no sources were named", "name a file or folder with --sources");
    }
    List<Path> real = new ArrayList<>();
    for (Path root : roots) {
      try {
        real.add(root.toRealPath());
      } catch (IOException e) {
        throw ChoirException.usage(
            "no_such_source",
            "there is no file or folder " + root.toAbsolutePath(),
            "name an existing file or folder with --sources");
      }
    }
    return real.stream().distinct().sorted().toList();
  }

  static Found scan(List<Path> realRoots, ReadLimits limits) {
    FolderScan scan = new FolderScan(realRoots, limits);
    for (Path root : realRoots) {
      try {
        Files.walkFileTree(root, scan.new Visitor(root));
      } catch (IOException e) {
        throw Disk.failure("list the folder " + root, e);
      }
    }
    return scan.found();
  }

  private Found found() {
    Map<Path, String> taken = new HashMap<>();
    files.forEach((location, path) -> taken.put(path, location));
    links.forEach(
        (location, target) -> {
          if (taken.putIfAbsent(target, location) == null) {
            files.put(location, target);
          }
        });
    return new Found(files, skipped);
  }

  private void skip(Path path, String code, String reason) {
    skipped.add(new Skipped(path.toString(), code, reason));
  }

  private void link(Path link) {
    Path target;
    try {
      target = link.toRealPath();
    } catch (IOException e) {
      skip(link, "unreadable", "the link leads nowhere");
      return;
    }
    if (roots.stream().noneMatch(target::startsWith)) {
      skip(link, "outside", "the link leads out of the folder");
    } else if (Files.isRegularFile(target) && !Formats.unsupported(link.toString())) {
      links.put(link.toString(), target);
    }
  }

  private final class Visitor implements FileVisitor<Path> {
    private final Path root;

    Visitor(Path root) {
      this.root = root;
    }

    private boolean hidden(Path path) {
      return !path.equals(root) && path.getFileName().toString().startsWith(".");
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      return hidden(folder) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (hidden(file)) {
        return FileVisitResult.CONTINUE;
      }
      if (attributes.isSymbolicLink()) {
        link(file);
      } else if (!attributes.isRegularFile()) {
        skip(file, "unsupported", "it is a device, pipe or socket, not a file");
      } else if (Formats.unsupported(file.toString())) {
        skip(file, "unsupported", "files of this type are not read as sources");
      } else {
        files.put(file.toString(), file);
        if (files.size() > limits.files()) {
          throw ChoirException.usage(
              "too_many_sources",
              "there are more than " + limits.files() + " files under " + root,
              "name smaller folders with --sources");
        }
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      if (!hidden(file)) {
        skip(file, "unreadable", "it cannot be opened: " + e.getClass().getSimpleName());
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) {
      if (e != null) {
        skip(folder, "unreadable", "it cannot be listed: " + e.getClass().getSimpleName());
      }
      return FileVisitResult.CONTINUE;
    }
  }
}
