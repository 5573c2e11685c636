package org.choir.vibewriter;

import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.knowledge.Citation;

/**
 * Finds the file that a document's link or footnote means: an absolute path or {@code file:}
 * address, or a path relative to one of the folders. Web addresses mean no file.
 *
 * @param folders in the order in which they are tried
 */
record LinkedFiles(List<Path> folders) {
  private static final Pattern SCHEME = Pattern.compile("^([A-Za-z][A-Za-z0-9+.-]+):");
  private static final Pattern LINE = Pattern.compile("^(.+?):\\d+(?:[:-]\\d+)?$");

  /** A word of a footnote that looks like a file's name. */
  private static final Pattern FILE_NAME =
      Pattern.compile("[^\\s\"'“”‘’()<>,;]*[^\\s\"'“”‘’()<>,;.]\\.[A-Za-z0-9]{1,8}\\b");

  LinkedFiles {
    folders = List.copyOf(folders);
  }

  /** Whether a citation names an address that this machine does not have as a file. */
  static boolean isWeb(Citation citation) {
    if (citation.kind() != Citation.Kind.LINK) {
      return false;
    }
    Matcher scheme = SCHEME.matcher(citation.target());
    boolean other = scheme.find() && !scheme.group(1).equalsIgnoreCase("file");
    return other || citation.target().startsWith("//");
  }

  /** The file's real path; empty if there is none. */
  Optional<Path> file(Citation citation) {
    return switch (citation.kind()) {
      case KEY -> Optional.empty();
      case LINK -> isWeb(citation) ? Optional.empty() : resolve(citation.target());
      case FOOTNOTE -> {
        Matcher names = FILE_NAME.matcher(citation.target());
        Optional<Path> found = Optional.empty();
        while (found.isEmpty() && names.find()) {
          found = resolve(names.group());
        }
        yield found;
      }
    };
  }

  private Optional<Path> resolve(String target) {
    for (String name : names(target)) {
      for (Path folder : folders) {
        Optional<Path> file = existing(folder, name);
        if (file.isPresent()) {
          return file;
        }
      }
    }
    return Optional.empty();
  }

  /** The ways in which a target can be read as a path, the most literal first. */
  private static Set<String> names(String target) {
    Set<String> names = new LinkedHashSet<>();
    if (target.regionMatches(true, 0, "file:", 0, 5)) {
      fileAddress(target).ifPresent(names::add);
      return names;
    }
    String bare = target.replaceFirst("[#?].*$", "");
    for (String name : List.of(target, bare)) {
      names.add(name);
      names.add(decoded(name));
      Matcher line = LINE.matcher(name);
      if (line.matches()) {
        names.add(line.group(1));
      }
    }
    names.remove("");
    return names;
  }

  private static Optional<String> fileAddress(String target) {
    try {
      String path = URI.create(target.replaceFirst("#.*$", "").replace(" ", "%20")).getPath();
      return Optional.ofNullable(path);
    } catch (IllegalArgumentException notAnAddress) {
      return Optional.empty();
    }
  }

  private static String decoded(String name) {
    try {
      return URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException notEncoded) {
      return name;
    }
  }

  private static Optional<Path> existing(Path folder, String name) {
    try {
      Path path = folder.resolve(name).normalize();
      return Files.isRegularFile(path) ? Optional.of(path.toRealPath()) : Optional.empty();
    } catch (InvalidPathException | IOException notAPath) {
      return Optional.empty();
    }
  }
}
