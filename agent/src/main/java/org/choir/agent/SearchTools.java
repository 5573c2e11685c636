package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.sandbox.Vm;

/** {@code glob grep}: both work on a recursive listing, with one matcher of their own. */
final class SearchTools {
  private static final int OUTPUT_MAX = 80_000;
  private static final int FILES_MAX = 10_000;
  private static final int MATCHES_MAX = 1_000;
  private static final long GREP_FILE_MAX = 10L << 20;
  private static final long GREP_TOTAL_MAX = 64L << 20;
  private static final Pattern LOOKS_LIKE_REGEX =
      Pattern.compile(".*(\\.\\*|\\\\[wds]|\\||\\[.+]|^\\^|\\$$).*");

  private SearchTools() {}

  static List<Tool> all() {
    ObjectNode path = BuiltIns.property("string", "folder to search, your own folder by default");
    ObjectNode mode = BuiltIns.property("string", "files_with_matches (default), content or count");
    mode.set("enum", Json.array().add("files_with_matches").add("content").add("count"));
    ObjectNode max = BuiltIns.property("integer", "matches to return, at most 1000");
    max.put("minimum", 1);
    return List.of(
        BuiltIns.of(
            "glob",
            "Finds files by pattern: *.md at any depth, /*.md at the top only, sub/**/*.py,"
                + " {a,b}, [a-z], ?.",
            BuiltIns.schema(
                List.of("pattern"),
                Map.of("pattern", BuiltIns.property("string", "file pattern"), "path", path)),
            SearchTools::glob),
        BuiltIns.of(
            "grep",
            "Finds a literal, case-sensitive string in files.",
            BuiltIns.schema(
                List.of("pattern"),
                Map.of(
                    "pattern", BuiltIns.property("string", "literal text, no regular expression"),
                    "path", path,
                    "glob", BuiltIns.property("string", "only files that match this pattern"),
                    "output_mode", mode,
                    "max_count", max)),
            SearchTools::grep));
  }

  private static ToolOutput glob(ToolContext context, ObjectNode arguments) {
    String root = root(context, arguments);
    Glob glob = Glob.of(relative(arguments.path("pattern").asText(), root));
    List<String> found = new ArrayList<>();
    boolean cut = false;
    for (Vm.FileStat file : context.workspace().list(root, true)) {
      if (!file.type().equals("directory") && glob.matches(below(root, file.path()))) {
        cut = found.size() == FILES_MAX;
        if (cut) {
          break;
        }
        found.add(file.path());
      }
    }
    return found.isEmpty() ? ToolOutput.of("No files found") : lines(found, cut);
  }

  private static ToolOutput grep(ToolContext context, ObjectNode arguments) {
    String pattern = arguments.path("pattern").asText();
    if (pattern.isEmpty()) {
      return ToolOutput.error("pattern is empty. Give the text to look for.");
    }
    String root = root(context, arguments);
    String mode = arguments.path("output_mode").asText("files_with_matches");
    int max = Math.min(MATCHES_MAX, arguments.path("max_count").asInt(MATCHES_MAX));
    Optional<Glob> only =
        arguments.has("glob")
            ? Optional.of(Glob.of(relative(arguments.path("glob").asText(), root)))
            : Optional.empty();
    List<String> out = new ArrayList<>();
    int matches = 0;
    long readBytes = 0;
    boolean cut = false;
    for (Vm.FileStat file : files(context, root)) {
      if (only.isPresent() && !only.get().matches(below(root, file.path()))) {
        continue;
      }
      if (matches == max || readBytes > GREP_TOTAL_MAX) {
        cut = true;
        break;
      }
      if (file.size() > GREP_FILE_MAX) {
        continue;
      }
      readBytes += file.size();
      List<String> hits = hits(context, file.path(), pattern);
      cut |= hits.size() > max - matches;
      hits = hits.subList(0, Math.min(hits.size(), max - matches));
      matches += hits.size();
      if (!hits.isEmpty()) {
        switch (mode) {
          case "content" -> {
            out.add(file.path() + ":");
            out.addAll(hits);
          }
          case "count" -> out.add(file.path() + ": " + hits.size());
          default -> out.add(file.path());
        }
      }
    }
    if (out.isEmpty()) {
      return ToolOutput.of(
          LOOKS_LIKE_REGEX.matcher(pattern).matches()
              ? "No matches found. The pattern is taken literally, not as a regular expression."
              : "No matches found");
    }
    return lines(out, cut);
  }

  private static List<Vm.FileStat> files(ToolContext context, String root) {
    Vm.FileStat stat = context.workspace().stat(root);
    List<Vm.FileStat> all =
        stat.type().equals("directory") ? context.workspace().list(root, true) : List.of(stat);
    return all.stream().filter(f -> f.type().equals("file")).toList();
  }

  private static List<String> hits(ToolContext context, String path, String pattern) {
    byte[] body;
    try {
      body = context.workspace().read(path, 0, GREP_FILE_MAX);
    } catch (ChoirException e) {
      if (e.code().equals("file_not_found") || e.code().equals("permission_denied")) {
        return List.of(); // gone or closed since it was listed: other files still count
      }
      throw e;
    }
    List<String> hits = new ArrayList<>();
    int number = 0;
    for (String line : FileTools.text(body).map(t -> t.lines().toList()).orElse(List.of())) {
      number++;
      if (line.contains(pattern)) {
        hits.add("  " + number + ": " + Strings.brief(line, TextPage.LINE_MAX));
      }
    }
    return hits;
  }

  private static String root(ToolContext context, ObjectNode arguments) {
    return GuestPath.resolve(arguments.path("path").asText(""), context.home());
  }

  /** Models often write the search root into the pattern; it may lead nowhere else. */
  private static String relative(String pattern, String root) {
    return GuestPath.within(pattern, root) ? pattern.substring(root.length()) : pattern;
  }

  private static String below(String root, String path) {
    if (path.equals(root)) {
      return path.substring(path.lastIndexOf('/') + 1);
    }
    return path.substring(root.equals("/") ? 1 : root.length() + 1);
  }

  /** The lines, as many as fit; says when some are missing. */
  static ToolOutput lines(List<String> lines, boolean cut) {
    StringBuilder out = new StringBuilder();
    boolean missing = cut;
    for (String line : lines) {
      if (out.length() + line.length() > OUTPUT_MAX) {
        missing = true;
        break;
      }
      out.append(line).append('\n');
    }
    if (missing) {
      out.append("[results truncated, try being more specific]\n");
    }
    out.setLength(out.length() - 1);
    return ToolOutput.of(out.toString());
  }
}
