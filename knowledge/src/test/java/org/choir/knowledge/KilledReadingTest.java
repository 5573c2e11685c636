package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reading in a process of its own is killed at any moment; the next one must not notice. */
class KilledReadingTest {
  private static final int DOCUMENTS = 400;
  private static final int KILLS = 5;
  private static final String QUESTION = "Which kind of oil does the keeper use?";

  @TempDir Path temp;

  /** The process that is killed: it prints how many files are done, and reads on. */
  public static final class Reader {
    private Reader() {}

    public static void main(String[] arguments) {
      try (SourceLibrary library = SourceLibrary.open(Path.of(arguments[0]), new HashedWords())) {
        library.read(List.of(Path.of(arguments[1])), (done, total) -> System.out.println(done));
        System.out.println("end");
      }
    }
  }

  private void killed(Path home, Path docs, int after) throws Exception {
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                Reader.class.getName(),
                home.toString(),
                docs.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      String line = out.readLine();
      while (line != null && !line.equals(String.valueOf(after)) && !line.equals("end")) {
        line = out.readLine();
      }
    } finally {
      process.destroyForcibly();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static void write(Path docs, int number, String what) throws IOException {
    Files.writeString(
        docs.resolve("d" + number + ".md"),
        "# Keeper " + number + "\n\nThe keeper uses oil of the kind " + what + number + ".\n");
  }

  @Test
  void readsOnAfterAKillAtAnyMomentAsIfNothingHadBeen() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("KilledReadingTest seed " + seed);
    Random random = new Random(seed);
    Path docs = Files.createDirectory(temp.resolve("docs"));
    for (int i = 0; i < DOCUMENTS; i++) {
      write(docs, i, "olive");
    }
    Path home = temp.resolve("home");
    for (int kill = 0; kill < KILLS; kill++) {
      // The last one dies between its last file and its end: in commit, set or state.
      killed(home, docs, kill == KILLS - 1 ? DOCUMENTS : random.nextInt(DOCUMENTS));
      for (int i = 0; i < 40; i++) {
        write(docs, random.nextInt(DOCUMENTS), "whale" + kill);
      }
    }
    try (SourceLibrary survivor = SourceLibrary.open(home, new HashedWords());
        SourceLibrary fresh = SourceLibrary.open(temp.resolve("fresh"), new HashedWords())) {
      SourceSet set = survivor.read(List.of(docs), (done, total) -> {});
      SourceSet expected = fresh.read(List.of(docs), (done, total) -> {});
      assertThat(set.id()).isEqualTo(expected.id());
      assertThat(set.documents()).isEqualTo(expected.documents());
      assertThat(survivor.search(set.id(), QUESTION, 50))
          .isEqualTo(fresh.search(expected.id(), QUESTION, 50));
    }
  }
}
