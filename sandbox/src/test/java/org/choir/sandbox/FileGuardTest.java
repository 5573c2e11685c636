package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.sandbox.Vm.Base;
import org.choir.sandbox.Vm.FileStat;
import org.choir.sandbox.Vm.Owner;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files under attack, at their limits and against each other. */
class FileGuardTest {
  private static final Owner LEAD = new Owner(1000, 0644);
  @TempDir static Path folder;
  private static Sandboxes room;
  private static Vm vm;

  @BeforeAll
  static void boot() {
    room = TestImage.open(folder);
    vm = room.obtain("guard");
  }

  @AfterAll
  static void stop() {
    vm.close();
    room.close();
  }

  @Test
  void aWriteWithTheRightBaseReplacesAndAStaleOneIsAConflictThatTellsTheDigest() {
    String path = "/workspace/drafts/base";
    write(path, "one", new Base.Absent());
    assertThatThrownBy(() -> write(path, "zero", new Base.Absent()))
        .isInstanceOfSatisfying(
            FileConflictException.class, e -> assertThat(e.current()).contains(Digest.of("one")));
    write(path, "two", new Base.Content(Digest.of("one")));
    assertThatThrownBy(() -> write(path, "three", new Base.Content(Digest.of("one"))))
        .isInstanceOfSatisfying(
            FileConflictException.class,
            e -> {
              assertThat(e.code()).isEqualTo("conflict");
              assertThat(e.current()).contains(Digest.of("two"));
            });
    assertThat(read(path)).isEqualTo("two");
    vm.delete(path);
    assertThatThrownBy(() -> write(path, "four", new Base.Content(Digest.of("two"))))
        .isInstanceOfSatisfying(
            FileConflictException.class, e -> assertThat(e.current()).isEmpty());
    assertThat(code(() -> vm.stat(path))).isEqualTo("file_not_found");
    assertThat(vm.list("/workspace/drafts", false))
        .extracting(FileStat::path)
        .noneMatch(p -> p.contains(".choir-"));
  }

  @Test
  void ofManyWritersWithTheSameBaseOneWins() throws Exception {
    String path = "/workspace/drafts/race";
    write(path, "start", new Base.Absent());
    AtomicInteger won = new AtomicInteger();
    AtomicInteger conflicts = new AtomicInteger();
    Thread[] writers = new Thread[8];
    for (int i = 0; i < writers.length; i++) {
      String mine = "writer " + i;
      writers[i] =
          Thread.startVirtualThread(
              () -> {
                try {
                  write(path, mine, new Base.Content(Digest.of("start")));
                  won.incrementAndGet();
                } catch (FileConflictException e) {
                  conflicts.incrementAndGet();
                }
              });
    }
    for (Thread writer : writers) {
      assertThat(writer.join(Duration.ofSeconds(60))).isTrue();
    }
    assertThat(won).hasValue(1);
    assertThat(conflicts).hasValue(7);
  }

  @Test
  void aBatchTellsEachFilesOwnOutcome() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("/workspace/drafts/b1", bytes("one"));
    files.put("/etc/b2", bytes("two"));
    files.put("relative", bytes("three"));
    files.put("/workspace/drafts", bytes("four"));
    files.put("/workspace/drafts/" + "n".repeat(256), bytes("five"));
    files.put("/workspace/drafts/b6", bytes("six"));
    assertThat(vm.writeAll(files, LEAD))
        .extracting(FileGuardTest::outcome)
        .containsExactly(
            "done", "permission_denied", "invalid_path", "is_directory", "name_too_long", "done");
    Shell.run(vm, "mkfifo drafts/b-pipe; head -c 5000 /dev/zero > drafts/b-large");
    List<FileOutcome> read =
        vm.readAll(
            List.of(
                "/workspace/drafts/b1",
                "/workspace/drafts/none",
                "/workspace/drafts",
                "/workspace/drafts/b-pipe",
                "/workspace/drafts/b-large",
                "/workspace/drafts/b1/below",
                "/proc/1/environ",
                "/workspace/drafts/" + "p/".repeat(2500),
                "/workspace/drafts/b6"),
            4_000);
    assertThat(read)
        .extracting(FileGuardTest::outcome)
        .containsExactly(
            "done",
            "file_not_found",
            "is_directory",
            "not_regular",
            "too_large",
            "not_a_directory",
            "permission_denied",
            "name_too_long",
            "done");
    assertThat(read.getFirst())
        .isInstanceOfSatisfying(
            FileOutcome.Done.class, done -> assertThat(done.content()).isEqualTo(bytes("one")));
  }

  @Test
  void aTransferThatWasCutOffGoesOnWhereItStopped() {
    String path = "/workspace/drafts/parts";
    write(path, "0123", new Base.Anything());
    vm.append(path, 4, stream("4567"), 4);
    assertThat(read(path)).isEqualTo("01234567");
    assertThat(code(() -> vm.append(path, 4, stream("x"), 1))).isEqualTo("conflict");
    assertThat(code(() -> vm.append(path, 8, stream("x"), 5))).isEqualTo("bad_request");
    assertThat(read(path)).isEqualTo("01234567");
    assertThat(code(() -> vm.append("/workspace/drafts/no", 0, stream("x"), 1)))
        .isEqualTo("file_not_found");
    assertThat(code(() -> vm.append("/workspace/drafts", 0, stream("x"), 1)))
        .isEqualTo("is_directory");
  }

  /** Two names of one file: the second may lie outside of what the host may write. */
  @Test
  void neverWritesThroughAHardLink() {
    Shell.run(vm, "echo kept > /home/choir/victim; ln /home/choir/victim drafts/second");
    assertThat(
            Shell.run(vm, "ln /etc/hostname drafts/host; ln /skills/quotes/SKILL.md drafts/s")
                .code())
        .as("the kernel refuses links to files of others")
        .isNotZero();
    assertThat(Shell.run(vm, "cp drafts/second /dev/shm/probe && test -e drafts/second").code())
        .isZero();
    assertThat(code(() -> vm.append("/workspace/drafts/second", 5, stream("x"), 1)))
        .isEqualTo("permission_denied");
    write("/workspace/drafts/second", "new", new Base.Anything());
    assertThat(Shell.run(vm, "cat /home/choir/victim").out()).isEqualTo("kept\n");
  }

  @Test
  void refusesLinksOverManyHopsAndLinksInCircles() {
    Shell.run(
        vm,
        "mkdir -p drafts/hops && cd drafts/hops && ln -s /etc a1 && ln -s a1 a2 && ln -s a2 a3"
            + " && ln -s ../hops/a3 a4 && ln -s /workspace/drafts/hops/a4 a5;"
            + " ln -s l2 l1; ln -s l1 l2; ln -s /proc/self/root/etc p; ln -s /proc/1/root q;"
            + " for i in $(seq 50); do ln -s $((i + 1)) $i; done; echo end > 51");
    for (String name : List.of("a1", "a2", "a3", "a4", "a5")) {
      String at = "/workspace/drafts/hops/" + name;
      assertThat(code(() -> write(at + "/x", "x", new Base.Anything())))
          .as(name)
          .isEqualTo("permission_denied");
      assertThat(code(() -> vm.delete(at + "/hostname"))).isEqualTo("permission_denied");
      assertThat(code(() -> vm.makeDirectory(at + "/d", LEAD))).isEqualTo("permission_denied");
      assertThat(code(() -> vm.append(at + "/hostname", 6, stream("x"), 1)))
          .isEqualTo("permission_denied");
    }
    assertThat(code(() -> read("/workspace/drafts/hops/l1"))).isEqualTo("invalid_path");
    assertThat(code(() -> read("/workspace/drafts/hops/1"))).isEqualTo("invalid_path");
    assertThat(read("/workspace/drafts/hops/40")).isEqualTo("end\n");
    assertThat(code(() -> read("/workspace/drafts/hops/p/shadow")))
        .isIn("invalid_path", "permission_denied");
    assertThat(code(() -> read("/workspace/drafts/hops/q/init")))
        .isIn("invalid_path", "permission_denied", "file_not_found");
    assertThat(Shell.run(vm, "cat /etc/hostname; ls -d /etc/x /etc/d 2>/dev/null").out())
        .isEqualTo("choir\n");
  }

  /** The path is changed under the host's feet all the time; whatever happens, it stays inside. */
  @Test
  void neverLeavesTheWorkspaceWhileAToolSwapsFoldersForLinks() {
    try (Execution swapper =
        vm.start(
            new ExecRequest(
                List.of(
                    "python3",
                    "-c",
                    """
                    import os, shutil
                    os.chdir('/workspace/drafts')
                    os.makedirs('swap-real', exist_ok=True)
                    os.symlink('/etc', 'swap-link')
                    print('up', flush=True)
                    while True:
                        for name in ('swap-real', 'swap-link'):
                            try:
                                os.rename(name, 'swap')
                                os.rename('swap', name)
                            except OSError:  # the host made a folder of that name
                                shutil.rmtree('swap', ignore_errors=True)
                    """),
                Map.of(),
                "/",
                1000,
                Duration.ofSeconds(60),
                1_000))) {
      while (!(swapper.next() instanceof ExecEvent.Output)) {
        // until it is up
      }
      int went = 0;
      for (int i = 0; i < 150; i++) {
        String name = "passwd" + i;
        String seen = code(() -> write("/workspace/drafts/swap/" + name, "x", new Base.Anything()));
        assertThat(seen)
            .isIn("no failure", "permission_denied", "file_not_found", "not_a_directory");
        went += seen.equals("no failure") ? 1 : 0;
        assertThat(code(() -> vm.delete("/workspace/drafts/swap/hostname")))
            .isIn("permission_denied", "file_not_found", "not_a_directory");
        assertThat(code(() -> vm.makeDirectory("/workspace/drafts/swap/cron.x", LEAD)))
            .isIn("no failure", "permission_denied", "file_not_found", "not_a_directory");
      }
      swapper.kill();
      assertThat(went).as("the path was sometimes a folder, so the race was one").isPositive();
    }
    assertThat(Shell.run(vm, "cat /etc/hostname; ls /etc | grep -E 'passwd[0-9]|cron.x'").out())
        .isEqualTo("choir\n");
  }

  @Test
  void aFullDiskLeavesTheOldFileWhole() {
    String path = "/tmp/whole";
    write(path, "old", new Base.Anything());
    Shell.run(
        vm, "head -c $(($(df --output=avail -B1 /tmp | tail -1) - 1048576)) /dev/zero > /tmp/fill");
    byte[] large = new byte[8 << 20];
    assertThat(code(() -> vm.write(path, new ByteArrayInputStream(large), large.length, LEAD)))
        .isEqualTo("no_space");
    assertThat(code(() -> vm.append(path, 3, new ByteArrayInputStream(large), large.length)))
        .isEqualTo("no_space");
    assertThat(read(path)).isEqualTo("old");
    assertThat(vm.list("/tmp", false))
        .extracting(FileStat::path)
        .noneMatch(p -> p.contains(".choir-"));
    vm.delete("/tmp/fill");
  }

  @Tag("long")
  @Test
  void aDiskWithoutInodesLeavesTheOldFileWhole() {
    String path = "/dev/shm/none";
    assertThat(code(() -> write(path, "x", new Base.Anything()))).isEqualTo("permission_denied");
    String whole = "/workspace/drafts/inodes";
    write(whole, "old", new Base.Anything());
    Shell filled =
        Shell.run(
            vm,
            1000,
            Duration.ofMinutes(2),
            1_000,
            Map.of(),
            "/workspace",
            "python3",
            "-c",
            """
            import os
            os.mkdir('tools/inodes'); n = 0
            try:
                while True:
                    os.mknod('tools/inodes/%d' % n); n += 1
            except OSError as e:
                print(e.errno, n)
            """);
    assertThat(filled.out()).startsWith("28 ");
    assertThat(code(() -> write(whole, "new", new Base.Anything()))).isEqualTo("no_space");
    assertThat(code(() -> write("/workspace/drafts/more", "new", new Base.Anything())))
        .isEqualTo("no_space");
    assertThat(code(() -> vm.makeDirectory("/workspace/drafts/dir", LEAD))).isEqualTo("no_space");
    assertThat(read(whole)).isEqualTo("old");
    Shell.run(vm, "rm -rf tools/inodes");
    write(whole, "new", new Base.Anything());
  }

  @Test
  void aSparseBombCostsOnlyWhatIsAskedFor() {
    Shell.run(
        vm,
        "truncate -s 4T drafts/bomb; printf end | dd of=drafts/bomb bs=1 seek=6442450944 conv=notrunc");
    assertThat(vm.stat("/workspace/drafts/bomb").size()).isEqualTo(4L << 40);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(vm.read("/workspace/drafts/bomb", 6_442_450_944L, 3, out)).isEqualTo(3);
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("end");
    assertThat(outcome(vm.readAll(List.of("/workspace/drafts/bomb"), 1 << 20).getFirst()))
        .isEqualTo("too_large");
    vm.delete("/workspace/drafts/bomb");
  }

  @Tag("long")
  @Test
  void carriesMoreThanFourGibibytesWithBoundedMemory() {
    long size = (4L << 30) + 12_345;
    Shell.run(vm, "truncate -s " + size + " drafts/huge; printf end >> drafts/huge");
    long[] seen = {0, 0};
    OutputStream counting =
        new OutputStream() {
          @Override
          public void write(int b) {
            throw new UnsupportedOperationException();
          }

          @Override
          public void write(byte[] bytes) {
            seen[0] += bytes.length;
            seen[1] = bytes[bytes.length - 1];
          }
        };
    Runtime memory = Runtime.getRuntime();
    System.gc();
    long before = memory.totalMemory() - memory.freeMemory();
    assertThat(vm.read("/workspace/drafts/huge", 0, Long.MAX_VALUE, counting)).isEqualTo(size + 3);
    System.gc();
    long after = memory.totalMemory() - memory.freeMemory();
    assertThat(seen).containsExactly(size + 3, 'd');
    assertThat(after - before).isLessThan(32 << 20);
    // The guest's disk is smaller, so writing ends early, and the guest says why.
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return 0;
          }

          @Override
          public int readNBytes(byte[] bytes, int offset, int length) {
            return length;
          }
        };
    assertThat(code(() -> vm.write("/workspace/drafts/up", endless, size, LEAD)))
        .isEqualTo("no_space");
    assertThat(code(() -> vm.stat("/workspace/drafts/up"))).isEqualTo("file_not_found");
    vm.delete("/workspace/drafts/huge");
  }

  private static String outcome(FileOutcome outcome) {
    return switch (outcome) {
      case FileOutcome.Done done -> "done";
      case FileOutcome.Refused refused -> refused.failure().code();
    };
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static ByteArrayInputStream stream(String text) {
    return new ByteArrayInputStream(bytes(text));
  }

  private static void write(String path, String text, Base base) {
    vm.write(path, stream(text), bytes(text).length, LEAD, base);
  }

  private static String read(String path) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    vm.read(path, 0, 1 << 20, out);
    return out.toString(StandardCharsets.UTF_8);
  }

  private static String code(Runnable call) {
    try {
      call.run();
      return "no failure";
    } catch (ChoirException e) {
      return e.code();
    }
  }
}
