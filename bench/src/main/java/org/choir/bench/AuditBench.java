package org.choir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;
import org.choir.audit.Checkpoint;
import org.choir.audit.LogKey;
import org.choir.audit.LogOptions;
import org.choir.audit.LogVerifier;
import org.choir.audit.TenantLog;
import org.choir.core.Digest;
import org.choir.core.TenantId;

/**
 * Durable appends to an audit log with 1, 16 and 256 writers, each of which waits for its event,
 * and the check and the proofs of a large one; with {@code --full} also of ten million events.
 * Yardsticks: how often the same disk forces a file, and how often this machine hashes an event.
 */
final class AuditBench implements Benches.Bench {
  private static final String BENCH = "audit";
  private static final String ORIGIN = "bench.choir/local";
  private static final int EVENT_BYTES = 400;
  private static final long RUN_NANOS = 5_000_000_000L;
  private static final long YARDSTICK_NANOS = 2_000_000_000L;
  private static final int AHEAD = 8_192;

  private final LogKey key = LogKey.generate(ORIGIN, new SecureRandom());
  private final List<Figure> figures = new ArrayList<>();

  @Override
  public List<Figure> run(Path scratch, List<String> arguments, PrintStream progress)
      throws IOException, InterruptedException {
    figures.clear();
    progress.println("audit: yardsticks");
    double forces = forces(scratch.resolve("yardstick"));
    add("yardstick: forces of one file", EVENT_BYTES + " bytes each", rate(forces, "forces"), "");
    double hashes = hashes();
    add("yardstick: SHA-256, one thread", EVENT_BYTES + " bytes each", rate(hashes, "hashes"), "");
    warm(scratch.resolve("warm"));
    for (int writers : new int[] {1, 16, 256}) {
      progress.println("audit: " + writers + " writers");
      appends(scratch.resolve("log" + writers), writers, forces);
    }
    large(scratch.resolve("large"), 1_000_000, hashes, progress);
    if (arguments.contains(Benches.FULL)) {
      large(scratch.resolve("larger"), 10_000_000, hashes, progress);
    }
    return List.copyOf(figures);
  }

  private void add(String what, String input, String value, String ratio) {
    figures.add(new Figure(BENCH, what, input, value, ratio));
  }

  private static double forces(Path file) throws IOException {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long start = System.nanoTime();
      int count = 0;
      ByteBuffer event = ByteBuffer.allocate(EVENT_BYTES);
      while (System.nanoTime() - start < YARDSTICK_NANOS) {
        event.clear();
        while (event.hasRemaining()) {
          out.write(event);
        }
        out.force(false);
        count++;
      }
      return count / IndexBench.seconds(start);
    }
  }

  private static double hashes() {
    MessageDigest sha = Digest.sha256();
    byte[] event = new byte[EVENT_BYTES];
    double best = 0;
    // The first round warms the compiler up.
    for (int round = 0; round < 2; round++) {
      long start = System.nanoTime();
      long count = 0;
      while (System.nanoTime() - start < YARDSTICK_NANOS / 2) {
        for (int i = 0; i < 1_000; i++) {
          System.arraycopy(sha.digest(event), 0, event, 0, 32);
        }
        count += 1_000;
      }
      best = count / IndexBench.seconds(start);
    }
    return best;
  }

  private TenantLog open(Path folder) {
    LogOptions options = LogOptions.of(Thread.ofPlatform().daemon().name("log-", 0).factory());
    return TenantLog.open(folder, TenantId.LOCAL, ORIGIN, key, options);
  }

  private void warm(Path folder) {
    try (TenantLog log = open(folder)) {
      fill(log, 50_000);
    }
  }

  private static byte[] event(long seed) {
    byte[] event = new byte[EVENT_BYTES];
    ByteBuffer.wrap(event).putLong(seed);
    return event;
  }

  /** Appends as fast as the log takes them, with a bounded number on the way. */
  private static void fill(TenantLog log, int count) {
    List<CompletableFuture<Long>> ahead = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] event = event(i);
      ahead.add(log.submit((index, previous) -> event));
      if (ahead.size() == AHEAD) {
        ahead.getLast().join();
        ahead.clear();
      }
    }
    ahead.forEach(CompletableFuture::join);
  }

  private void appends(Path folder, int writers, double forces) throws InterruptedException {
    Histogram all = new Histogram(60_000_000, 3);
    long start;
    double perSecond;
    try (TenantLog log = open(folder);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      start = System.nanoTime();
      List<Future<Histogram>> runs = new ArrayList<>();
      for (int w = 0; w < writers; w++) {
        byte[] event = event(w);
        runs.add(threads.submit(() -> write(log, event, start + RUN_NANOS)));
      }
      for (Future<Histogram> run : runs) {
        all.add(run.get());
      }
      perSecond = all.getTotalCount() / IndexBench.seconds(start);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a writer of the benchmark failed", e);
    }
    String input = String.format(Locale.ROOT, "%,d of %d bytes", all.getTotalCount(), EVENT_BYTES);
    String name =
        writers == 1 ? "durable appends, 1 writer" : "durable appends, " + writers + " writers";
    add(
        name,
        input,
        rate(perSecond, "events"),
        String.format(Locale.ROOT, "%.2f events per force of the disk", perSecond / forces));
    add(name + ": p50, p99, p99.9", input, percentiles(all, 1_000.0, "ms"), "");
  }

  private static Histogram write(TenantLog log, byte[] event, long until) {
    Histogram micros = new Histogram(60_000_000, 3);
    for (long now = System.nanoTime(); now < until; ) {
      long before = now;
      log.append((index, previous) -> event);
      now = System.nanoTime();
      micros.recordValue((now - before) / 1_000);
    }
    return micros;
  }

  private void large(Path folder, int size, double hashes, PrintStream progress) {
    progress.println(String.format(Locale.ROOT, "audit: a log of %,d events", size));
    String input = String.format(Locale.ROOT, "%,d of %d bytes", size, EVENT_BYTES);
    try (TenantLog log = open(folder)) {
      long start = System.nanoTime();
      fill(log, size);
      double perSecond = size / IndexBench.seconds(start);
      add("durable appends, pipelined", input, rate(perSecond, "events"), share(perSecond, hashes));
      long published = System.nanoTime();
      long covered = Checkpoint.verified(log.checkpoint(), log.key()).size();
      String rest = String.format(Locale.ROOT, "%.2f s", IndexBench.seconds(published));
      add("checkpoint over what was left", String.format(Locale.ROOT, "%,d", covered), rest, "");
      proofs(log, size, input);
    }
    verify(folder, size, hashes, input);
  }

  private void proofs(TenantLog log, int size, String input) {
    Histogram micros = new Histogram(60_000_000, 3);
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 2_000; i++) {
      long index = random.nextInt(size);
      long before = System.nanoTime();
      int hashes = log.proveInclusion(index, size).size();
      if (i >= 200 && hashes > 0) {
        micros.recordValue((System.nanoTime() - before) / 1_000);
      }
    }
    add("inclusion proof: p50, p99, p99.9", input, percentiles(micros, 1_000.0, "ms"), "");
  }

  private void verify(Path folder, int size, double hashes, String input) {
    List<MemoryPoolMXBean> pools =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(p -> p.getType() == MemoryType.HEAP)
            .toList();
    System.gc();
    long before = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    pools.forEach(MemoryPoolMXBean::resetPeakUsage);
    long start = System.nanoTime();
    LogVerifier.Verification found = LogVerifier.verify(folder, key.shown().vkey());
    double seconds = IndexBench.seconds(start);
    if (!found.ok() || found.size() != size) {
      throw new IllegalStateException("the log of the benchmark does not verify: " + found);
    }
    long peak = pools.stream().mapToLong(p -> p.getPeakUsage().getUsed()).sum();
    long limit = Runtime.getRuntime().maxMemory() >> 20;
    add(
        "check of the whole log",
        input,
        String.format(Locale.ROOT, "%.1f s", seconds),
        share(size / seconds, hashes));
    add(
        "check of the whole log: heap above the start, garbage included",
        input,
        String.format(Locale.ROOT, "%,d MiB", Math.max(0, peak - before) >> 20),
        "of a heap limited to " + limit + " MiB");
  }

  private static String percentiles(Histogram values, double unit, String name) {
    return String.format(
        Locale.ROOT,
        "%.2f, %.2f, %.2f %s",
        values.getValueAtPercentile(50) / unit,
        values.getValueAtPercentile(99) / unit,
        values.getValueAtPercentile(99.9) / unit,
        name);
  }

  private static String rate(double perSecond, String what) {
    return String.format(Locale.ROOT, "%,.0f %s/s", perSecond, what);
  }

  private static String share(double perSecond, double hashes) {
    return String.format(
        Locale.ROOT, "%.2f of the %,.0f hashes/s of one thread", perSecond / hashes, hashes);
  }
}
