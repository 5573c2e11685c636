package org.choir.knowledge.lucene;

import java.io.IOException;
import org.apache.lucene.codecs.Codec;
import org.apache.lucene.codecs.FilterCodec;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.KnnVectorsReader;
import org.apache.lucene.codecs.KnnVectorsWriter;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat;
import org.apache.lucene.index.SegmentReadState;
import org.apache.lucene.index.SegmentWriteState;

/**
 * Lucene's own format for vectors, for vectors of up to 4,096 numbers: the limit of 1,024 is a
 * default of the writer's and not of the files, and text-embedding-3-large has 3,072. It has the
 * name of the format it writes, so that Lucene reads the files without this class.
 */
final class WideVectors extends KnnVectorsFormat {
  private static final int DIMENSIONS_MAX = 4096;

  private final KnnVectorsFormat written = new Lucene99HnswVectorsFormat();

  private WideVectors() {
    super("Lucene99HnswVectorsFormat");
  }

  /** Lucene's codec with this format. */
  static Codec codec() {
    Codec usual = Codec.getDefault();
    KnnVectorsFormat wide = new WideVectors();
    return new FilterCodec(usual.getName(), usual) {
      @Override
      public KnnVectorsFormat knnVectorsFormat() {
        return new PerFieldKnnVectorsFormat() {
          @Override
          public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
            return wide;
          }
        };
      }
    };
  }

  @Override
  public KnnVectorsWriter fieldsWriter(SegmentWriteState state) throws IOException {
    return written.fieldsWriter(state);
  }

  @Override
  public KnnVectorsReader fieldsReader(SegmentReadState state) throws IOException {
    return written.fieldsReader(state);
  }

  @Override
  public int getMaxDimensions(String field) {
    return DIMENSIONS_MAX;
  }
}
