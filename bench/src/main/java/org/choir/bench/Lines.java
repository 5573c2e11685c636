package org.choir.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/** Reading the lines of an evaluation's file, one by one. */
final class Lines {
  private Lines() {}

  /** Each line that is not blank, with its number from 1. */
  static void each(Path file, BiConsumer<Integer, String> line) {
    if (!Files.isRegularFile(file)) {
      throw ChoirException.usage("no_such_file", "there is no file " + file, "check the spelling");
    }
    try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      int number = 0;
      for (String text = in.readLine(); text != null; text = in.readLine()) {
        number++;
        if (!text.isBlank()) {
          line.accept(number, text);
        }
      }
    } catch (IOException e) {
      throw ChoirException.fatal(
          "unreadable_file",
          file + " cannot be read as text in UTF-8: " + e.getMessage(),
          "check the file and its permissions",
          e);
    }
  }

  /** Each JSON object of a file of JSON lines. */
  static void objects(Path file, Consumer<ObjectNode> object) {
    each(
        file,
        (number, text) -> {
          try {
            object.accept(Json.parseObject(text));
          } catch (ChoirException e) {
            throw ChoirException.usage(
                "bad_line",
                file + ", line " + number + ": " + e.failure().message(),
                "each line is one JSON object");
          }
        });
  }

  /** A text field of an object; missing is an error that names it. */
  static String text(ObjectNode object, String field) {
    if (!object.path(field).isTextual()) {
      throw ChoirException.usage("bad_line", "a line has no text field '" + field + "'", "");
    }
    return object.path(field).asText();
  }
}
