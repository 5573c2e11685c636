package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.choir.core.ChoirException;

/** One request whose answer's {@code text} is for people. */
abstract class Asking extends Action {
  Asking(Context context) {
    super(context);
  }

  final int answer(String command, ObjectNode arguments) {
    ObjectNode result =
        ask(
            command,
            arguments,
            e -> say(e.has("read") ? e.path("read").asInt() + " of " + e.path("of").asInt() : ""));
    String text = result.path("text").asText();
    result.remove("text");
    print(result, text);
    return 0;
  }

  /**
   * A key under which a retry of the same command does nothing new, unless the person named one.
   */
  static String key(String named) {
    return named.isEmpty() ? UUID.randomUUID().toString() : named;
  }

  final String readable(String file) {
    Path path = context.absolute(file);
    if (!Files.isRegularFile(path)) {
      throw ChoirException.usage(
          "no_such_file", "there is no file " + path, "name a Markdown file");
    }
    return path.toString();
  }
}
