package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code pip} and {@code npm}, unprivileged in a real VM, against registries on the host. */
@Tag("long")
class PackagesTest {
  @TempDir static Path folder;
  private static final List<EgressLog.Dial> LOG = new CopyOnWriteArrayList<>();
  private static LocalPackages packages;
  private static Sandboxes room;
  private static Vm vm;

  @BeforeAll
  static void boot() throws Exception {
    packages = new LocalPackages();
    TestNetwork network = new TestNetwork().name(LocalPackages.HOST, "127.0.0.1");
    Egress egress =
        new Egress(
            List.of(LocalPackages.HOST + ":" + packages.port()),
            EgressLimits.DEFAULT,
            network,
            LOG::add,
            InstantSource.system());
    room =
        Sandboxes.open(
            TestImage.options(folder),
            TestImage.keys(folder),
            InstantSource.system(),
            new Outside(egress, id -> GuestCalls.NONE));
    vm = room.obtain("packages");
  }

  @AfterAll
  static void stop() throws Exception {
    vm.close();
    room.close();
    packages.close();
  }

  private static void allow(String... lines) {
    vm.allow(EgressPolicy.allowing(TenantId.LOCAL, List.of(lines)));
  }

  private static Shell run(int uid, String script) {
    return Shell.run(
        vm,
        uid,
        Duration.ofMinutes(4),
        1 << 20,
        Map.of(),
        "/workspace",
        "bash",
        "-c",
        script.replace("REGISTRY", "http://" + LocalPackages.HOST + ":" + packages.port()));
  }

  @Test
  void pipInstallsAPackageAndWhatItNeedsWhereAllowed() {
    allow(LocalPackages.HOST + ":" + packages.port());
    String pip =
        "pip install --index-url REGISTRY/simple --trusted-host " + LocalPackages.HOST + " tiny";
    Shell shell = run(1000, pip + " && tiny && python3 -c 'import tiny; tiny.main()'");
    assertThat(shell.out()).as(shell.err()).endsWith("tiny and small\ntiny and small\n");
    Shell venv = run(1001, "python3 -m venv /tmp/v && /tmp/v/bin/" + pip + " && /tmp/v/bin/tiny");
    assertThat(venv.out()).as(venv.err()).endsWith("tiny and small\n");
    assertThat(LOG).anySatisfy(dial -> assertThat(dial.uid()).isEqualTo(1001));
  }

  @Test
  void npmInstallsAPackageAndWhatItNeedsWhereAllowed() {
    allow(LocalPackages.HOST + ":" + packages.port());
    Shell shell =
        run(
            1000,
            "mkdir -p app && cd app && npm install --registry REGISTRY/ small"
                + " && node -e 'console.log(require(\"small\"))'");
    assertThat(shell.out()).as(shell.err()).endsWith("small and smallest\n");
    Shell global =
        run(1000, "npm install -g --registry REGISTRY/ smallest && ls ~/.local/lib/node_modules");
    assertThat(global.out()).as(global.err()).endsWith("smallest\n");
  }

  @Test
  void bothSayPlainlyThatTheyAreNotAllowed() {
    allow("elsewhere.example");
    Shell pip =
        run(1000, "pip download --index-url https://" + LocalPackages.HOST + "/simple tiny");
    assertThat(pip.code()).isNotZero();
    assertThat(pip.err())
        .contains("403 Refused by choir: " + LocalPackages.HOST + ":443 is not on this machine's");
    Shell npm = run(1000, "cd /tmp && npm install --registry REGISTRY/ small");
    assertThat(npm.code()).isNotZero();
    assertThat(npm.err()).contains("403 Refused by choir: " + LocalPackages.HOST);
  }
}
