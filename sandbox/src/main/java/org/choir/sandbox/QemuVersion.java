package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.choir.core.Text;

/** Which QEMU a program is, asked once for each file. */
final class QemuVersion {
  private static final Map<String, String> KNOWN = new ConcurrentHashMap<>();

  private QemuVersion() {}

  /** The first line that it prints of itself, with the distribution's package version. */
  static String of(Path program) {
    try {
      Path real = program.toRealPath();
      String key = real + " " + Files.size(real) + " " + Files.getLastModifiedTime(real);
      String known = KNOWN.get(key);
      if (known == null) {
        known = ask(real);
        KNOWN.put(key, known);
      }
      return known;
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_qemu", "cannot run " + program + ": " + e.getMessage(), "reinstall it", e);
    }
  }

  private static String ask(Path program) throws IOException {
    Process process =
        new ProcessBuilder(program.toString(), "--version").redirectErrorStream(true).start();
    try (var said = process.inputReader()) {
      String line = said.readLine();
      if (line == null || !process.waitFor(10, TimeUnit.SECONDS)) {
        throw new IOException("it does not tell its version");
      }
      return Text.visible(line.replace("QEMU emulator version ", ""), 100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }
}
