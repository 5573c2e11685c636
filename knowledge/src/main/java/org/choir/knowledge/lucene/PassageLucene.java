package org.choir.knowledge.lucene;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.FieldExistsQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.search.TermInSetQuery;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;
import org.choir.core.ChoirException;
import org.choir.knowledge.IndexRow;
import org.choir.knowledge.PassageIndex;
import org.jspecify.annotations.Nullable;

/**
 * Passages in Lucene: words by BM25, vectors by HNSW, each model's vectors in a field of their own.
 */
public final class PassageLucene implements PassageIndex.ByWords, PassageIndex.ByVectors {
  private static final double BUFFER_MEGABYTES = 128;

  /** The graph is searched wider than asked, which is what makes it find the true neighbours. */
  private static final int WIDTH_MIN = 128;

  private static final int TERMS_MAX = 512;

  private final Path folder;
  private final FSDirectory directory;
  private final IndexWriter writer;
  private final SearcherManager searchers;

  private PassageLucene(Path folder, FSDirectory directory, IndexWriter writer) throws IOException {
    this.folder = folder;
    this.directory = directory;
    this.writer = writer;
    this.searchers = new SearcherManager(writer, null);
  }

  /**
   * Opens the index in a folder; one that cannot be read is begun anew, empty.
   *
   * @throws ChoirException {@code index_folder}
   */
  public static PassageLucene open(Path folder) {
    try {
      Files.createDirectories(folder);
      try {
        return on(folder, IndexWriterConfig.OpenMode.CREATE_OR_APPEND);
      } catch (org.apache.lucene.index.CorruptIndexException
          | org.apache.lucene.index.IndexFormatTooOldException
          | org.apache.lucene.index.IndexFormatTooNewException
          | java.nio.file.NoSuchFileException damaged) {
        // It is made from PostgreSQL and can be made again.
        return on(folder, IndexWriterConfig.OpenMode.CREATE);
      }
    } catch (IOException e) {
      throw failed("open the index in " + folder, e);
    }
  }

  private static PassageLucene on(Path folder, IndexWriterConfig.OpenMode mode) throws IOException {
    FSDirectory directory = FSDirectory.open(folder);
    try {
      return new PassageLucene(
          folder,
          directory,
          new IndexWriter(
              directory,
              new IndexWriterConfig(Words.analyzer())
                  .setOpenMode(mode)
                  .setCodec(WideVectors.codec())
                  .setRAMBufferSizeMB(BUFFER_MEGABYTES)));
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  static ChoirException failed(String what, IOException e) {
    return ChoirException.fatal(
        "index_folder",
        "cannot " + what + ": " + e.getMessage(),
        "check the space on the disk, then: choir kb rebuild",
        e);
  }

  @Override
  public void put(String article, List<IndexRow> rows) {
    try {
      writer.updateDocuments(
          new Term("article", article), rows.stream().map(RowDocument::of).toList());
    } catch (IOException e) {
      throw failed("index the article " + article, e);
    }
  }

  @Override
  public void remove(String article) {
    try {
      writer.deleteDocuments(new Term("article", article));
    } catch (IOException e) {
      throw failed("take the article " + article + " out", e);
    }
  }

  @Override
  public void commit() {
    try {
      writer.commit();
      searchers.maybeRefreshBlocking();
    } catch (IOException e) {
      throw failed("write the index", e);
    }
  }

  /** Something asked of one state of the index. */
  private interface Asking<T> {
    T ask(IndexSearcher searcher) throws IOException;
  }

  private <T> T ask(Asking<T> asking) {
    try {
      IndexSearcher searcher = searchers.acquire();
      try {
        return asking.ask(searcher);
      } finally {
        searchers.release(searcher);
      }
    } catch (IOException e) {
      throw failed("search the index", e);
    }
  }

  @Override
  public Found words(String question, Filter filter, int limit) {
    Set<String> terms = new LinkedHashSet<>();
    Words.terms(question).stream().limit(TERMS_MAX).forEach(t -> terms.add(t.text()));
    if (terms.isEmpty()) {
      return new Found(List.of(), 0, 0);
    }
    return ask(
        searcher -> {
          BooleanQuery.Builder query = new BooleanQuery.Builder();
          terms.forEach(
              t -> query.add(new TermQuery(new Term("words", t)), BooleanClause.Occur.SHOULD));
          @Nullable Query narrowed = query(filter);
          Query all = query.build();
          Query asked =
              narrowed == null
                  ? all
                  : new BooleanQuery.Builder()
                      .add(all, BooleanClause.Occur.MUST)
                      .add(narrowed, BooleanClause.Occur.FILTER)
                      .build();
          TopDocs top = searcher.search(asked, limit);
          List<Hit> hits = hits(searcher, top);
          double coverage = hits.isEmpty() ? 0 : coverage(searcher, terms, top.scoreDocs[0].doc);
          return new Found(hits, coverage, terms.size());
        });
  }

  /** The share of the question's rarity that this document has. */
  private static double coverage(IndexSearcher searcher, Set<String> terms, int document)
      throws IOException {
    Set<String> has = new java.util.HashSet<>();
    Document stored = searcher.storedFields().document(document);
    String words = stored.get("title") + "\n" + stored.get("section") + "\n" + stored.get("text");
    Words.terms(words).forEach(t -> has.add(t.text()));
    double all = 0;
    double met = 0;
    int documents = Math.max(1, searcher.getIndexReader().numDocs());
    for (String term : terms) {
      double with = searcher.getIndexReader().docFreq(new Term("words", term));
      double rarity = Math.log(1 + (documents - with + 0.5) / (with + 0.5));
      all += rarity;
      met += has.contains(term) ? rarity : 0;
    }
    return all == 0 ? 0 : met / all;
  }

  private static @Nullable Query query(Filter filter) {
    if (filter.isAll()) {
      return null;
    }
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    query.add(MatchAllDocsQuery.INSTANCE, BooleanClause.Occur.FILTER);
    any(query, "field", filter.fields());
    any(query, "author", filter.authors());
    if (filter.from() != Long.MIN_VALUE || filter.to() != Long.MAX_VALUE) {
      long last = filter.to() == Long.MAX_VALUE ? Long.MAX_VALUE : filter.to() - 1;
      query.add(
          LongPoint.newRangeQuery("published", filter.from(), last), BooleanClause.Occur.FILTER);
    }
    return query.build();
  }

  private static void any(BooleanQuery.Builder query, String field, Set<String> values) {
    if (!values.isEmpty()) {
      query.add(
          new TermInSetQuery(field, values.stream().map(BytesRef::new).toList()),
          BooleanClause.Occur.FILTER);
    }
  }

  @Override
  public List<Hit> nearest(float[] vector, String model, Filter filter, int limit) {
    return ask(
        searcher -> {
          int width = Math.max(WIDTH_MIN, limit);
          Query query =
              new KnnFloatVectorQuery(RowDocument.vectors(model), vector, width, query(filter));
          return hits(searcher, searcher.search(query, limit)).stream()
              // Lucene's score of a dot product is (1 + dot) / 2.
              .map(h -> new Hit(h.key(), h.article(), 2 * h.score() - 1))
              .toList();
        });
  }

  @Override
  public long embedded(String model) {
    return ask(searcher -> (long) searcher.count(new FieldExistsQuery(RowDocument.vectors(model))));
  }

  private static List<Hit> hits(IndexSearcher searcher, TopDocs top) throws IOException {
    StoredFields stored = searcher.storedFields();
    List<Hit> hits = new ArrayList<>(top.scoreDocs.length);
    for (ScoreDoc each : top.scoreDocs) {
      Document document = stored.document(each.doc, Set.of("key", "article"));
      hits.add(new Hit(document.get("key"), document.get("article"), each.score));
    }
    return hits;
  }

  @Override
  public List<IndexRow> rows(List<String> keys) {
    return ask(
        searcher -> {
          Map<String, IndexRow> found = new HashMap<>();
          Query query = new TermInSetQuery("key", keys.stream().map(BytesRef::new).toList());
          if (!keys.isEmpty()) {
            for (ScoreDoc each : searcher.search(query, keys.size()).scoreDocs) {
              IndexRow row =
                  RowDocument.row(searcher.storedFields().document(each.doc), new float[0]);
              found.put(row.key(), row);
            }
          }
          return keys.stream().filter(found::containsKey).map(found::get).toList();
        });
  }

  @Override
  public List<IndexRow> rows() {
    return ask(
        searcher -> {
          List<IndexRow> rows = new ArrayList<>();
          for (LeafReaderContext leaf : searcher.getIndexReader().leaves()) {
            rows.addAll(RowDocument.rows(leaf));
          }
          rows.sort(Comparator.comparing(IndexRow::key));
          return rows;
        });
  }

  @Override
  public Map<String, Held> held() {
    return ask(
        searcher -> {
          Map<String, Held> held = new HashMap<>();
          for (LeafReaderContext leaf : searcher.getIndexReader().leaves()) {
            Bits live = leaf.reader().getLiveDocs();
            StoredFields stored = leaf.reader().storedFields();
            for (int doc = 0; doc < leaf.reader().maxDoc(); doc++) {
              if (live == null || live.get(doc)) {
                Document document = stored.document(doc, Set.of("article", "version", "model"));
                held.put(
                    document.get("article"),
                    new Held(
                        document.getField("version").numericValue().intValue(),
                        document.get("model")));
              }
            }
          }
          return held;
        });
  }

  @Override
  public void drop() {
    close();
    LuceneShelf.delete(folder);
  }

  @Override
  public void close() {
    try (directory;
        writer;
        searchers) {
      writer.commit();
    } catch (IOException e) {
      throw new UncheckedIOException("the index did not close", e);
    }
  }
}
