package org.choir.knowledge.lucene;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.knowledge.IndexShelf;
import org.choir.knowledge.PassageIndex;
import org.jspecify.annotations.Nullable;

/**
 * A folder with a Lucene index per model, and the name of the one that is searched. The vectors may
 * lie elsewhere. Belongs to one process; not thread-safe.
 */
public final class LuceneShelf implements IndexShelf {
  private static final System.Logger LOG = System.getLogger(LuceneShelf.class.getName());
  private static final String CURRENT = "current";
  private static final String MODEL = "model";

  private final Path folder;
  private final @Nullable Function<String, PassageIndex.ByVectors> elsewhere;

  private LuceneShelf(Path folder, @Nullable Function<String, PassageIndex.ByVectors> elsewhere) {
    this.folder = folder;
    this.elsewhere = elsewhere;
  }

  /** Words and vectors in Lucene. */
  public static LuceneShelf in(Path folder) {
    return new LuceneShelf(folder, null);
  }

  /**
   * Words in Lucene, vectors in another index.
   *
   * @param vectors opens the index of a model's vectors
   */
  public static LuceneShelf with(Path folder, Function<String, PassageIndex.ByVectors> vectors) {
    return new LuceneShelf(folder, vectors);
  }

  @Override
  public Optional<String> current() {
    return read(folder.resolve(CURRENT));
  }

  @Override
  public void current(String model) {
    write(folder.resolve(CURRENT), model);
  }

  @Override
  public Indexes open(String model) {
    Path own = folder.resolve(Digest.of(model).prefix(12));
    write(own.resolve(MODEL), model);
    PassageLucene index = PassageLucene.open(own.resolve("passages"));
    try {
      return new Indexes(model, index, elsewhere == null ? index : elsewhere.apply(model));
    } catch (RuntimeException e) {
      index.close();
      throw e;
    }
  }

  @Override
  public void keepOnly(Set<String> models) {
    for (Path own : folders()) {
      Optional<String> model = read(own.resolve(MODEL));
      if (model.isPresent() && !models.contains(model.get())) {
        try {
          if (elsewhere != null) {
            elsewhere.apply(model.get()).drop();
          }
          delete(own);
        } catch (ChoirException e) {
          LOG.log(
              System.Logger.Level.WARNING, "the indexes of " + model.get() + " stay for now", e);
        }
      }
    }
  }

  private List<Path> folders() {
    try (Stream<Path> all = Files.exists(folder) ? Files.list(folder) : Stream.empty()) {
      return all.filter(Files::isDirectory).toList();
    } catch (IOException e) {
      throw PassageLucene.failed("list the indexes in " + folder, e);
    }
  }

  private static Optional<String> read(Path file) {
    try {
      return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
    } catch (IOException e) {
      throw PassageLucene.failed("read " + file, e);
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      Path fresh = file.resolveSibling(file.getFileName() + ".new");
      Files.write(fresh, text.getBytes(StandardCharsets.UTF_8));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw PassageLucene.failed("write " + file, e);
    }
  }

  /**
   * Deletes a folder.
   *
   * @throws ChoirException {@code index_folder}
   */
  static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw PassageLucene.failed("delete " + folder, e);
    }
  }
}
