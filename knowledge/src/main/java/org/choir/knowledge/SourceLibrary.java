package org.choir.knowledge;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.choir.core.Digest;
import org.choir.model.Embedder;

/**
 * The reader's own documents: read, stored by content hash, cut into passages, indexed, searched.
 * The index is kept between runs and follows the files. Thread-safe.
 */
public final class SourceLibrary implements AutoCloseable {
  private SourceLibrary() {}

  /**
   * Opens the library in a folder it owns; the embedder is asked lazily, for the candidates of a
   * search only.
   */
  public static SourceLibrary open(Path folder, Embedder embedder) {
    throw new UnsupportedOperationException();
  }

  /** Is told how a reading goes on; calls come from one thread at a time. */
  @FunctionalInterface
  public interface Progress {
    /** So many of so many files are done. */
    void at(int done, int total);
  }

  /**
   * Reads folders and files, or brings what was read before up to date.
   *
   * @throws org.choir.core.ChoirException {@code no_such_source} for a path that does not exist,
   *     {@code no_documents} if nothing under the paths can be read
   */
  public SourceSet read(List<Path> roots, Progress progress) {
    throw new UnsupportedOperationException();
  }

  /** The set with this id, as it was read; empty if its index has been thrown away. */
  public Optional<SourceSet> set(String id) {
    throw new UnsupportedOperationException();
  }

  /**
   * The passages of a set that best answer a question: BM25 candidates (at most 200), re-ranked
   * with the embedding model, near-duplicates removed, best first. The same set and question give
   * the same answer.
   */
  public List<Passage> search(String setId, String question, int limit) {
    throw new UnsupportedOperationException();
  }

  /** The passage of a set with this key. */
  public Optional<Passage> passage(String setId, String key) {
    throw new UnsupportedOperationException();
  }

  /** The passages of one source in their order, overlapping none. */
  public List<Passage> passages(String setId, Digest source) {
    throw new UnsupportedOperationException();
  }

  /** The stored extracted text of a source. */
  public Optional<String> text(Digest source) {
    throw new UnsupportedOperationException();
  }

  /** What is known of a source. */
  public Optional<SourceDocument> document(Digest source) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
