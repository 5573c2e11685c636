package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.sandbox.Vm.FileStat;
import org.choir.sandbox.Vm.Owner;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files in a real guest. */
class FilesTest {
  private static final Owner LEAD = new Owner(1000, 0644);
  @TempDir static Path folder;
  private static Sandboxes room;
  private static Vm vm;

  @BeforeAll
  static void boot() {
    room = TestImage.open(folder);
    vm = room.obtain("files");
  }

  @AfterAll
  static void stop() {
    vm.close();
    room.close();
  }

  @Test
  void carriesEveryByteBothWays() {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    write("/workspace/drafts/bytes", all);
    assertThat(read("/workspace/drafts/bytes")).isEqualTo(all);
    write("/workspace/drafts/bytes", new byte[0]);
    assertThat(read("/workspace/drafts/bytes")).isEmpty();
  }

  @Test
  void carriesTenMebibytesBothWays() {
    byte[] big = new byte[10 << 20];
    new Random(11).nextBytes(big);
    write("/workspace/sources/big", big);
    assertThat(Shell.run(vm, "sha256sum < sources/big").out()).startsWith(Digest.of(big).hex());
    assertThat(Digest.of(read("/workspace/sources/big"))).isEqualTo(Digest.of(big));
  }

  @Test
  void readsAPart() {
    write("/tmp/part", "0123456789".getBytes(StandardCharsets.UTF_8));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(vm.read("/tmp/part", 3, 4, out)).isEqualTo(4);
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("3456");
    assertThat(vm.read("/tmp/part", 20, 4, out)).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"two words.md", "🎻 ü.md", "$HOME `id` ;.md", "-rf", "new\nline", "\"'\\"})
  void takesAnyName(String name) {
    String path = "/workspace/tools/names/" + name;
    write(path, name.getBytes(StandardCharsets.UTF_8));
    assertThat(read(path)).isEqualTo(name.getBytes(StandardCharsets.UTF_8));
    assertThat(vm.list("/workspace/tools/names", false)).extracting(FileStat::path).contains(path);
    assertThat(vm.stat(path).size()).isEqualTo(name.getBytes(StandardCharsets.UTF_8).length);
    vm.delete(path);
    assertThat(code(() -> vm.stat(path))).isEqualTo("file_not_found");
  }

  @Test
  void makesMissingParentsAndSetsOwnerAndMode() {
    vm.write("/workspace/tasks/3/a/b/note.md", stream("x"), 1, new Owner(1003, 0640));
    assertThat(Shell.run(vm, "stat -c '%u %a' tasks/3/a/b/note.md tasks/3/a").out())
        .isEqualTo("1003 640\n1003 2775\n");
    FileStat stat = vm.stat("/workspace/tasks/3/a/b/note.md");
    assertThat(stat.type()).isEqualTo("file");
    assertThat(stat.mode()).isEqualTo(0640);
    assertThat(stat.uid()).isEqualTo(1003);
    assertThat(Math.abs(stat.modifiedMillis() - System.currentTimeMillis())).isLessThan(60_000);
    vm.makeDirectory("/workspace/tasks/4/deep", new Owner(1004, 0755));
    vm.makeDirectory("/workspace/tasks/4/deep", new Owner(1004, 0755));
    assertThat(vm.stat("/workspace/tasks/4/deep").type()).isEqualTo("directory");
    // A subagent can work in what the host made for it.
    assertThat(Shell.as(vm, 1004, "touch tasks/4/deep/x && echo ok").out()).isEqualTo("ok\n");
  }

  @Test
  void aNewFileReplacesAnOldOneOnlyWhole() {
    write("/workspace/drafts/whole", "old".getBytes(StandardCharsets.UTF_8));
    assertThat(code(() -> vm.write("/workspace/drafts/whole", stream("short"), 10, LEAD)))
        .isEqualTo("bad_request");
    assertThat(new String(read("/workspace/drafts/whole"), StandardCharsets.UTF_8))
        .isEqualTo("old");
    assertThat(vm.list("/workspace/drafts", false))
        .extracting(FileStat::path)
        .noneMatch(path -> path.contains(".choir-"));
  }

  @Test
  void listsSortedAndRecursivelyWithoutFollowingLinks() {
    Shell.run(vm, "mkdir -p reports/t/b/c; touch reports/t/b/c/2 reports/t/1; ln -s / reports/t/z");
    assertThat(vm.list("/workspace/reports/t", false))
        .extracting(FileStat::path, FileStat::type)
        .containsExactly(
            tuple("/workspace/reports/t/1", "file"),
            tuple("/workspace/reports/t/b", "directory"),
            tuple("/workspace/reports/t/z", "link"));
    assertThat(vm.list("/workspace/reports/t", true))
        .extracting(FileStat::path)
        .containsExactly(
            "/workspace/reports/t/1",
            "/workspace/reports/t/b",
            "/workspace/reports/t/b/c",
            "/workspace/reports/t/b/c/2",
            "/workspace/reports/t/z");
  }

  @Test
  void listsAThousandFiles() {
    Shell.run(vm, "mkdir -p tools/many && cd tools/many && touch $(seq -w 1000)");
    List<FileStat> files = vm.list("/workspace/tools/many", true);
    assertThat(files).hasSize(1000);
    assertThat(files.getLast().path()).isEqualTo("/workspace/tools/many/1000");
    vm.delete("/workspace/tools/many");
  }

  @Test
  void deletesAFolderWithAllItHoldsButNothingBehindALink() {
    Shell.run(
        vm,
        "mkdir -p drafts/del/x/y drafts/kept; touch drafts/del/x/y/f drafts/kept/f;"
            + " ln -s /workspace/drafts/kept drafts/del/l");
    vm.delete("/workspace/drafts/del");
    assertThat(code(() -> vm.stat("/workspace/drafts/del"))).isEqualTo("file_not_found");
    assertThat(vm.stat("/workspace/drafts/kept/f").type()).isEqualTo("file");
  }

  @Test
  void knowsWhatIsNotAFile() {
    assertThat(code(() -> read("/workspace/none"))).isEqualTo("file_not_found");
    assertThat(code(() -> read("/workspace"))).isEqualTo("is_directory");
    assertThat(code(() -> read("/etc/hostname/x"))).isEqualTo("not_a_directory");
    assertThat(code(() -> vm.list("/etc/hostname", false))).isEqualTo("not_a_directory");
    assertThat(code(() -> write("/workspace/drafts", new byte[1]))).isEqualTo("is_directory");
    assertThat(code(() -> vm.delete("/workspace/none"))).isEqualTo("file_not_found");
    write("/workspace/drafts/plain", new byte[1]);
    assertThat(code(() -> write("/workspace/drafts/plain/x", new byte[1])))
        .isEqualTo("not_a_directory");
    assertThat(code(() -> vm.makeDirectory("/workspace/drafts/plain", LEAD)))
        .isEqualTo("not_a_directory");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"relative", "", "/workspace/../etc/passwd", "/workspace/..", "/workspace/nul\0x"})
  void refusesAPathThatIsATrick(String path) {
    assertThat(code(() -> read(path))).isEqualTo("invalid_path");
    assertThat(code(() -> write(path, new byte[1]))).isEqualTo("invalid_path");
    assertThat(code(() -> vm.list(path, true))).isEqualTo("invalid_path");
    assertThat(code(() -> vm.delete(path))).isEqualTo("invalid_path");
    assertThat(code(() -> vm.makeDirectory(path, LEAD))).isEqualTo("invalid_path");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/etc/x", "/usr/bin/x", "/skills/x", "/x", "/proc/x", "/dev/x", "/home/choir/x"})
  void writesOnlyIntoTheWorkspaceAndTmp(String path) {
    assertThat(code(() -> write(path, new byte[1]))).isEqualTo("permission_denied");
  }

  @Test
  void neverDeletesTheRootsOfWhatItMayWrite() {
    assertThat(code(() -> vm.delete("/workspace"))).isEqualTo("permission_denied");
    assertThat(code(() -> vm.delete("/tmp"))).isEqualTo("permission_denied");
    assertThat(code(() -> vm.delete("/"))).isEqualTo("permission_denied");
    assertThat(code(() -> vm.delete("/etc/hostname"))).isEqualTo("permission_denied");
  }

  @Test
  void linksLeadNoWriteOutOfTheWorkspace() {
    Shell.run(
        vm,
        "ln -s /etc drafts/out; ln -s ../../../../etc drafts/up; ln -s /workspace/drafts/out"
            + " drafts/hop; ln -s /etc/hostname drafts/name");
    for (String path : List.of("out/x", "up/x", "hop/x")) {
      assertThat(code(() -> write("/workspace/drafts/" + path, new byte[1])))
          .isEqualTo("permission_denied");
      assertThat(code(() -> vm.makeDirectory("/workspace/drafts/" + path, LEAD)))
          .isEqualTo("permission_denied");
    }
    assertThat(code(() -> vm.delete("/workspace/drafts/out/hostname")))
        .isEqualTo("permission_denied");
    // A link in the place of the file itself is replaced, never followed.
    write("/workspace/drafts/name", new byte[] {'x'});
    assertThat(vm.stat("/workspace/drafts/name").type()).isEqualTo("file");
    assertThat(Shell.run(vm, "cat /etc/hostname").out()).isEqualTo("choir\n");
  }

  @Test
  void followsALinkThatStaysInside() {
    write("/research/sources/via-link", new byte[] {'v'});
    assertThat(read("/workspace/sources/via-link")).containsExactly('v');
    assertThat(read("/research/sources/via-link")).containsExactly('v');
  }

  @Test
  void refusesPipesDevicesAndTheKernelsFiles() {
    Shell.run(
        vm, "mkfifo drafts/pipe; ln -s /dev/zero drafts/zero; ln -s /proc/self/mem drafts/mem");
    assertThat(code(() -> read("/workspace/drafts/pipe"))).isEqualTo("not_regular");
    assertThat(code(() -> write("/workspace/drafts/pipe", new byte[1]))).isEqualTo("not_regular");
    assertThat(code(() -> read("/workspace/drafts/zero"))).isEqualTo("permission_denied");
    assertThat(code(() -> read("/workspace/drafts/mem"))).isIn("permission_denied", "invalid_path");
    assertThat(code(() -> read("/proc/1/environ"))).isEqualTo("permission_denied");
    assertThat(code(() -> vm.list("/proc", false))).isEqualTo("permission_denied");
    assertThat(code(() -> read("/dev/urandom"))).isEqualTo("permission_denied");
    assertThat(vm.stat("/workspace/drafts/pipe").type()).isEqualTo("other");
  }

  @Test
  void saysWhenTheDiskIsFull() {
    byte[] block = new byte[8 << 20];
    Shell.run(
        vm, "head -c $(($(df --output=avail -B1 /tmp | tail -1) - 4194304)) /dev/zero > /tmp/fill");
    assertThat(code(() -> write("/tmp/more", block))).isEqualTo("no_space");
    assertThat(code(() -> vm.stat("/tmp/more"))).isEqualTo("file_not_found");
    vm.delete("/tmp/fill");
    write("/tmp/more", block);
    vm.delete("/tmp/more");
  }

  private static ByteArrayInputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void write(String path, byte[] bytes) {
    vm.write(path, new ByteArrayInputStream(bytes), bytes.length, LEAD);
  }

  private static byte[] read(String path) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    vm.read(path, 0, Long.MAX_VALUE, out);
    return out.toByteArray();
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
