package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.RecordCheck;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.VerificationRecord;
import org.choir.knowledge.WebSource;
import org.choir.knowledge.WebSources;

/**
 * The verification record that lies beside a report of Choir's, checked against the report and
 * against the sources as they are now.
 *
 * @param problems what does not fit, each a stable code, a colon and what it means here
 * @param changed the sources that are not what they were when the report was written
 */
public record RecordBeside(List<String> problems, List<Changed> changed) {
  private static final long MAX_BYTES = 64L << 20;

  /**
   * A source that has changed since.
   *
   * @param state {@code changed} or {@code gone}; of a web page also {@code paywalled}, {@code
   *     unreachable} or {@code refused}
   */
  public record Changed(String title, String location, String state) {}

  public RecordBeside {
    problems = List.copyOf(problems);
    changed = List.copyOf(changed);
  }

  /** Whether the report is, word for word, what the record says was checked. */
  public boolean fits() {
    return problems.isEmpty();
  }

  /** The record beside a file; empty if there is none. */
  static Optional<RecordBeside> of(
      SourceLibrary library, Path file, String report, Optional<WebSources> web) {
    Path beside = file.resolveSibling(file.getFileName() + ".verification.json");
    if (!Files.isRegularFile(beside)) {
      return Optional.empty();
    }
    VerificationRecord record;
    try {
      if (Files.size(beside) > MAX_BYTES) {
        return Optional.of(unreadable(beside + " has more than " + MAX_BYTES + " bytes"));
      }
      record = VerificationRecord.parse(Files.readString(beside, StandardCharsets.UTF_8));
    } catch (IOException e) {
      return Optional.of(unreadable(beside + ": " + e.getMessage()));
    } catch (ChoirException e) {
      return Optional.of(unreadable(beside + ": " + e.failure().message()));
    }
    List<String> problems =
        RecordCheck.check(report, record, library::text).stream()
            .map(p -> p.code() + ": " + p.message())
            .toList();
    return Optional.of(new RecordBeside(problems, changed(record, library, web)));
  }

  private static RecordBeside unreadable(String why) {
    return new RecordBeside(List.of("bad_record: " + why), List.of());
  }

  private static List<Changed> changed(
      VerificationRecord record, SourceLibrary library, Optional<WebSources> web) {
    List<Changed> changed = new ArrayList<>();
    for (JsonNode source : record.json().path("sources")) {
      String location = source.path("location").asText();
      String sha256 = source.path("sha256").asText();
      boolean page = location.startsWith("http://") || location.startsWith("https://");
      String state =
          page
              ? web.map(w -> state(w.look(location), sha256, library)).orElse("")
              : state(location, sha256);
      if (!state.isEmpty()) {
        changed.add(new Changed(source.path("title").asText(), location, state));
      }
    }
    return changed;
  }

  /** How a page differs from what was read, by its text: bytes change with every counter on it. */
  private static String state(WebSource page, String sha256, SourceLibrary library) {
    if (!page.state().isReadable() || page.state() == WebSource.State.ARCHIVED) {
      boolean gone =
          page.state() == WebSource.State.ARCHIVED
              || page.state() == WebSource.State.NEVER_EXISTED
              || page.state() == WebSource.State.SOFT_404;
      return gone ? "gone" : page.state().word();
    }
    String now = page.copy().map(Digest::hex).orElse("");
    boolean same =
        now.equals(sha256)
            || (sha256.matches("[0-9a-f]{64}")
                && library.text(new Digest(sha256)).isPresent()
                && library.text(new Digest(sha256)).equals(page.copy().flatMap(library::text)));
    return same ? "" : "changed";
  }

  /** How a source differs from what was read; empty if it does not. */
  private static String state(String location, String sha256) {
    try {
      Path path = Path.of(location);
      if (!Files.isRegularFile(path)) {
        return "gone";
      }
      // A larger file was never read as a source.
      boolean same =
          Files.size(path) <= ReadLimits.DEFAULT.fileBytes()
              && Digest.of(Files.readAllBytes(path)).hex().equals(sha256);
      return same ? "" : "changed";
    } catch (IOException | InvalidPathException e) {
      return "gone"; // whoever cannot read it cannot follow the citation either
    }
  }
}
