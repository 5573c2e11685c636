package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.TreeMap;
import org.choir.core.TenantId;
import org.choir.sandbox.e2b.E2bService;
import org.choir.sandbox.e2b.LocalE2b;
import org.choir.sandbox.hosted.HostedHost;
import org.choir.sandbox.runloop.LocalRunloop;
import org.choir.sandbox.runloop.RunloopService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A workspace goes from one driver to another by its artifacts, and nothing else: what the loop
 * records after each step (a file's path, user, mode and bytes) is enough to go on elsewhere.
 */
class DriverChangeTest {
  /** A file as it is recorded. */
  private record Artifact(Vm.Owner owner, byte[] body) {}

  @TempDir Path folder;

  @Test
  void aRunBegunAtAServiceGoesOnHereAndBackAgain() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "a local sandbox is root's work");
    Path vms = folder.resolve("vms");
    try (LocalE2b e2b = new LocalE2b(folder.resolve("e2b"));
        LocalRunloop runloop = new LocalRunloop(folder.resolve("runloop"));
        VmHost first = new HostedHost(new E2bService(e2b.options(LocalE2b.key())), "one");
        VmHost own =
            Sandboxes.thisMachine(
                new QemuDriver(),
                TestImage.options(vms),
                TestImage.keys(folder),
                InstantSource.system(),
                Outside.nothing());
        VmHost last =
            new HostedHost(new RunloopService(runloop.options(LocalRunloop.key())), "one")) {
      Vm begun = first.create(spec()).vm();
      Shell.run(
          begun, "printf 'line 1\\n' > drafts/report.md; head -c 70000 /dev/urandom > sources/s");
      begun.write(
          "/workspace/tasks/1/part.md",
          new ByteArrayInputStream("part".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
          4,
          new Vm.Owner(1001, 0640));
      String digest = Shell.run(begun, "sha256sum < sources/s").out();
      Map<String, Artifact> recorded = record(begun);
      first.destroy("run-1");

      Vm here = own.create(spec()).vm();
      restore(here, recorded);
      assertThat(record(here).keySet()).isEqualTo(recorded.keySet());
      assertThat(Shell.run(here, "sha256sum < sources/s").out()).isEqualTo(digest);
      assertThat(Shell.run(here, "stat -c '%u %a' tasks/1/part.md").out()).isEqualTo("1001 640\n");
      Shell.run(here, "echo 'line 2' >> drafts/report.md; rm sources/s");
      recorded = record(here);
      own.destroy("run-1");

      Vm back = last.create(spec()).vm();
      restore(back, recorded);
      assertThat(Shell.run(back, "cat drafts/report.md").out()).isEqualTo("line 1\nline 2\n");
      assertThat(Shell.run(back, "find /workspace -type f | sort").out())
          .isEqualTo("/workspace/drafts/report.md\n/workspace/tasks/1/part.md\n");
      last.destroy("run-1");
    }
  }

  private static VmSpec spec() {
    return new VmSpec("run-1", new TenantId("ada"), 1, 384, 512, java.util.List.of());
  }

  private static Map<String, Artifact> record(Vm vm) {
    Map<String, Artifact> all = new TreeMap<>();
    for (Vm.FileStat file : vm.list("/workspace", true)) {
      if (file.type().equals("file")) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        vm.read(file.path(), 0, file.size(), body);
        all.put(
            file.path(), new Artifact(new Vm.Owner(file.uid(), file.mode()), body.toByteArray()));
      }
    }
    return all;
  }

  private static void restore(Vm vm, Map<String, Artifact> recorded) {
    recorded.forEach(
        (path, file) ->
            vm.write(
                path, new ByteArrayInputStream(file.body()), file.body().length, file.owner()));
  }
}
