package org.choir.audit;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import org.choir.keys.FileDataKeys;

/**
 * A process that appends from eight threads until its test kills it, and says each entry when it is
 * acknowledged: index, space, entry.
 */
final class KilledWriter {
  private static final int THREADS = 8;

  private KilledWriter() {}

  static TenantLog open(Path home) {
    LogKey key =
        LogKey.open(
            home.resolve("log.key"),
            Fixture.TENANT,
            Fixture.ORIGIN,
            FileDataKeys.open(home.resolve("keys")),
            new SecureRandom());
    LogOptions often = Fixture.quiet().withPublishEvery(Duration.ofMillis(5));
    return TenantLog.open(home.resolve("log"), Fixture.TENANT, Fixture.ORIGIN, key, often);
  }

  public static void main(String[] arguments) {
    TenantLog log = open(Path.of(arguments[0]));
    for (int t = 0; t < THREADS; t++) {
      int writer = t;
      Thread.ofPlatform().start(() -> write(log, writer));
    }
  }

  private static void write(TenantLog log, int writer) {
    long process = ProcessHandle.current().pid();
    for (int i = 0; ; i++) {
      String entry = "process-" + process + "-writer-" + writer + "-entry-" + i;
      long index = log.append(entry.getBytes(StandardCharsets.UTF_8));
      System.out.println(index + " " + entry);
    }
  }
}
