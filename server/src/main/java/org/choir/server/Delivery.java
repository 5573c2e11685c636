package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.Text;

/**
 * The folder of a run under the home's {@code runs}, for what a person opens: the report, its
 * verification record, and where else both were asked for. Everything in it can be made again from
 * what is recorded.
 */
final class Delivery {
  private final Path runs;

  Delivery(Path runs) {
    this.runs = runs;
  }

  /** Where a report and its record lie. */
  record Paths(Path report, Path record) {}

  Path folder(RunId run) {
    return runs.resolve(run.value());
  }

  /** Remembers where a run's report was asked for. */
  void ask(RunId run, Optional<Path> out) {
    ObjectNode request = Json.object();
    out.ifPresent(path -> request.put("out", path.toString()));
    write(
        folder(run).resolve("request.json"), Json.write(request).getBytes(StandardCharsets.UTF_8));
  }

  /** Writes report and record to the run's folder, and to where they were asked for. */
  Paths deliver(RunId run, byte[] report, byte[] record) {
    Paths own = write(folder(run).resolve("report.md"), report, record);
    return asked(run).map(out -> write(out, report, record)).orElse(own);
  }

  /** Where the run's report is to be found, if it was delivered. */
  Optional<Paths> delivered(RunId run) {
    Path path = asked(run).orElse(folder(run).resolve("report.md"));
    return Files.exists(path) ? Optional.of(new Paths(path, record(path))) : Optional.empty();
  }

  /** Removes the run's folder; what was written elsewhere stays. */
  void forget(RunId run) {
    Path folder = folder(run);
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException e) {
      return; // nothing was ever delivered
    } catch (UncheckedIOException e) {
      throw failed(folder, new IOException(e));
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private Optional<Path> asked(RunId run) {
    Path request = folder(run).resolve("request.json");
    try {
      return Files.exists(request)
          ? Optional.ofNullable(Json.parseObject(Files.readString(request)).get("out"))
              .map(o -> Path.of(o.asText()))
          : Optional.empty();
    } catch (IOException e) {
      throw failed(request, e);
    }
  }

  private static Paths write(Path path, byte[] report, byte[] record) {
    write(path, report);
    write(record(path), record);
    return new Paths(path, record(path));
  }

  private static Path record(Path report) {
    return report.resolveSibling(report.getFileName() + ".verification.json");
  }

  private static void write(Path file, byte[] body) {
    try {
      Path parent = file.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Path fresh = file.resolveSibling(file.getFileName() + ".new");
      Files.write(fresh, body);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static ChoirException failed(Path file, IOException e) {
    return ChoirException.fatal(
        "cannot_write",
        "cannot use " + file + ": " + Text.visible(String.valueOf(e.getMessage()), 200),
        "free space or choose another place; the report is kept: choir export RUN --out FILE",
        e);
  }
}
