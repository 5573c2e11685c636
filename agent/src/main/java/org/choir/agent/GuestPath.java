package org.choir.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/** The path rules of tools: absolute, normal, without a way up. */
final class GuestPath {
  private static final Pattern DRIVE = Pattern.compile("[A-Za-z]:[\\\\/].*");

  private GuestPath() {}

  /**
   * The absolute, normal form of a path a model gave; relative ones start at {@code home}.
   *
   * @throws ChoirException {@code invalid_path} for {@code ..}, {@code ~}, a Windows path, a line
   *     break or NUL
   */
  static String resolve(String path, String home) {
    if (path.startsWith("~")) {
      throw invalid(path, "'~' is not expanded; write the whole path");
    }
    if (DRIVE.matcher(path).matches()) {
      throw invalid(path, "this is not Windows; use a path such as /workspace/drafts/report.md");
    }
    if (path.chars().anyMatch(c -> c == 0 || c == '\n' || c == '\r')) {
      throw invalid(path, "a path has no line breaks");
    }
    List<String> parts = new ArrayList<>();
    for (String part : (path.startsWith("/") ? path : home + "/" + path).split("/", -1)) {
      if (part.equals("..")) {
        throw invalid(path, "'..' is not allowed; write the path from the top");
      }
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return "/" + String.join("/", parts);
  }

  /** Whether {@code path} is {@code folder} or lies below it. */
  static boolean within(String path, String folder) {
    return path.equals(folder) || path.startsWith(folder.endsWith("/") ? folder : folder + "/");
  }

  private static ChoirException invalid(String path, String why) {
    return ChoirException.usage(
        "invalid_path", "the path '" + Text.visible(path, 200) + "' is refused: " + why, "");
  }
}
