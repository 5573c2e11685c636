package org.choir.knowledge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jsoup.Jsoup;

/**
 * Makes the shipped tables of {@link EnglishHabits} from folders of HTML documentation:
 *
 * <pre>java ... org.choir.knowledge.EnglishHabitsTrainer OUT FOLDER...</pre>
 *
 * The shipped ones were made from the Debian packages postgresql-doc-15, debian-policy and git-doc.
 */
final class EnglishHabitsTrainer {
  private EnglishHabitsTrainer() {}

  public static void main(String[] arguments) throws IOException {
    List<String> texts = new ArrayList<>();
    for (String folder : List.of(arguments).subList(1, arguments.length)) {
      texts.addAll(texts(Path.of(folder)));
    }
    EnglishHabits.learn(texts).write(Files.newOutputStream(Path.of(arguments[0])));
  }

  /** The paragraphs of each HTML page below a folder, one text per page. */
  static List<String> texts(Path folder) throws IOException {
    List<String> texts = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file :
          files
              .filter(f -> f.toString().endsWith(".html") && Files.isRegularFile(f))
              .sorted()
              .toList()) {
        texts.add(
            String.join("\n", Jsoup.parse(Files.readString(file)).select("p, li > p").eachText()));
      }
    }
    return texts;
  }
}
