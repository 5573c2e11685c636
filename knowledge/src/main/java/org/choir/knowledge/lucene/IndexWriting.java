package org.choir.knowledge.lucene;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.SortedDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.index.IndexNotFoundException;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.choir.core.Digest;

/**
 * One change of an index: sources come and go, and a reader sees all of it after the commit or
 * none. An index that is damaged or of another version is begun anew, empty; whoever writes adds
 * what is missing. Thread-safe but for the commit and the close.
 */
public final class IndexWriting implements AutoCloseable {
  // Raise it whenever analysis or fields change.
  static final String FORMAT = "1";
  static final String FORMAT_KEY = "choir.format";
  private static final double BUFFER_MEGABYTES = 64;
  private static final FieldType COUNTED = new FieldType();

  static {
    COUNTED.setTokenized(true);
    COUNTED.setOmitNorms(true);
    COUNTED.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
    COUNTED.freeze();
  }

  private final FSDirectory directory;
  private final IndexWriter writer;
  private final Set<Digest> sources;

  private IndexWriting(FSDirectory directory, IndexWriter writer, Set<Digest> sources) {
    this.directory = directory;
    this.writer = writer;
    this.sources = sources;
  }

  /** Opens the index in a folder for a change, creating it if need be. One at a time per folder. */
  public static IndexWriting open(Path folder) throws IOException {
    Files.createDirectories(folder);
    Set<Digest> sources = usable(folder);
    FSDirectory directory = FSDirectory.open(folder);
    try {
      IndexWriterConfig config =
          new IndexWriterConfig(Words.analyzer())
              .setRAMBufferSizeMB(BUFFER_MEGABYTES)
              .setCommitOnClose(false);
      return new IndexWriting(directory, new IndexWriter(directory, config), sources);
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  /** The sources of the index as it lies there; what cannot be used is thrown away. */
  private static Set<Digest> usable(Path folder) throws IOException {
    try (FSDirectory directory = FSDirectory.open(folder);
        DirectoryReader reader = DirectoryReader.open(directory)) {
      if (FORMAT.equals(reader.getIndexCommit().getUserData().get(FORMAT_KEY))) {
        return IndexView.sources(reader);
      }
    } catch (IndexNotFoundException none) {
      // There is no commit; what an interrupted first writing left goes below.
    } catch (CorruptIndexException
        | IndexFormatTooNewException
        | IndexFormatTooOldException
        | java.io.EOFException
        | java.nio.file.NoSuchFileException
        | IllegalArgumentException damaged) {
      // It is made from the stored texts and can be made again.
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        // The lock file may be held by a writer that is about to fail on it, not on a missing file.
        if (!file.endsWith(IndexWriter.WRITE_LOCK_NAME)) {
          Files.delete(file);
        }
      }
    }
    return Set.of();
  }

  /** The sources that were in the index when the change began. */
  public Set<Digest> sources() {
    return sources;
  }

  /** Puts the passages of a source in, in their order, in place of what was there of it. */
  public void put(Digest source, List<IndexedPassage> passages) throws IOException {
    List<Document> documents = new ArrayList<>(passages.size());
    for (int i = 0; i < passages.size(); i++) {
      documents.add(document(source, i, passages.get(i)));
    }
    writer.updateDocuments(new Term("source", source.hex()), documents);
  }

  /** Takes a source out. */
  public void remove(Digest source) throws IOException {
    writer.deleteDocuments(new Term("source", source.hex()));
  }

  /** Makes the change visible and lasting. */
  public void commit() throws IOException {
    writer.setLiveCommitData(Map.of(FORMAT_KEY, FORMAT).entrySet());
    writer.commit();
  }

  /** Ends the change; what was not committed is gone. */
  @Override
  public void close() throws IOException {
    try (directory) {
      writer.rollback();
    }
  }

  private static Document document(Digest source, int ordinal, IndexedPassage passage) {
    Document document = new Document();
    document.add(new StringField("source", source.hex(), Field.Store.NO));
    document.add(new SortedDocValuesField("source", new BytesRef(source.hex())));
    document.add(new StringField("key", passage.key(), Field.Store.NO));
    document.add(new NumericDocValuesField("ordinal", ordinal));
    document.add(new NumericDocValuesField("prose", passage.prose()));
    String[] texts = {passage.title(), passage.section(), passage.body()};
    for (int field = 0; field < texts.length; field++) {
      String name = Weighing.FIELDS[field];
      document.add(new Field(name, texts[field], COUNTED));
      document.add(new NumericDocValuesField("length." + name, words(texts[field])));
    }
    return document;
  }

  private static int words(String text) {
    int words = 0;
    boolean inside = false;
    for (int i = 0; i < text.length(); i++) {
      boolean letter = Character.isLetterOrDigit(text.charAt(i));
      words += letter && !inside ? 1 : 0;
      inside = letter;
    }
    return words;
  }
}
