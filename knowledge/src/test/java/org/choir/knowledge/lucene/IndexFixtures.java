package org.choir.knowledge.lucene;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.FSDirectory;

/** Does to an index what another version of the house would have done. */
public final class IndexFixtures {
  private IndexFixtures() {}

  /** Signs the index as one of a later version. */
  public static void restamp(Path folder) throws IOException {
    try (FSDirectory directory = FSDirectory.open(folder);
        IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig())) {
      writer.setLiveCommitData(Map.of(IndexWriting.FORMAT_KEY, "9999").entrySet());
      writer.commit();
    }
  }
}
