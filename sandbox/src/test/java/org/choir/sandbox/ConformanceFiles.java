package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.choir.sandbox.ConformanceCases.assertCode;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.choir.core.Digest;

/** What every place does with files. */
final class ConformanceFiles {
  private static final Vm.Owner LEAD = new Vm.Owner(1000, 0644);

  private ConformanceFiles() {}

  static void copiesFiles(ConformanceTest place) {
    Vm vm = place.shared();
    byte[] big = new byte[3_000_001];
    long seed = System.nanoTime();
    System.out.println("copiesFiles: seed " + seed);
    new Random(seed).nextBytes(big);
    write(vm, "/workspace/sources/big", big);
    assertThat(Shell.run(vm, "sha256sum < sources/big").out()).startsWith(Digest.of(big).hex());
    assertThat(Digest.of(read(vm, "/workspace/sources/big"))).isEqualTo(Digest.of(big));
    write(vm, "/tmp/empty", new byte[0]);
    assertThat(read(vm, "/tmp/empty")).isEmpty();
  }

  static void readsParts(ConformanceTest place) {
    Vm vm = place.shared();
    write(vm, "/tmp/part", "0123456789".getBytes(StandardCharsets.UTF_8));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(vm.read("/tmp/part", 3, 4, out)).isEqualTo(4);
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("3456");
    assertThat(vm.read("/tmp/part", 20, 4, out)).isZero();
    assertThat(vm.read("/tmp/part", 0, 3, out)).isEqualTo(3);
  }

  static void takesAnyName(ConformanceTest place) {
    Vm vm = place.shared();
    for (String name :
        List.of(
            "two words.md", "🎻 ü.md", "$HOME `id` ;.md", "-rf", "new\nline", "\"'\\", "%s#?")) {
      String path = "/workspace/tools/names/" + name;
      write(vm, path, name.getBytes(StandardCharsets.UTF_8));
      assertThat(read(vm, path)).isEqualTo(name.getBytes(StandardCharsets.UTF_8));
      assertThat(vm.list("/workspace/tools/names", false))
          .extracting(Vm.FileStat::path)
          .containsExactly(path);
      vm.delete(path);
      assertCode("file_not_found", () -> vm.stat(path));
    }
  }

  static void makesParents(ConformanceTest place) {
    Vm vm = place.shared();
    vm.write("/workspace/tasks/3/a/note.md", stream("x"), 1, new Vm.Owner(1003, 0640));
    Vm.FileStat stat = vm.stat("/workspace/tasks/3/a/note.md");
    assertThat(stat.type()).isEqualTo("file");
    assertThat(stat.mode()).isEqualTo(0640);
    assertThat(stat.uid()).isEqualTo(1003);
    assertThat(stat.size()).isEqualTo(1);
    assertThat(Math.abs(stat.modifiedMillis() - System.currentTimeMillis())).isLessThan(60_000);
    vm.makeDirectory("/workspace/tasks/4/deep", new Vm.Owner(1004, 0755));
    vm.makeDirectory("/workspace/tasks/4/deep", new Vm.Owner(1004, 0755));
    assertThat(vm.stat("/workspace/tasks/4/deep").type()).isEqualTo("directory");
    assertThat(Shell.as(vm, 1004, "touch /workspace/tasks/4/deep/x && echo ok").out())
        .isEqualTo("ok\n");
  }

  static void replacesWhole(ConformanceTest place) {
    Vm vm = place.shared();
    write(vm, "/workspace/drafts/whole", "old".getBytes(StandardCharsets.UTF_8));
    assertCode("bad_request", () -> vm.write("/workspace/drafts/whole", stream("short"), 10, LEAD));
    assertThat(read(vm, "/workspace/drafts/whole")).asString().isEqualTo("old");
    write(vm, "/workspace/drafts/whole", "new".getBytes(StandardCharsets.UTF_8));
    assertThat(read(vm, "/workspace/drafts/whole")).asString().isEqualTo("new");
    assertThat(vm.list("/workspace/drafts", false))
        .extracting(Vm.FileStat::path)
        .containsExactly("/workspace/drafts/whole");
  }

  static void lists(ConformanceTest place) {
    Vm vm = place.shared();
    Shell.run(vm, "mkdir -p reports/t/b/c; touch reports/t/b/c/2 reports/t/1; ln -s / reports/t/z");
    assertThat(vm.list("/workspace/reports/t", false))
        .extracting(Vm.FileStat::path, Vm.FileStat::type)
        .containsExactly(
            tuple("/workspace/reports/t/1", "file"),
            tuple("/workspace/reports/t/b", "directory"),
            tuple("/workspace/reports/t/z", "link"));
    assertThat(vm.list("/workspace/reports/t", true))
        .extracting(Vm.FileStat::path)
        .containsExactly(
            "/workspace/reports/t/1",
            "/workspace/reports/t/b",
            "/workspace/reports/t/b/c",
            "/workspace/reports/t/b/c/2",
            "/workspace/reports/t/z");
  }

  static void deletes(ConformanceTest place) {
    Vm vm = place.shared();
    Shell.run(
        vm,
        "mkdir -p drafts/kept drafts/del/x; echo 1 > drafts/kept/f; ln -s ../kept drafts/del/l");
    vm.delete("/workspace/drafts/del");
    assertCode("file_not_found", () -> vm.stat("/workspace/drafts/del"));
    assertThat(vm.stat("/workspace/drafts/kept/f").type()).isEqualTo("file");
  }

  static void tellsFailures(ConformanceTest place) {
    Vm vm = place.shared();
    write(vm, "/workspace/drafts/plain", new byte[1]);
    assertCode("file_not_found", () -> read(vm, "/workspace/none"));
    assertCode("is_directory", () -> read(vm, "/workspace"));
    assertCode("not_a_directory", () -> read(vm, "/etc/hostname/x"));
    assertCode("not_a_directory", () -> vm.list("/etc/hostname", false));
    assertCode("file_not_found", () -> vm.list("/workspace/none", false));
    assertCode("is_directory", () -> write(vm, "/workspace/drafts", new byte[1]));
    assertCode("not_a_directory", () -> write(vm, "/workspace/drafts/plain/x", new byte[1]));
    assertCode("not_a_directory", () -> vm.makeDirectory("/workspace/drafts/plain", LEAD));
    assertCode("file_not_found", () -> vm.delete("/workspace/none"));
    for (String path : List.of("relative", "/workspace/../etc/passwd", "/workspace/a\0b", "")) {
      assertCode("invalid_path", () -> read(vm, path));
      assertCode("invalid_path", () -> write(vm, path, new byte[1]));
      assertCode("invalid_path", () -> vm.delete(path));
    }
  }

  static void guardsPaths(ConformanceTest place) {
    Vm vm = place.shared();
    Shell.run(vm, "ln -sfn /etc drafts/out; ln -sfn /etc/hostname drafts/name");
    for (String path : List.of("/etc/new", "/home/choir/new", "/workspace/drafts/out/new")) {
      assertCode("permission_denied", () -> write(vm, path, new byte[1]));
      assertCode("permission_denied", () -> vm.makeDirectory(path, LEAD));
    }
    for (String path : List.of("/workspace", "/tmp", "/", "/etc/hostname")) {
      assertCode("permission_denied", () -> vm.delete(path));
    }
    assertCode("permission_denied", () -> vm.delete("/workspace/drafts/out/hostname"));
    // A link at the very end is replaced, not followed.
    write(vm, "/workspace/drafts/name", new byte[5]);
    assertThat(vm.stat("/workspace/drafts/name").type()).isEqualTo("file");
    assertThat(Shell.run(vm, "wc -c < drafts/name").out().strip()).isEqualTo("5");
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void write(Vm vm, String path, byte[] body) {
    vm.write(path, new ByteArrayInputStream(body), body.length, LEAD);
  }

  private static byte[] read(Vm vm, String path) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    vm.read(path, 0, 100 << 20, out);
    return out.toByteArray();
  }
}
