package org.choir.backbone;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.choir.core.ChoirException;

/** A short system command, run to its end. */
final class Command {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private Command() {}

  /** How a command ended: its exit code, and the start of what it wrote to both its outputs. */
  record Outcome(int exit, String output) {}

  static Outcome run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (InputStream out = process.getInputStream()) {
      process.getOutputStream().close();
      String text = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
      if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException(
            command.getFirst() + " did not end within " + LIMIT.toSeconds() + " s");
      }
      return new Outcome(process.exitValue(), text);
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      process.destroyForcibly();
    }
  }

  /** Keeps the interrupt for the caller and ends what was being done. */
  static ChoirException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return ChoirException.retryable(
        "interrupted", "the wait for the NATS server was interrupted", "", e);
  }
}
