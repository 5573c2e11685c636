package org.choir.knowledge.lucene;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.SortedDocValues;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.FixedBitSet;
import org.choir.core.Digest;

/** One segment of an index as one set of sources sees it. */
final class LeafView {
  private final LeafReader reader;
  private final FixedBitSet members;
  private final int passages;
  // Per field, per document; the fields are those of Weighing.
  private final int[][] lengths;

  private LeafView(LeafReader reader, FixedBitSet members, int[][] lengths) {
    this.reader = reader;
    this.members = members;
    this.passages = members.cardinality();
    this.lengths = lengths;
  }

  /** The passages of the wanted sources; adds those that it met to found. */
  static LeafView of(LeafReader reader, Set<String> wanted, Set<String> found) throws IOException {
    SortedDocValues sources = DocValues.getSorted(reader, "source");
    boolean[] member = new boolean[sources.getValueCount()];
    for (int ord = 0; ord < member.length; ord++) {
      member[ord] = wanted.contains(sources.lookupOrd(ord).utf8ToString());
    }
    Bits live = reader.getLiveDocs();
    FixedBitSet members = new FixedBitSet(Math.max(1, reader.maxDoc()));
    boolean[] met = new boolean[member.length];
    for (int doc = sources.nextDoc();
        doc != DocIdSetIterator.NO_MORE_DOCS;
        doc = sources.nextDoc()) {
      if (member[sources.ordValue()] && (live == null || live.get(doc))) {
        members.set(doc);
        met[sources.ordValue()] = true;
      }
    }
    for (int ord = 0; ord < met.length; ord++) {
      if (met[ord]) {
        found.add(sources.lookupOrd(ord).utf8ToString());
      }
    }
    int[][] lengths = new int[Weighing.FIELDS.length][reader.maxDoc()];
    for (int field = 0; field < lengths.length; field++) {
      NumericDocValues values = DocValues.getNumeric(reader, "length." + Weighing.FIELDS[field]);
      for (int doc = values.nextDoc();
          doc != DocIdSetIterator.NO_MORE_DOCS;
          doc = values.nextDoc()) {
        lengths[field][doc] = (int) values.longValue();
      }
    }
    return new LeafView(reader, members, lengths);
  }

  /** How many passages of the set are here. */
  int passages() {
    return passages;
  }

  /** How many documents the segment numbers, of the set or not. */
  int documents() {
    return reader.maxDoc();
  }

  /** The sum of a field's lengths over the passages of the set, in words. */
  long totalLength(int field) {
    long total = 0;
    for (int doc = members.nextSetBit(0); doc != DocIdSetIterator.NO_MORE_DOCS; doc = next(doc)) {
      total += lengths[field][doc];
    }
    return total;
  }

  private int next(int doc) {
    return doc + 1 >= members.length()
        ? DocIdSetIterator.NO_MORE_DOCS
        : members.nextSetBit(doc + 1);
  }

  /**
   * The weighted counts of one term.
   *
   * @param counts by document, 0 for those without the term
   * @param passages how many of the set have it
   */
  record Counts(double[] counts, int passages) {
    private static final Counts NONE = new Counts(new double[0], 0);

    void addTo(double[] scores, double worth) {
      for (int doc = 0; doc < counts.length; doc++) {
        if (counts[doc] > 0) {
          scores[doc] += worth * Weighing.saturated(counts[doc]);
        }
      }
    }
  }

  Counts count(String term, double[] averageLengths) throws IOException {
    double[] counts = new double[0];
    int with = 0;
    for (int field = 0; field < Weighing.FIELDS.length; field++) {
      PostingsEnum postings =
          reader.postings(new Term(Weighing.FIELDS[field], term), PostingsEnum.FREQS);
      if (postings == null) {
        continue;
      }
      if (counts.length == 0) {
        counts = new double[reader.maxDoc()];
      }
      for (int doc = postings.nextDoc();
          doc != DocIdSetIterator.NO_MORE_DOCS;
          doc = postings.nextDoc()) {
        if (members.get(doc)) {
          with += counts[doc] == 0 ? 1 : 0;
          counts[doc] +=
              Weighing.count(field, postings.freq(), lengths[field][doc], averageLengths[field]);
        }
      }
    }
    return with == 0 ? Counts.NONE : new Counts(counts, with);
  }

  IndexView.Hit hit(int doc, double match) throws IOException {
    SortedDocValues sources = DocValues.getSorted(reader, "source");
    NumericDocValues ordinals = DocValues.getNumeric(reader, "ordinal");
    NumericDocValues prose = DocValues.getNumeric(reader, "prose");
    if (!sources.advanceExact(doc) || !ordinals.advanceExact(doc) || !prose.advanceExact(doc)) {
      throw new IllegalStateException("every passage is written with its source and number");
    }
    return new IndexView.Hit(
        new Digest(sources.lookupOrd(sources.ordValue()).utf8ToString()),
        (int) ordinals.longValue(),
        match,
        (int) prose.longValue());
  }

  void find(String key, List<IndexView.Hit> hits) throws IOException {
    PostingsEnum postings = reader.postings(new Term("key", key), PostingsEnum.NONE);
    if (postings == null) {
      return;
    }
    for (int doc = postings.nextDoc();
        doc != DocIdSetIterator.NO_MORE_DOCS;
        doc = postings.nextDoc()) {
      if (members.get(doc)) {
        hits.add(hit(doc, 0));
      }
    }
  }
}
