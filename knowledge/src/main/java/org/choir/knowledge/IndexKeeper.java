package org.choir.knowledge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.knowledge.lucene.IndexWriting;
import org.choir.knowledge.lucene.IndexedPassage;
import org.jspecify.annotations.Nullable;

/**
 * One change of the index of some roots, opened at the first need of it. The index is made of
 * nothing but stored documents, so whatever it lacks is put in from there. Thread-safe but for
 * {@link #commit} and {@link #close}.
 */
final class IndexKeeper implements AutoCloseable {
  private final Path folder;
  private final DocumentCache documents;
  private final Set<Digest> added = new HashSet<>();
  private @Nullable IndexWriting writing;

  IndexKeeper(Path folder, DocumentCache documents) {
    this.folder = folder;
    this.documents = documents;
  }

  /** Sees to it that the index has a document. */
  void put(StoredDocument document) {
    try {
      IndexWriting index = opened();
      if (index.sources().contains(document.id()) || !claim(document.id())) {
        return;
      }
      List<IndexedPassage> passages = new ArrayList<>(document.cuts().size());
      for (Passage passage : document.passages("")) {
        int ordinal = passages.size();
        passages.add(
            new IndexedPassage(
                passage.key(),
                document.title(),
                passage.section(),
                passage.text(),
                document.cuts().get(ordinal).prose()));
      }
      index.put(document.id(), passages);
    } catch (IOException e) {
      throw Disk.failure("write the index " + folder, e);
    }
  }

  /** Puts in what the index lacks of these sources. */
  void complete(Set<Digest> sources) {
    Set<Digest> there = open().sources();
    for (Digest source : sources) {
      if (!there.contains(source) && !has(source)) {
        Optional<StoredDocument> document = documents.load(source);
        put(
            document.orElseThrow(
                () ->
                    ChoirException.fatal(
                        "source_lost",
                        "the stored text of the source " + source.prefix(12) + " is gone",
                        "read the folder again by starting a new run on it")));
      }
    }
  }

  /** Makes the change lasting. */
  void commit() {
    try {
      opened().commit();
    } catch (IOException e) {
      throw Disk.failure("write the index " + folder, e);
    }
  }

  /** Makes the change lasting and takes out what is in none of the sets in use. */
  void commit(Set<Digest> used) {
    try {
      IndexWriting index = opened();
      for (Digest source : index.sources()) {
        if (!used.contains(source)) {
          index.remove(source);
        }
      }
      index.commit();
    } catch (IOException e) {
      throw Disk.failure("write the index " + folder, e);
    }
  }

  /** Whether anything asked for the index. */
  synchronized boolean touched() {
    return writing != null;
  }

  private synchronized boolean claim(Digest source) {
    return added.add(source);
  }

  private synchronized boolean has(Digest source) {
    return added.contains(source);
  }

  private IndexWriting open() {
    try {
      return opened();
    } catch (IOException e) {
      throw Disk.failure("open the index " + folder, e);
    }
  }

  private synchronized IndexWriting opened() throws IOException {
    IndexWriting now = writing;
    if (now == null) {
      now = IndexWriting.open(folder);
      writing = now;
    }
    return now;
  }

  @Override
  public void close() {
    try {
      if (writing != null) {
        writing.close();
      }
    } catch (IOException e) {
      throw Disk.failure("close the index " + folder, e);
    }
  }
}
