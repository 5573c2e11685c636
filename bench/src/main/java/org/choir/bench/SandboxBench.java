package org.choir.bench;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.choir.core.TenantId;
import org.choir.keys.FileDataKeys;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.Sandboxes;
import org.choir.sandbox.Vm;
import org.choir.sandbox.VmInfo;
import org.choir.sandbox.VmSpec;

/**
 * What a VM costs: in time against a cold boot of the same VM in the same run, in round trips
 * against the bare process on the host, in memory against the guest's size. With {@code --full}
 * also 50 and 100 VMs alive at once.
 */
final class SandboxBench implements Benches.Bench {
  static final String FULL = "--full";
  private static final String NAME = "sandbox";
  private static final int ROUNDS = 7;
  private static final int FILE_BYTES = 32 << 20;
  private static final int SMALL_MIB = 128;

  private final List<Figure> figures = new ArrayList<>();
  private String accelerator = "";
  private double boot;

  @Override
  public List<Figure> run(Path scratch, List<String> arguments, PrintStream progress)
      throws IOException, InterruptedException {
    figures.clear();
    try (Sandboxes room = open(scratch, 512, 0)) {
      accelerator = room.accelerator();
      progress.println("sandbox: starts under " + accelerator);
      starts(scratch, room);
      progress.println("sandbox: commands and files");
      commands(scratch, room);
      progress.println("sandbox: memory");
      memory(room, 512, 4);
    }
    warmClaim(scratch, progress);
    for (int mib : new int[] {256, 512, 1024}) {
      progress.println("sandbox: suspend and resume of " + mib + " MiB");
      suspends(scratch, mib);
    }
    if (arguments.contains(FULL)) {
      for (int count : new int[] {50, 100}) {
        progress.println("sandbox: " + count + " VMs at once");
        many(scratch, count);
      }
    }
    return List.copyOf(figures);
  }

  private static Sandboxes open(Path scratch, int memoryMib, int pool) {
    Path image =
        Path.of(System.getProperty("choir.repository", "."), "guest", "target", "image")
            .toAbsolutePath();
    Sandboxes.Options options =
        new Sandboxes.Options(
                scratch.resolve("vms-" + memoryMib + "-" + pool),
                image,
                "auto",
                memoryMib,
                512,
                200)
            .withPool(pool)
            .withTemplates(scratch.resolve("templates"));
    return Sandboxes.open(
        options, FileDataKeys.open(scratch.resolve("keys")), InstantSource.system());
  }

  private void add(String what, String input, String value, String ratio) {
    figures.add(new Figure(NAME, what, input, value, ratio));
  }

  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  private static double time(Work work) throws IOException, InterruptedException {
    long start = System.nanoTime();
    work.run();
    return IndexBench.seconds(start);
  }

  private static double median(List<Double> all) {
    double[] sorted = all.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[sorted.length / 2];
  }

  private static double p95(List<Double> all) {
    double[] sorted = all.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[Math.min(sorted.length - 1, (int) Math.ceil(sorted.length * 0.95) - 1)];
  }

  private static String millis(double seconds) {
    return String.format(Locale.ROOT, "%,.1f ms", seconds * 1000);
  }

  private String toBoot(double seconds) {
    return String.format(Locale.ROOT, "%.1f x faster than the cold boot", boot / seconds);
  }

  private void starts(Path scratch, Sandboxes room) throws IOException, InterruptedException {
    Path disk = scratch.resolve("volume.img");
    Files.write(disk, new byte[1 << 20]);
    List<Double> boots = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      // A VM with a disk of its own cannot come from a template, so it boots.
      VmSpec spec =
          new VmSpec(
              "cold-" + i, TenantId.LOCAL, 1, 512, 512, List.of(new VmSpec.Volume("bench", disk)));
      boots.add(time(() -> room.obtain(spec)));
      room.destroy(spec.id());
    }
    boot = median(boots);
    add("yardstick: cold boot to ready", "512 MiB, median of 3, " + accelerator, millis(boot), "");
    double first = time(() -> room.obtain("first"));
    room.destroy("first");
    add("first VM of an image: boot, template, restore", "512 MiB", millis(first), toBoot(first));
    List<Double> restores = new ArrayList<>();
    List<Double> execs = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      String id = "restored-" + i;
      restores.add(time(() -> room.obtain(id)));
      Vm vm = room.obtain(id);
      execs.add(time(() -> run(vm, "/bin/true")));
      vm.close();
    }
    double restore = median(restores);
    add(
        "restore from the template to ready",
        "median of " + ROUNDS,
        millis(restore),
        toBoot(restore));
    double exec = median(execs);
    add("first command after a restore", "/bin/true", millis(exec), toBoot(exec));
  }

  private void warmClaim(Path scratch, PrintStream progress)
      throws IOException, InterruptedException {
    progress.println("sandbox: warm pool");
    List<Double> claims = new ArrayList<>();
    try (Sandboxes room = open(scratch, 512, 1)) {
      room.obtain("opener");
      for (int i = 0; i < ROUNDS; i++) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (room.warm() == 0 && System.nanoTime() < deadline) {
          TimeUnit.MILLISECONDS.sleep(20);
        }
        String id = "claimed-" + i;
        claims.add(time(() -> room.obtain(id)));
      }
      for (VmInfo info : room.list()) {
        room.destroy(info.id());
      }
    }
    double claim = median(claims);
    add("warm claim", "median of " + ROUNDS, millis(claim), toBoot(claim));
  }

  private void commands(Path scratch, Sandboxes room) throws IOException, InterruptedException {
    Vm vm = room.obtain("commands");
    run(vm, "/bin/true");
    List<Double> bare = new ArrayList<>();
    List<Double> inside = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      bare.add(time(() -> new ProcessBuilder("/bin/true").start().waitFor()));
      inside.add(time(() -> run(vm, "/bin/true")));
    }
    add("yardstick: the bare process", "/bin/true, median of 30", millis(median(bare)), "");
    add(
        "command in a VM, round trip",
        "/bin/true, median of 30",
        millis(median(inside)),
        String.format(
            Locale.ROOT,
            "%.1f x the bare process, p95 %s",
            median(inside) / median(bare),
            millis(p95(inside))));
    byte[] body = new byte[FILE_BYTES];
    Path host = scratch.resolve("file");
    double copy = time(() -> Files.write(host, body));
    double write =
        time(
            () ->
                vm.write(
                    "/workspace/file",
                    new ByteArrayInputStream(body),
                    body.length,
                    new Vm.Owner(1000, 0644)));
    double read =
        time(() -> vm.read("/workspace/file", 0, body.length, OutputStream.nullOutputStream()));
    add("yardstick: writing a file on the host", "32 MiB", rate(copy), "");
    add("writing a file into a VM", "32 MiB", rate(write), share(copy / write));
    add("reading a file out of a VM", "32 MiB", rate(read), share(copy / read));
    vm.close();
  }

  private static String rate(double seconds) {
    return String.format(Locale.ROOT, "%,.0f MB/s", FILE_BYTES / seconds / 1e6);
  }

  private static String share(double share) {
    return String.format(Locale.ROOT, "%.3f of the host's", share);
  }

  private static void run(Vm vm, String... argv) {
    int exit =
        vm.exec(
                new ExecRequest(List.of(argv), Map.of(), "/", 1000, Duration.ofMinutes(1), 1 << 20),
                new ExecOutput() {
                  @Override
                  public void stdout(byte[] bytes) {}

                  @Override
                  public void stderr(byte[] bytes) {}
                })
            .exitCode();
    if (exit != 0) {
      throw new IllegalStateException(Arrays.toString(argv) + " ended with " + exit);
    }
  }

  /** A process's resident memory, and the part of it that is its own share, KiB. */
  private record Memory(long resident, long proportional) {
    static Memory of(long pid) throws IOException {
      long rss = 0;
      long pss = 0;
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
        if (line.startsWith("Rss:")) {
          rss = number(line);
        } else if (line.startsWith("Pss:")) {
          pss = number(line);
        }
      }
      return new Memory(rss, pss);
    }

    private static long number(String line) {
      return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }

    Memory plus(Memory other) {
      return new Memory(resident + other.resident, proportional + other.proportional);
    }
  }

  private static Memory memory(Sandboxes room) throws IOException {
    Memory all = new Memory(0, 0);
    for (VmInfo info : room.list()) {
      all = all.plus(Memory.of(info.pid()));
    }
    return all;
  }

  private void memory(Sandboxes room, int mib, int siblings) throws IOException {
    for (int i = 0; i < siblings; i++) {
      room.obtain("sibling-" + i);
    }
    Memory all = memory(room);
    add(
        "memory of an idle VM (PSS)",
        siblings + " siblings of " + mib + " MiB",
        String.format(Locale.ROOT, "%.0f MiB each", all.proportional() / 1024.0 / siblings),
        String.format(
            Locale.ROOT,
            "%.2f of its size, %.0f %% of what is resident is shared",
            all.proportional() / 1024.0 / siblings / mib,
            100.0 * (all.resident() - all.proportional()) / all.resident()));
    for (int i = 0; i < siblings; i++) {
      room.destroy("sibling-" + i);
    }
  }

  private void suspends(Path scratch, int mib) throws IOException, InterruptedException {
    try (Sandboxes room = open(scratch, mib, 0)) {
      Vm vm = room.obtain("sleeper");
      // A guest that has used its memory, with what cannot be packed.
      run(vm, "dd", "if=/dev/urandom", "of=/tmp/full", "bs=1M", "count=" + mib / 4, "status=none");
      List<Double> suspends = new ArrayList<>();
      List<Double> resumes = new ArrayList<>();
      long bytes = 0;
      for (int i = 0; i < 3; i++) {
        suspends.add(time(() -> room.suspend("sleeper")));
        bytes = sealed(scratch.resolve("vms-" + mib + "-0"));
        resumes.add(time(() -> room.resume("sleeper")));
      }
      String input = mib + " MiB, a quarter of it full; " + (bytes >> 20) + " MiB on the disk";
      add("suspend", input, millis(median(suspends)), toBoot(median(suspends)));
      add("resume to ready", input, millis(median(resumes)), toBoot(median(resumes)));
      vm.close();
    }
  }

  private static long sealed(Path folder) throws IOException {
    long bytes = 0;
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(p -> p.toString().endsWith(".sealed")).toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  private void many(Path scratch, int count) throws IOException, InterruptedException {
    try (Sandboxes room = open(scratch, SMALL_MIB, 0)) {
      room.obtain("template");
      room.destroy("template");
      double starts = time(() -> each(count, i -> room.obtain("many-" + i)));
      Memory all = memory(room);
      List<Double> execs = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Vm vm = room.obtain("many-" + i);
        execs.add(time(() -> run(vm, "/bin/true")));
      }
      double suspends = time(() -> each(count, i -> room.suspend("many-" + i)));
      double resumes = time(() -> each(count, i -> room.resume("many-" + i)));
      String input = count + " VMs of " + SMALL_MIB + " MiB";
      add(
          "alive at once: memory (PSS)",
          input,
          (all.proportional() >> 10) + " MiB",
          String.format(
              Locale.ROOT,
              "%.2f of their size",
              all.proportional() / 1024.0 / ((double) count * SMALL_MIB)));
      add(
          "alive at once: to start them all",
          input,
          IndexBench.format(starts),
          toBoot(starts / count) + ", each");
      add(
          "alive at once: a command in each",
          input,
          millis(median(execs)),
          "p95 " + millis(p95(execs)));
      add(
          "to suspend them all",
          input,
          IndexBench.format(suspends),
          toBoot(suspends / count) + ", each");
      add(
          "to resume them all",
          input,
          IndexBench.format(resumes),
          toBoot(resumes / count) + ", each");
      each(count, i -> room.destroy("many-" + i));
    }
  }

  private interface Numbered {
    void run(int number);
  }

  private static void each(int count, Numbered work) throws InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Callable<Integer>> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int number = i;
        all.add(
            () -> {
              work.run(number);
              return number;
            });
      }
      for (Future<Integer> one : threads.invokeAll(all)) {
        one.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("one VM of " + count + " failed", e);
    }
  }
}
