package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A writing process is killed with signal 9, on a real disk, again and again. */
class LogKillTest {
  @TempDir Path home;

  @Test
  void nothingAcknowledgedIsMissingAfterAKill() throws Exception {
    rounds(3);
  }

  @Test
  @Tag("long")
  void nothingAcknowledgedIsMissingAfterFiftyKills() throws Exception {
    rounds(50);
  }

  private void rounds(int rounds) throws Exception {
    long seed = new SplittableRandom().nextLong();
    System.out.println("LogKillTest seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    SortedMap<Long, String> acknowledged = new TreeMap<>();
    for (int round = 0; round < rounds; round++) {
      int before = acknowledged.size();
      writeAndKill(random.nextInt(1, 1_000), acknowledged);
      assertThat(acknowledged.size()).isGreaterThan(before);
      try (TenantLog log = KilledWriter.open(home)) {
        assertThat(log.size()).isGreaterThan(acknowledged.lastKey());
        acknowledged.forEach(
            (index, entry) ->
                assertThat(new String(log.entry(index), StandardCharsets.UTF_8)).isEqualTo(entry));
        String vkey = log.key().vkey();
        assertThat(LogVerifier.verify(home.resolve("log"), vkey).problems()).isEmpty();
      }
    }
  }

  private void writeAndKill(int lines, SortedMap<Long, String> acknowledged)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                KilledWriter.class.getName(),
                home.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader said =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      StringBuilder line = new StringBuilder();
      int read = 0;
      for (int c = said.read(); c >= 0; c = said.read()) {
        if (c != '\n') {
          line.append((char) c);
          continue;
        }
        // A line without its end was cut by the kill and counts for nothing.
        int space = line.indexOf(" ");
        acknowledged.put(Long.parseLong(line.substring(0, space)), line.substring(space + 1));
        line.setLength(0);
        if (++read == lines) {
          // By its handle: the process itself would close what it said last.
          process.toHandle().destroyForcibly();
        }
      }
    } finally {
      process.destroyForcibly();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
  }
}
