package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is damaged or gone is made again, and the answers stay. */
class DamagedLibraryTest extends SourceLibraryHouse {
  private void damage(Damage how) throws IOException {
    someDocuments(12);
    SourceSet set = read();
    final List<String> before = keys(set);
    library.close();
    how.done(RootsFolder.of(home, List.of(docs)).index());
    library = reopened();
    assertThat(keys(set)).isEqualTo(before);
    write("d0.md", "# Part 0\n\nThe lighthouse lamp is dark.\n");
    assertThat(read().documents()).hasSize(12);
    assertThat(keys(set)).isEqualTo(before);
  }

  @FunctionalInterface
  private interface Damage {
    void done(Path index) throws IOException;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Test
  void rebuildsAnIndexThatIsGone() throws IOException {
    damage(
        index -> {
          for (Path file : files(index)) {
            Files.delete(file);
          }
        });
  }

  @Test
  void rebuildsAnIndexWhoseFilesAreDamaged() throws IOException {
    damage(
        index -> {
          for (Path file : files(index)) {
            if (!file.endsWith("write.lock")) {
              Files.write(file, new byte[] {1, 2, 3});
            }
          }
        });
  }

  @Test
  void rebuildsAnIndexThatLostOneFile() throws IOException {
    damage(
        index -> {
          for (Path file : files(index)) {
            if (file.toString().endsWith(".cfs") || file.toString().endsWith(".si")) {
              Files.delete(file);
            }
          }
        });
  }

  @Test
  void rebuildsAnIndexOfAnotherVersion() throws IOException {
    damage(org.choir.knowledge.lucene.IndexFixtures::restamp);
  }

  @Test
  void readsAgainWhatIsDamagedInTheStore() throws IOException {
    someDocuments(6);
    SourceSet set = read();
    library.close();
    Path stored;
    try (Stream<Path> walk = Files.walk(home.resolve("documents"))) {
      stored = walk.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
    }
    Files.writeString(stored, Files.readString(stored).replace("lamp", "lump"));
    library = reopened();
    assertThat(library.set(set.id())).isEmpty();
    SourceSet again = read();
    assertThat(again.id()).isEqualTo(set.id());
    assertThat(again.unchanged()).isEqualTo(5);
    assertThat(keys(again)).isNotEmpty();
  }
}
