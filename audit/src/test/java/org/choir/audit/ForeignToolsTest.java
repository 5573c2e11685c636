package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Logs of other tools verify with ours, and ours with theirs. The tools are Go programs in {@code
 * src/test/go}: one from the texts of the formats and the standard library, one on the Go checksum
 * database's own packages where those are installed (Debian: golang-golang-x-mod-dev).
 */
class ForeignToolsTest {
  private static final Path GO_SOURCES = Path.of("src/test/go");
  private static final Path DEBIAN_GO_PATH = Path.of("/usr/share/gocode");
  @TempDir Path folder;

  private record Output(int exit, String text) {}

  private static Output run(Map<String, String> environment, Path in, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.directory(in.toFile()).environment().putAll(environment);
    Process process = builder.start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    return new Output(process.exitValue(), text.strip());
  }

  private String build(String program, Map<String, String> environment) throws Exception {
    assumeTrue(hasGo(), "Go is not installed, so nothing was compared with foreign tools");
    Path binary = folder.resolve(program);
    Map<String, String> all = new java.util.HashMap<>(environment);
    all.put("GO111MODULE", "off");
    all.put("GOCACHE", folder.resolve("go-cache").toString());
    List<String> command = List.of("go", "build", "-o", binary.toString(), ".");
    Output built = run(all, GO_SOURCES.resolve(program), command);
    assertThat(built.exit()).as(built.text()).isZero();
    return binary.toString();
  }

  private static boolean hasGo() {
    for (String place : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(place, "go"))) {
        return true;
      }
    }
    return false;
  }

  private Output run(String... command) throws Exception {
    return run(Map.of(), folder, List.of(command));
  }

  private TenantLog open(String name) {
    return TenantLog.open(
        folder.resolve(name), Fixture.TENANT, Fixture.ORIGIN, Fixture.KEY, Fixture.quiet());
  }

  @Test
  void verifiesLogsThatAnotherProgramWroteAndFindsWhatIsChangedInThem() throws Exception {
    String foreign = build("foreign", Map.of());
    for (int size : new int[] {1, 2, 255, 256, 257, 600, 66_000}) {
      Path log = folder.resolve("log" + size);
      Output written = run(foreign, "write", log.toString(), "other.example/log", "" + size);
      assertThat(written.exit()).as(written.text()).isZero();
      var found = LogVerifier.verify(log, written.text());
      assertThat(found.problems()).as("size " + size).isEmpty();
      assertThat(found.size()).isEqualTo(size);
      Path bundle = log.resolve(new TilePath(TilePath.ENTRIES, 0, Math.min(size, 256)).text());
      byte[] content = Files.readAllBytes(bundle);
      content[5] ^= 1;
      Files.write(bundle, content);
      assertThat(LogVerifier.verify(log, written.text()).firstBadIndex()).isZero();
    }
  }

  @Test
  void anotherProgramVerifiesOurLogsAndProofs() throws Exception {
    String foreign = build("foreign", Map.of());
    String vkey = Fixture.KEY.shown().vkey();
    try (TenantLog log = open("ours")) {
      long at = 0;
      for (long size : new long[] {1, 3, 256, 257, 700}) {
        Fixture.fill(log, at, size);
        at = size;
        String root = log.root(size).hex();
        assertThat(log.checkpoint()).contains("\n" + size + "\n");
        Output verified = run(foreign, "verify", folder.resolve("ours").toString(), vkey);
        assertThat(verified).isEqualTo(new Output(0, size + " " + root));
        for (long i : new long[] {0, size / 2, size - 1}) {
          Path proof = Files.writeString(folder.resolve("p"), log.prove(i).format());
          Path entry = Files.write(folder.resolve("e"), Fixture.entry(i));
          Output proved = run(foreign, "proof", proof.toString(), vkey, entry.toString());
          assertThat(proved).isEqualTo(new Output(0, "proved " + i + " of " + size));
          Files.write(entry, Fixture.entry(i + 1));
          assertThat(run(foreign, "proof", proof.toString(), vkey, entry.toString()).exit())
              .isOne();
        }
      }
    }
  }

  @Test
  void theGoChecksumDatabasesOwnPackagesVerifyOurLog() throws Exception {
    Path goPath = Path.of(System.getProperty("choir.test.gopath", DEBIAN_GO_PATH.toString()));
    assumeTrue(
        Files.isDirectory(goPath.resolve("src/golang.org/x/mod/sumdb/tlog")),
        "golang.org/x/mod is not installed (apt-get install golang-golang-x-mod-dev), so our logs"
            + " were not compared with it");
    String xmod = build("xmod", Map.of("GOPATH", goPath.toString()));
    List<Long> sizes = new ArrayList<>(List.of(5L, 256L, 300L, 70_000L));
    try (TenantLog log = open("ours")) {
      long at = 0;
      for (long size : sizes) {
        Fixture.fill(log, at, size);
        at = size;
        assertThat(log.checkpoint()).contains("\n" + size + "\n");
        for (long old : new long[] {1, size - 1, size}) {
          Output verified =
              run(
                  xmod,
                  folder.resolve("ours").toString(),
                  log.key().vkey(),
                  "" + old,
                  log.root(old).hex());
          assertThat(verified).isEqualTo(new Output(0, "verified " + size));
        }
        assertThat(
                run(
                        xmod,
                        folder.resolve("ours").toString(),
                        log.key().vkey(),
                        "" + (size - 1),
                        log.root(size).hex())
                    .exit())
            .isNotZero();
      }
    }
  }
}
