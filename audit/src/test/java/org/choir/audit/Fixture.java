package org.choir.audit;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.choir.core.TenantId;

/** What the tests of the log share. */
final class Fixture {
  static final TenantId TENANT = new TenantId("acme");
  static final String ORIGIN = "choir.test/acme";
  static final Path FOLDER = Path.of("/log");
  static final LogKey KEY = LogKey.generate(ORIGIN, new SecureRandom());

  private Fixture() {}

  /** Nothing is published unless a test asks for it. */
  static LogOptions quiet() {
    return LogOptions.of(Thread.ofPlatform().daemon().name("log-", 0).factory())
        .withPublishEvery(Duration.ofHours(1));
  }

  static TenantLog open(LogFiles files) {
    return open(files, quiet());
  }

  static TenantLog open(LogFiles files, LogOptions options) {
    return TenantLog.open(FOLDER, TENANT, ORIGIN, KEY, options, files);
  }

  static byte[] entry(long i) {
    return ("event " + i + " of the log").getBytes(StandardCharsets.UTF_8);
  }

  /** Appends entries {@code [from, to)}, each of which knows its number. */
  static void fill(TenantLog log, long from, long to) {
    List<CompletableFuture<Long>> all = new ArrayList<>();
    for (long i = from; i < to; i++) {
      byte[] bytes = entry(i);
      all.add(log.submit((index, previous) -> bytes));
    }
    all.forEach(CompletableFuture::join);
  }

  static LogVerifier.Verification verify(LogFiles files) {
    return LogVerifier.verify(files, FOLDER, KEY.shown().vkey());
  }
}
