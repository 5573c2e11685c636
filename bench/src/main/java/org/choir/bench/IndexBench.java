package org.choir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.SourceSet;
import org.choir.model.bge.BgeEmbedder;

/**
 * Reading and indexing a folder of documents, cold and unchanged, and a search. The yardstick is
 * what nobody can avoid: reading the same bytes and taking their SHA-256 on one core.
 */
final class IndexBench implements Benches.Bench {
  /** Where Debian's package postgresql-doc-15 puts the manual: about 1,200 pages. */
  static final Path MANUAL = Path.of("/usr/share/doc/postgresql-doc-15/html");

  private static final List<String> QUESTIONS =
      List.of(
          "How does autovacuum decide when to vacuum a table?",
          "What is the difference between logical and streaming replication?",
          "How do I restore a database to a point in time?",
          "Which isolation levels are there and what do they prevent?",
          "How are hash indexes different from B-tree indexes?");

  @Override
  public List<Figure> run(Path scratch, List<String> arguments, PrintStream progress)
      throws IOException {
    Path documents = documents(arguments);
    progress.println("index: reading " + documents);
    long bytes = 0;
    long files = 0;
    long start = System.nanoTime();
    MessageDigest digest = Digest.sha256();
    try (Stream<Path> all = Files.walk(documents)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        byte[] body = Files.readAllBytes(file);
        digest.update(body);
        bytes += body.length;
        files++;
      }
    }
    double yardstick = seconds(start);
    String input = files + " files, " + (bytes >> 20) + " MiB";
    try (BgeEmbedder embedder = new BgeEmbedder();
        SourceLibrary library = SourceLibrary.open(scratch.resolve("sources"), embedder)) {
      start = System.nanoTime();
      SourceSet set = library.read(List.of(documents), (done, total) -> {});
      double cold = seconds(start);
      start = System.nanoTime();
      library.read(List.of(documents), (done, total) -> {});
      double unchanged = seconds(start);
      progress.println("index: searching");
      double first = search(library, set.id());
      double again = search(library, set.id());
      String asked = QUESTIONS.size() + " questions, " + set.documents().size() + " documents";
      return List.of(
          new Figure(
              "index", "yardstick: read and SHA-256, one core", input, format(yardstick), ""),
          new Figure(
              "index",
              "read, extract and index, cold",
              input,
              format(cold),
              ratio(cold / yardstick)),
          new Figure(
              "index",
              "read again, unchanged",
              input,
              format(unchanged),
              ratio(unchanged / yardstick)),
          new Figure(
              "index", "search, candidates not embedded yet", asked, format(first) + " each", ""),
          new Figure(
              "index",
              "search again, vectors not kept",
              asked,
              format(again) + " each",
              ratio(again / first) + " of first"));
    }
  }

  /** The folder named, or the PostgreSQL manual. */
  static Path documents(List<String> arguments) {
    Path documents = arguments.isEmpty() ? MANUAL : Path.of(arguments.getFirst());
    if (!Files.isDirectory(documents)) {
      throw ChoirException.usage(
          "no_such_source",
          "there is no folder " + documents,
          "install the package postgresql-doc-15 or name a folder of documents");
    }
    return documents;
  }

  private static double search(SourceLibrary library, String set) {
    long start = System.nanoTime();
    for (String question : QUESTIONS) {
      library.search(set, question, 10);
    }
    return seconds(start) / QUESTIONS.size();
  }

  static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  static String format(double seconds) {
    return String.format(Locale.ROOT, seconds < 1 ? "%.3f s" : "%.1f s", seconds);
  }

  static String ratio(double ratio) {
    return String.format(Locale.ROOT, ratio < 10 ? "%.2f x" : "%.0f x", ratio);
  }
}
