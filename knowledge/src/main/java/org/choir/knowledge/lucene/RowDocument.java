package org.choir.knowledge.lucene;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.LongField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.KnnVectorValues;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.choir.core.Digest;
import org.choir.knowledge.IndexRow;

/** A row as a document of the index, and back; its vector lies in a field of its model. */
final class RowDocument {
  private RowDocument() {}

  /** The field that holds this model's vectors. */
  static String vectors(String model) {
    return "vector_" + Digest.of(model).prefix(12);
  }

  static Document of(IndexRow row) {
    Document document = new Document();
    document.add(new StringField("key", row.key(), Field.Store.YES));
    document.add(new StringField("article", row.article(), Field.Store.YES));
    document.add(new StoredField("version", row.version()));
    document.add(new StringField("field", row.field(), Field.Store.YES));
    document.add(new StringField("author", row.author(), Field.Store.YES));
    document.add(new LongField("published", row.published(), Field.Store.YES));
    document.add(new StoredField("title", row.title()));
    document.add(new StoredField("section", row.section()));
    document.add(new StoredField("locator", row.locator()));
    document.add(new StoredField("text", row.text()));
    String heading = row.section().equals(row.title()) ? "" : row.section() + "\n";
    document.add(new TextField("words", row.title() + "\n" + heading + row.text(), Field.Store.NO));
    document.add(new StringField("model", row.model(), Field.Store.YES));
    float[] vector = row.vector();
    if (vector.length > 0) {
      document.add(
          new KnnFloatVectorField(
              vectors(row.model()), vector, VectorSimilarityFunction.DOT_PRODUCT));
    }
    return document;
  }

  /** The living rows of a part of the index, with their vectors. */
  static List<IndexRow> rows(LeafReaderContext leaf) throws IOException {
    List<IndexRow> rows = new ArrayList<>();
    Bits live = leaf.reader().getLiveDocs();
    Map<Integer, float[]> vectors = new HashMap<>();
    for (var info : leaf.reader().getFieldInfos()) {
      FloatVectorValues values =
          info.hasVectorValues() ? leaf.reader().getFloatVectorValues(info.name) : null;
      if (values != null) {
        KnnVectorValues.DocIndexIterator at = values.iterator();
        for (int doc = at.nextDoc(); doc != DocIdSetIterator.NO_MORE_DOCS; doc = at.nextDoc()) {
          vectors.put(doc, values.vectorValue(at.index()).clone());
        }
      }
    }
    StoredFields stored = leaf.reader().storedFields();
    for (int doc = 0; doc < leaf.reader().maxDoc(); doc++) {
      if (live == null || live.get(doc)) {
        rows.add(row(stored.document(doc), vectors.getOrDefault(doc, new float[0])));
      }
    }
    return rows;
  }

  static IndexRow row(Document document, float[] vector) {
    return new IndexRow(
        document.get("key"),
        document.get("article"),
        document.getField("version").numericValue().intValue(),
        document.get("field"),
        document.get("author"),
        document.getField("published").numericValue().longValue(),
        document.get("title"),
        document.get("section"),
        document.get("locator"),
        document.get("text"),
        document.get("model"),
        vector);
  }
}
