package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.sandbox.Vm;

/** {@code ls read_file write_file edit_file delete}. */
final class FileTools {
  /** Larger files are not read into an answer or edited. */
  static final int FILE_MAX = 16 << 20;

  private FileTools() {}

  static List<Tool> all() {
    ObjectNode path = BuiltIns.property("string", "absolute path in the machine");
    return List.of(
        BuiltIns.of(
            "ls",
            "Lists a folder, one path per line; folders end with a slash.",
            BuiltIns.schema(List.of(), Map.of("path", path)),
            FileTools::ls),
        BuiltIns.of(
            "read_file",
            "Shows a text file with line numbers, 100 lines a page unless limit says otherwise.",
            BuiltIns.schema(
                List.of("file_path"),
                Map.of(
                    "file_path", path,
                    "offset", BuiltIns.property("integer", "lines to skip, 0 by default"),
                    "limit", BuiltIns.property("integer", "lines to show, 100 by default"))),
            FileTools::read),
        BuiltIns.of(
            "write_file",
            "Writes a text file whole, replacing what was there; missing folders are made.",
            BuiltIns.schema(
                List.of("file_path", "content"),
                Map.of(
                    "file_path", path, "content", BuiltIns.property("string", "the whole text"))),
            FileTools::write),
        BuiltIns.of(
            "edit_file",
            "Replaces a literal string in a text file. Read the file first.",
            BuiltIns.schema(
                List.of("file_path", "old_string", "new_string"),
                Map.of(
                    "file_path", path,
                    "old_string", BuiltIns.property("string", "the exact text to replace"),
                    "new_string", BuiltIns.property("string", "what stands there afterwards"),
                    "replace_all",
                        BuiltIns.property(
                            "boolean", "replace every occurrence, false by default"))),
            FileTools::edit),
        BuiltIns.of(
            "delete",
            "Deletes a file, or a folder with all it holds.",
            BuiltIns.schema(List.of("file_path"), Map.of("file_path", path)),
            FileTools::delete));
  }

  private static ToolOutput ls(ToolContext context, ObjectNode arguments) {
    String path = GuestPath.resolve(arguments.path("path").asText(""), context.home());
    List<String> lines =
        context.workspace().list(path, false).stream()
            .map(f -> f.type().equals("directory") ? f.path() + "/" : f.path())
            .toList();
    return lines.isEmpty() ? ToolOutput.of("No files found") : SearchTools.lines(lines, false);
  }

  private static ToolOutput read(ToolContext context, ObjectNode arguments) {
    String path = path(context, arguments);
    Vm.FileStat stat = context.workspace().stat(path);
    if (stat.type().equals("directory")) {
      return ToolOutput.error("'" + path + "' is a folder (not_a_file). Use ls to list it.");
    }
    if (stat.size() > FILE_MAX) {
      return ToolOutput.error(
          "'"
              + path
              + "' has "
              + stat.size()
              + " bytes, more than read_file shows ("
              + FILE_MAX
              + "). Use execute with head, tail or sed -n to see a part.");
    }
    byte[] body = context.workspace().read(path, 0, FILE_MAX);
    return text(body)
        .map(
            content ->
                TextPage.of(
                    content, arguments.path("offset").asInt(0), arguments.path("limit").asInt(100)))
        .orElseGet(() -> binary(path, body.length));
  }

  private static ToolOutput write(ToolContext context, ObjectNode arguments) {
    String path = path(context, arguments);
    String content = Strings.sound(arguments.path("content").asText());
    context.workspace().write(path, content.getBytes(StandardCharsets.UTF_8));
    return ToolOutput.of("Updated file " + path);
  }

  private static ToolOutput edit(ToolContext context, ObjectNode arguments) {
    String path = path(context, arguments);
    byte[] body = context.workspace().read(path, 0, FILE_MAX + 1L);
    Optional<String> content = text(body);
    if (content.isEmpty() || body.length > FILE_MAX) {
      return binary(path, body.length);
    }
    TextEdit edit =
        TextEdit.of(
            content.get(),
            arguments.path("old_string").asText(),
            Strings.sound(arguments.path("new_string").asText()),
            arguments.path("replace_all").asBoolean(false));
    if (!edit.problem().isEmpty()) {
      return ToolOutput.error("'" + path + "' is unchanged. " + edit.problem());
    }
    context.workspace().write(path, edit.content().getBytes(StandardCharsets.UTF_8));
    return ToolOutput.of(
        "Successfully replaced " + edit.count() + " instance(s) of the string in '" + path + "'");
  }

  private static ToolOutput delete(ToolContext context, ObjectNode arguments) {
    String path = path(context, arguments);
    context.workspace().delete(path);
    return ToolOutput.of("Deleted " + path);
  }

  private static ToolOutput binary(String path, int size) {
    return ToolOutput.error(
        "'"
            + path
            + "' ("
            + size
            + " bytes) is not a text file of a size this tool takes. Use"
            + " execute with a program that understands it.");
  }

  private static String path(ToolContext context, ObjectNode arguments) {
    return GuestPath.resolve(arguments.path("file_path").asText(), context.home());
  }

  /** The text, unless the bytes are not UTF-8 or hold a NUL. */
  static Optional<String> text(byte[] body) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
      return text.indexOf('\0') >= 0 ? Optional.empty() : Optional.of(text);
    } catch (CharacterCodingException notText) {
      return Optional.empty();
    }
  }
}
