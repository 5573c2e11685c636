package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class SourceLibraryTest extends SourceLibraryHouse {
  @Test
  void readsAFolderAndFindsWhatItSays() throws IOException {
    write("tower/lamp.md", "# Lamp\n\nThe lighthouse lamp is fuelled with paraffin.\n");
    write("boats.txt", "Boats are painted blue every spring.\n");
    SourceSet set = read();
    assertThat(set.documents())
        .extracting(SourceDocument::location)
        .containsExactly(
            docs.resolve("boats.txt").toString(), docs.resolve("tower/lamp.md").toString());
    Passage best = library.search(set.id(), QUESTION, 3).getFirst();
    assertThat(best.text()).isEqualTo("The lighthouse lamp is fuelled with paraffin.");
    assertThat(best.title()).isEqualTo("Lamp");
    assertThat(best.locator()).isEqualTo("line=3");
    assertThat(best.score()).isBetween(0.3, 1.0);
    assertThat(library.passage(set.id(), best.key()).orElseThrow().scored(best.score()))
        .isEqualTo(best);
    assertThat(library.passages(set.id(), best.source())).contains(best.scored(0));
    String text = library.text(best.source()).orElseThrow();
    assertThat(CodePointRange.substring(text, best.start(), best.end())).isEqualTo(best.text());
    assertThat(library.document(best.source()).orElseThrow().location()).endsWith("lamp.md");
    assertThat(library.passage(set.id(), "s0123456789")).isEmpty();
    assertThat(library.search(set.id(), "?!", 3)).isEmpty();
  }

  @Test
  void readsASingleFile() throws IOException {
    Path file = write("one.txt", "Only this.");
    write("two.txt", "Not this.");
    SourceSet set = library.read(List.of(file), (done, total) -> {});
    assertThat(set.documents()).extracting(SourceDocument::title).containsExactly("one.txt");
  }

  @Test
  void skipsWhatItCannotUseWithAReason() throws IOException {
    write("good.txt", "Good words.");
    write("empty.md", "");
    write("blank.txt", "   \n");
    write("large.txt", "x".repeat(20_001));
    write("raw.txt", "a\0b\0c");
    write("broken.pdf", "no pdf");
    write("style.css", "p {}");
    write("twin.txt", "Good words.");
    write(".git/config.md", "Hidden.");
    write(".notes.md", "Hidden too.");
    Files.createSymbolicLink(docs.resolve("lost.md"), docs.resolve("nowhere.md"));
    SourceSet set = read();
    assertThat(codes(set))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "empty.md", "empty",
                "blank.txt", "empty",
                "large.txt", "too_large",
                "raw.txt", "binary",
                "broken.pdf", "broken",
                "style.css", "unsupported",
                "twin.txt", "duplicate",
                "lost.md", "unreadable"));
    assertThat(set.skipped()).allMatch(skip -> !skip.reason().isBlank());
  }

  @Test
  void skipsAFileItMayNotRead() throws IOException {
    write("good.txt", "Good words.");
    Path locked = write("locked.txt", "Secret words.");
    Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("---------"));
    Assumptions.assumeFalse(Files.isReadable(locked), "root may read everything");
    assertThat(codes(read())).containsEntry("locked.txt", "unreadable");
  }

  @Test
  void followsNoLinkOutOfTheFolderAndNoLoop() throws IOException {
    Path outside = Files.createDirectory(temp.resolve("outside"));
    Files.writeString(outside.resolve("secret.txt"), "The secret is out.");
    write("in/inside.txt", "Inside words.");
    Files.createSymbolicLink(docs.resolve("leak.txt"), outside.resolve("secret.txt"));
    Files.createSymbolicLink(docs.resolve("leaks"), outside);
    Files.createSymbolicLink(docs.resolve("in/loop"), docs);
    Files.createSymbolicLink(docs.resolve("self.txt"), docs.resolve("in/inside.txt"));
    write(".annex/held.txt", "Held words.");
    Files.createSymbolicLink(docs.resolve("held.txt"), docs.resolve(".annex/held.txt"));
    SourceSet set = read();
    assertThat(codes(set)).isEqualTo(Map.of("leak.txt", "outside", "leaks", "outside"));
    assertThat(set.documents())
        .extracting(document -> docs.relativize(Path.of(document.location())).toString())
        .containsExactly("held.txt", "in/inside.txt");
  }

  @Test
  void refusesWhatIsNotThereOrHoldsNothing() throws IOException {
    assertThatThrownBy(() -> library.read(List.of(temp.resolve("none")), (done, total) -> {}))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("no_such_source"));
    write("only.css", "p {}");
    assertThatThrownBy(this::read)
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("no_documents");
              assertThat(e).hasMessageContaining("unsupported=1");
            });
    for (int i = 0; i < 501; i++) {
      write("many/" + i + ".txt", "n " + i);
    }
    assertThatThrownBy(this::read)
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("too_many_sources"));
    assertThatThrownBy(() -> library.search("src-00000000000000000000", "x", 1))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("unknown_sources"));
    assertThat(library.set("../../etc/passwd")).isEmpty();
  }

  @Test
  void readsAgainOnlyWhatHasChanged() throws IOException {
    someDocuments(20);
    SourceSet first = read();
    assertThat(first.unchanged()).isZero();
    SourceSet second = read();
    assertThat(second.unchanged()).isEqualTo(20);
    assertThat(second.id()).isEqualTo(first.id());
    write("d3.md", "# Part 3\n\nThe lighthouse lamp is electric now.\n");
    Files.delete(docs.resolve("d4.md"));
    SourceSet third = read();
    assertThat(third.unchanged()).isEqualTo(18);
    assertThat(third.documents()).hasSize(19);
    assertThat(third.id()).isNotEqualTo(first.id());
    assertThat(library.search(third.id(), "electric lamp", 3).getFirst().text())
        .contains("electric");
  }

  @Test
  void seesAChangeThatKeepsSizeAndTime() throws IOException {
    Path file = write("a.txt", "The lamp burns oil.");
    FileTime time = Files.getLastModifiedTime(file);
    read();
    Files.writeString(file, "The lamp burns gas.");
    Files.setLastModifiedTime(file, time);
    SourceSet set = read();
    assertThat(library.search(set.id(), "lamp", 1).getFirst().text()).contains("gas");
  }

  @Test
  void doesNotTrustAStampThatIsAsYoungAsTheReading() throws IOException {
    Path file = write("a.txt", "The lamp burns oil.");
    FileStamp stamp = FileStamp.of(file);
    now = Instant.ofEpochSecond(0, stamp.changedNanos()).plusMillis(500);
    SourceSet set = read();
    Path state = RootsFolder.of(home, List.of(docs)).state();
    assertThat(ReadingState.load(state).known(file.toString(), stamp)).isEmpty();
    now = now.plusSeconds(10);
    assertThat(read().id()).isEqualTo(set.id());
    assertThat(ReadingState.load(state).known(file.toString(), stamp)).isPresent();
  }

  @Test
  void answersARunningRunFromTheSetItBeganWith() throws IOException {
    someDocuments(30);
    SourceSet first = read();
    List<Passage> before = library.search(first.id(), QUESTION, 10);
    for (int i = 0; i < 30; i += 2) {
      write(
          "d" + i + ".md",
          "# New " + i + "\n\nLamp lamp lighthouse fuelled " + i + " by the sun.\n");
    }
    Files.delete(docs.resolve("d1.md"));
    SourceSet second = read();
    assertThat(library.search(first.id(), QUESTION, 10)).isEqualTo(before);
    assertThat(library.search(second.id(), QUESTION, 10)).isNotEqualTo(before);
    library.close();
    library = reopened();
    assertThat(library.set(first.id()).orElseThrow().documents()).isEqualTo(first.documents());
    assertThat(library.search(first.id(), QUESTION, 10)).isEqualTo(before);
    assertThat(library.passage(first.id(), before.getFirst().key())).isPresent();
  }

  @Test
  void answersAlikeWhateverTheIndexHasBeenThrough() throws IOException {
    someDocuments(40);
    SourceSet set = read();
    List<Passage> grown = library.search(set.id(), QUESTION, 20);
    for (int i = 0; i < 12; i++) {
      write("extra" + i + ".md", "Lamp oil of the lighthouse, extra " + i + ".\n");
      read();
    }
    for (int i = 0; i < 12; i++) {
      Files.delete(docs.resolve("extra" + i + ".md"));
    }
    assertThat(read().id()).isEqualTo(set.id());
    library.close();
    library = reopened();
    assertThat(library.search(set.id(), QUESTION, 20)).isEqualTo(grown);
    try (SourceLibrary other = SourceLibrary.open(temp.resolve("other"), new HashedWords())) {
      SourceSet same = other.read(List.of(docs), (done, total) -> {});
      assertThat(same.id()).isEqualTo(set.id());
      assertThat(other.search(same.id(), QUESTION, 20)).isEqualTo(grown);
    }
  }

  @Test
  void forgetsASetThatNobodyHasUsedForMonths() throws IOException {
    someDocuments(5);
    SourceSet first = read();
    write("d0.md", "# New\n\nOther words.\n");
    now = now.plus(SetStore.KEPT).minus(Duration.ofDays(1));
    read();
    assertThat(library.set(first.id())).isPresent();
    write("d1.md", "# New\n\nYet other words.\n");
    now = now.plus(Duration.ofDays(2));
    read();
    assertThat(library.set(first.id())).isEmpty();
  }

  @Test
  void takesReadingsOfTheSameFolderOneAfterTheOther() throws Exception {
    someDocuments(30);
    List<Throwable> failures = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    CountDownLatch start = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try (SourceLibrary own = SourceLibrary.open(home, new HashedWords())) {
                      start.await();
                      SourceSet set = own.read(List.of(docs), (done, total) -> {});
                      synchronized (ids) {
                        ids.add(set.id());
                      }
                    } catch (Exception e) {
                      synchronized (ids) {
                        failures.add(e);
                      }
                    }
                  }));
    }
    start.countDown();
    for (Thread thread : threads) {
      assertThat(thread.join(Duration.ofSeconds(60))).isTrue();
    }
    assertThat(failures).isEmpty();
    assertThat(ids).hasSize(4).containsOnly(read().id());
  }

  @Test
  void tellsHowFarTheReadingIs() throws IOException {
    someDocuments(10);
    List<Integer> seen = new ArrayList<>();
    library.read(
        List.of(docs),
        (done, total) -> {
          assertThat(total).isEqualTo(10);
          seen.add(done);
        });
    assertThat(seen).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  }
}
