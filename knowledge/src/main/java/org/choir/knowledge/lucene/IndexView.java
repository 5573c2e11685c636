package org.choir.knowledge.lucene;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.index.IndexNotFoundException;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.MultiTerms;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.choir.core.Digest;

/**
 * An index as one set of sources sees it: exactly their passages, with statistics of these alone.
 * What else the index holds, in which order it was written and how its segments were merged cannot
 * be seen in an answer. That is why it counts and sums itself, in the order of the question's
 * terms, instead of asking Lucene's own scorer, whose statistics are the index's and whose sums
 * depend on its segments. Thread-safe.
 */
public final class IndexView implements AutoCloseable {
  /** A term of a question and how much it counts, 0 to 1. */
  public record Weighted(String term, double weight) {}

  /**
   * A passage that a search found.
   *
   * @param ordinal its number in the source
   * @param match 0 to below 1: the share of the most that the question's terms could give
   * @param prose as the cutter judged it, 0 to 100
   */
  public record Hit(Digest source, int ordinal, double match, int prose) {}

  private static final Comparator<Hit> BEST_FIRST =
      Comparator.comparingDouble(Hit::match)
          .reversed()
          .thenComparing(hit -> hit.source().hex())
          .thenComparingInt(Hit::ordinal);

  private final FSDirectory directory;
  private final DirectoryReader reader;
  private final List<LeafView> leaves;
  private final long passages;
  private final double[] averageLengths;

  private IndexView(
      FSDirectory directory,
      DirectoryReader reader,
      List<LeafView> leaves,
      long passages,
      double[] averageLengths) {
    this.directory = directory;
    this.reader = reader;
    this.leaves = leaves;
    this.passages = passages;
    this.averageLengths = averageLengths;
  }

  /** Opens the view of these sources; empty if the index lacks one of them or cannot be used. */
  public static Optional<IndexView> open(Path folder, Set<Digest> sources) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    FSDirectory directory = FSDirectory.open(folder);
    DirectoryReader reader = null;
    boolean opened = false;
    try {
      reader = DirectoryReader.open(directory);
      String format = reader.getIndexCommit().getUserData().get(IndexWriting.FORMAT_KEY);
      if (!IndexWriting.FORMAT.equals(format)) {
        return Optional.empty();
      }
      Optional<IndexView> view = over(directory, reader, sources);
      opened = view.isPresent();
      return view;
    } catch (IndexNotFoundException
        | CorruptIndexException
        | IndexFormatTooNewException
        | IndexFormatTooOldException
        | EOFException
        | NoSuchFileException
        | IllegalArgumentException unusable) {
      return Optional.empty();
    } finally {
      if (!opened) {
        if (reader != null) {
          reader.close();
        }
        directory.close();
      }
    }
  }

  private static Optional<IndexView> over(
      FSDirectory directory, DirectoryReader reader, Set<Digest> sources) throws IOException {
    Set<String> wanted = new HashSet<>();
    sources.forEach(source -> wanted.add(source.hex()));
    Set<String> found = new HashSet<>();
    List<LeafView> leaves = new ArrayList<>();
    long passages = 0;
    long[] lengths = new long[Weighing.FIELDS.length];
    for (LeafReaderContext context : reader.leaves()) {
      LeafView leaf = LeafView.of(context.reader(), wanted, found);
      leaves.add(leaf);
      passages += leaf.passages();
      for (int field = 0; field < lengths.length; field++) {
        lengths[field] += leaf.totalLength(field);
      }
    }
    if (found.size() < wanted.size()) {
      return Optional.empty();
    }
    double[] averages = new double[lengths.length];
    for (int field = 0; field < lengths.length; field++) {
      averages[field] = (double) lengths[field] / Math.max(1, passages);
    }
    return Optional.of(new IndexView(directory, reader, leaves, passages, averages));
  }

  /** The sources of which the index holds passages. */
  static Set<Digest> sources(DirectoryReader reader) throws IOException {
    Set<Digest> sources = new HashSet<>();
    Terms terms = MultiTerms.getTerms(reader, "source");
    if (terms == null) {
      return sources;
    }
    TermsEnum each = terms.iterator();
    for (BytesRef term = each.next(); term != null; term = each.next()) {
      String source = term.utf8ToString();
      for (LeafReaderContext leaf : reader.leaves()) {
        PostingsEnum documents =
            leaf.reader().postings(new Term("source", source), PostingsEnum.NONE);
        if (documents != null && anyLive(documents, leaf)) {
          sources.add(new Digest(source));
          break;
        }
      }
    }
    return sources;
  }

  private static boolean anyLive(PostingsEnum documents, LeafReaderContext leaf)
      throws IOException {
    var live = leaf.reader().getLiveDocs();
    for (int doc = documents.nextDoc();
        doc != DocIdSetIterator.NO_MORE_DOCS;
        doc = documents.nextDoc()) {
      if (live == null || live.get(doc)) {
        return true;
      }
    }
    return false;
  }

  /** How telling a term is among the passages of this view; above 0. */
  public double rarity(String term) throws IOException {
    long with = 0;
    for (LeafView leaf : leaves) {
      with += leaf.count(term, averageLengths).passages();
    }
    return Weighing.rarity(with, passages);
  }

  /** The passages that match best, at most so many, best first. */
  public List<Hit> search(List<Weighted> terms, int limit) throws IOException {
    double[][] scores = new double[leaves.size()][];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = new double[leaves.get(i).documents()];
    }
    double most = 0;
    for (Weighted term : terms) {
      List<LeafView.Counts> counts = new ArrayList<>(leaves.size());
      long with = 0;
      for (LeafView leaf : leaves) {
        LeafView.Counts count = leaf.count(term.term(), averageLengths);
        counts.add(count);
        with += count.passages();
      }
      double worth = term.weight() * Weighing.rarity(with, passages);
      most += worth;
      for (int i = 0; i < scores.length; i++) {
        counts.get(i).addTo(scores[i], worth);
      }
    }
    return best(scores, most, limit);
  }

  private List<Hit> best(double[][] scores, double most, int limit) throws IOException {
    PriorityQueue<Hit> best = new PriorityQueue<>(limit + 1, BEST_FIRST.reversed());
    for (int i = 0; i < scores.length; i++) {
      for (int doc = 0; doc < scores[i].length; doc++) {
        double match = scores[i][doc] / most;
        if (scores[i][doc] > 0 && (best.size() < limit || match >= best.element().match())) {
          best.add(leaves.get(i).hit(doc, match));
          if (best.size() > limit) {
            best.remove();
          }
        }
      }
    }
    List<Hit> sorted = new ArrayList<>(best);
    sorted.sort(BEST_FIRST);
    return sorted;
  }

  /** The passage with this key. */
  public Optional<Hit> find(String key) throws IOException {
    List<Hit> hits = new ArrayList<>();
    for (LeafView leaf : leaves) {
      leaf.find(key, hits);
    }
    hits.sort(BEST_FIRST);
    return hits.stream().findFirst();
  }

  @Override
  public void close() throws IOException {
    try (directory) {
      reader.close();
    }
  }
}
