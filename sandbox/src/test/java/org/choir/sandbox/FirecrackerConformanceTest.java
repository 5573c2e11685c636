package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.choir.sandbox.firecracker.FakePrograms;
import org.choir.sandbox.firecracker.FirecrackerDriver;
import org.choir.sandbox.firecracker.FirecrackerOptions;
import org.choir.sandbox.firecracker.HostReport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;

/**
 * The Firecracker driver, whole: over an emulation that checks every request, under a jailer that
 * really jails, with a real guest. With {@code CHOIR_TEST_FIRECRACKER=1} over the real programs of
 * the path instead, on a host with KVM.
 */
@Tag("long")
class FirecrackerConformanceTest extends ConformanceTest {
  private static final boolean REAL = "1".equals(System.getenv("CHOIR_TEST_FIRECRACKER"));

  private @Nullable Stand stand;

  /** What the place stands on. */
  private record Stand(Path folder, FirecrackerOptions options) {}

  private Stand stand() {
    return Objects.requireNonNull(stand);
  }

  @Override
  void prepare() throws IOException {
    assumeTrue(System.getProperty("user.name").equals("root"), "a jailer is started as root");
    List<HostReport.Problem> unfit =
        HostReport.read().problems().stream().filter(HostReport.Problem::fatal).toList();
    if (!REAL || !unfit.isEmpty()) {
      System.out.println(
          "FIRECRACKER ITSELF WAS NOT RUN: "
              + (REAL ? unfit : "CHOIR_TEST_FIRECRACKER is not 1; an emulation of it runs"));
    }
    assumeTrue(!REAL || unfit.isEmpty(), () -> "this host may not run it: " + unfit);
    // Not below a folder of root's alone: what is jailed must reach its programs.
    Path folder = Files.createTempDirectory(Path.of("/tmp"), "fc");
    Path jails = Files.createDirectory(folder.resolve("j"));
    FirecrackerOptions options =
        REAL
            ? new FirecrackerOptions(program("firecracker"), program("jailer"), jails)
            : FakePrograms.in(folder, jails, "1.16.2").options();
    stand = new Stand(folder, options);
  }

  private static Path program(String name) {
    return Arrays.stream(System.getenv("PATH").split(":", -1))
        .map(path -> Path.of(path, name))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow();
  }

  @Override
  void cleanUp() throws IOException {
    try (Stream<Path> left = Files.walk(stand().folder())) {
      left.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }

  @Override
  String place() {
    return REAL ? "firecracker" : "firecracker (emulated)";
  }

  @Override
  VmHost open() {
    Sandboxes.Options room =
        new Sandboxes.Options(
            stand().folder().resolve("vms"), TestImage.folder(), "kvm", 384, 512, 3);
    return Sandboxes.thisMachine(
        new FirecrackerDriver(stand().options(), REAL ? HostReport::read : FakePrograms::goodHost),
        room,
        TestImage.keys(stand().folder()),
        InstantSource.system(),
        Outside.nothing());
  }

  @Override
  void nothingIsLeft() throws Exception {
    try (Stream<Path> all = Files.list(stand().folder().resolve("vms"))) {
      assertThat(all.filter(path -> path.getFileName().toString().startsWith("vm-"))).isEmpty();
    }
    Path jails = stand().options().jails().resolve(stand().options().firecracker().getFileName());
    try (Stream<Path> all = Files.list(jails)) {
      assertThat(all).isEmpty();
    }
    try (Stream<Path> groups = Files.list(stand().options().cgroups().resolve("choir"))) {
      assertThat(groups.filter(Files::isDirectory)).isEmpty();
    }
    assertThat(HypervisorProcess.withArgument("--id=c")).isEmpty();
  }
}
