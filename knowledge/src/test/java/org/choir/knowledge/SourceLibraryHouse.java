package org.choir.knowledge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A library of sources over a folder of documents, opened anew for each test. */
abstract class SourceLibraryHouse {
  static final String QUESTION = "How is the lighthouse lamp fuelled?";

  @TempDir Path temp;
  Path home;
  Path docs;
  Instant now = Instant.now().plusSeconds(3600);
  SourceLibrary library;

  @BeforeEach
  void open() throws IOException {
    home = temp.resolve("home");
    docs = Files.createDirectory(temp.resolve("docs")).toRealPath();
    library = reopened();
  }

  @AfterEach
  void close() {
    library.close();
  }

  SourceLibrary reopened() {
    return SourceLibrary.open(
        home, new HashedWords(), new ReadLimits(20_000, 30_000, 1 << 20, 500), clock());
  }

  InstantSource clock() {
    return () -> now;
  }

  Path write(String name, String content) throws IOException {
    Path file = docs.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  SourceSet read() {
    return library.read(List.of(docs), (done, total) -> {});
  }

  static Map<String, String> codes(SourceSet set) {
    Map<String, String> codes = new TreeMap<>();
    set.skipped()
        .forEach(skip -> codes.put(Path.of(skip.location()).getFileName().toString(), skip.code()));
    return codes;
  }

  List<String> keys(SourceSet set) {
    return library.search(set.id(), QUESTION, 10).stream().map(Passage::key).toList();
  }

  void someDocuments(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      write(
          "d" + i + ".md",
          "# Part "
              + i
              + "\n\nThe lamp number "
              + i
              + " of the lighthouse is fuelled with oil of"
              + " kind "
              + (i * 7 % 13)
              + ".\n\n## More\n\nKeeper "
              + i
              + " cleans the lens daily.\n");
    }
  }
}
