package org.choir.knowledge;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.choir.core.Digest;

/**
 * Where the library keeps what belongs to one choice of roots.
 *
 * @param key names the choice
 */
record RootsFolder(String key, Path folder) {

  /** Of these real paths, sorted. */
  static RootsFolder of(Path library, List<Path> realRoots) {
    String all = realRoots.stream().map(Path::toString).collect(Collectors.joining("\n"));
    return named(library, Digest.of(all).prefix(20));
  }

  static RootsFolder named(Path library, String key) {
    return new RootsFolder(key, library.resolve("roots").resolve(key));
  }

  Path index() {
    return folder.resolve("index");
  }

  Path state() {
    return folder.resolve("state.json");
  }
}
