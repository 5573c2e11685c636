package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

class AuditExportTest {
  private static final String RUN = "r0abc12345";
  @TempDir static Path temp;
  private static AuditChain chain;
  private static final MemoryAnchors ANCHORS = new MemoryAnchors();
  private static Path whole;
  private static Path oneRun;
  private Path copy;

  private record Ended(int exit, String out) {}

  @BeforeAll
  static void export() {
    chain = AuditChainTest.open(temp, List.of(), List.of());
    EventFixtures.all().stream()
        .filter(e -> !e.kind().equals("payload.erased"))
        .forEach(chain::record);
    chain.anchor(ANCHORS);
    chain.erase(1, "user:ada");
    chain.anchor(ANCHORS);
    whole = export("whole", Optional.empty());
    oneRun = export("run", Optional.of(RUN));
  }

  private static Path export(String name, Optional<String> run) {
    Path target = temp.resolve(name);
    new AuditExport(chain, temp.resolve("chain"), target, run, Prose.Reader.DEFAULT)
        .write(List.of(ANCHORS));
    return target;
  }

  @AfterAll
  static void close() {
    chain.close();
  }

  @BeforeEach
  void fresh(TestInfo test) throws IOException {
    copy = temp.resolve("copy-" + test.getTestMethod().orElseThrow().getName());
    AuditChainTest.copy(whole, copy);
  }

  private static Ended inThisProcess(Path folder, String... more) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    List<String> arguments = new ArrayList<>(List.of(folder.toString()));
    arguments.addAll(List.of(more));
    int exit = AuditExportCheck.run(arguments, print, print);
    return new Ended(exit, out.toString(StandardCharsets.UTF_8));
  }

  /** A network of its own with nothing in it, where the machine lets this user have one. */
  private static List<String> withoutNetwork() throws Exception {
    List<String> own = List.of("/usr/bin/unshare", "--map-root-user", "--net");
    if (!Files.isExecutable(Path.of(own.getFirst()))) {
      return List.of();
    }
    List<String> attempt = new ArrayList<>(own);
    attempt.add("/bin/true");
    Process process = new ProcessBuilder(attempt).redirectErrorStream(true).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue() == 0 ? own : List.of();
  }

  /** The jar alone, elsewhere, in a process of its own with nothing on its class path. */
  private static Ended withTheJar(Path folder, String... more) throws Exception {
    Path elsewhere = Files.createTempDirectory(temp, "auditor");
    Path jar = elsewhere.resolve("verify.jar");
    Files.copy(whole.resolve("verify.jar"), jar);
    List<String> line = new ArrayList<>(withoutNetwork());
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-XX:+UseSerialGC", "-jar", jar.toString(), folder.toString()));
    line.addAll(List.of(more));
    ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder.environment().clear();
    builder.directory(elsewhere.toFile());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), out);
  }

  @Test
  void aStrangerChecksTheWholeLogWithOneJar() throws Exception {
    Ended ended = withTheJar(whole, "--key", chain.shown().vkey());
    assertThat(ended.exit()).as(ended.out()).isZero();
    assertThat(ended.out())
        .contains("choir-test/ada")
        .contains("1 erased")
        .contains("Anchors: {memory=2}")
        .contains("sentences and the story are what the events say")
        .endsWith("OK\n");
  }

  @Test
  void aStrangerChecksOneRunAndSeesNothingOfOthers() throws Exception {
    Ended ended = withTheJar(oneRun);
    assertThat(ended.exit()).as(ended.out()).isZero();
    assertThat(ended.out()).contains("of run " + RUN).contains("this folder names itself");
    assertThat(oneRun.resolve("log")).doesNotExist();
    try (Stream<Path> files = Files.walk(oneRun)) {
      for (Path file : files.filter(f -> f.toString().matches(".*(json|txt|md|jsonl)")).toList()) {
        assertThat(Files.readString(file)).as(file.toString()).doesNotContain("signer-ada loses");
        assertThat(Files.readString(file)).doesNotContain("2026-11/17");
      }
    }
  }

  @Test
  void aTamperedFolderFailsInTheJarWithTheFirstBadEvent() throws Exception {
    Path leaf = copy.resolve("leaves/5.json");
    Files.writeString(leaf, Files.readString(leaf).replace("\"input\":12345", "\"input\":12346"));
    Ended ended = withTheJar(copy);
    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.out()).contains("PROBLEM proof_fails at event 5").contains("NOT OK");
  }

  @Test
  void changedAndMissingFilesAreNoticed() throws IOException {
    changeEach(15);
  }

  @Test
  @Tag("long")
  void everyChangedAndMissingFileIsNoticed() throws IOException {
    changeEach(Integer.MAX_VALUE);
  }

  /** One bit of each, then the whole of it. */
  private void changeEach(int most) throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(copy)) {
      all.filter(Files::isRegularFile)
          .filter(f -> !f.endsWith("verify.jar") && !f.endsWith("README.txt"))
          .sorted()
          .forEach(files::add);
    }
    assertThat(files).hasSizeGreaterThan(80);
    assertThat(inThisProcess(copy).exit()).isZero();
    Collections.shuffle(files, random);
    for (Path file : files.subList(0, Math.min(most, files.size()))) {
      byte[] good = Files.readAllBytes(file);
      if (good.length == 0) {
        continue;
      }
      byte[] bad = good.clone();
      int at = random.nextInt(bad.length);
      bad[at] ^= (byte) (1 << random.nextInt(7));
      Files.write(file, bad);
      String name = copy.relativize(file).toString();
      if (!isFreeText(name, good, at)) {
        assertThat(inThisProcess(copy).exit())
            .as("seed %d: %s at byte %d", seed, name, at)
            .isNotZero();
      }
      Files.delete(file);
      assertThat(inThisProcess(copy).exit()).as("seed %d: without %s", seed, name).isNotZero();
      Files.write(file, good);
    }
    assertThat(inThisProcess(copy).exit()).isZero();
  }

  /** What nothing binds: layout of the manifest, and what a store says of itself. */
  private static boolean isFreeText(String name, byte[] content, int at) {
    if (name.equals("manifest.json")) {
      return true; // each of its values is tested by name below
    }
    if (!name.equals("anchors.jsonl")) {
      return false;
    }
    String text = new String(content, StandardCharsets.UTF_8);
    int start = text.lastIndexOf('\n', at) + 1;
    int note = text.indexOf("\"note\"", start);
    return at < note || text.indexOf("\"evidence\"", start) <= at;
  }

  @Test
  void everyValueOfTheManifestThatMattersIsChecked() throws IOException {
    Path file = copy.resolve("manifest.json");
    String good = Files.readString(file);
    for (String change :
        List.of(
            "\"size\" : =\"size\" : 1",
            "\"root\" : \"=\"root\" : \"0",
            "\"origin\" : \"=\"origin\" : \"x",
            "\"events\" : =\"events\" : 1",
            "\"tenant\" : \"=\"tenant\" : \"x",
            "\"vkey\" : \"=\"vkey\" : \"x",
            "\"locale\" : \"en=\"locale\" : \"de",
            "choir.audit-export/1=choir.audit-export/2")) {
      String[] pair = change.split("=", 2);
      assertThat(good).contains(pair[0]);
      Files.writeString(file, good.replace(pair[0], pair[1]));
      assertThat(inThisProcess(copy).exit()).as(change).isNotZero();
    }
  }

  @Test
  void anotherKeyDoesNotFit() {
    LogKey other = LogKey.generate("choir-test/ada", new java.security.SecureRandom());
    Ended ended = inThisProcess(whole, "--key", other.shown().vkey());
    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.out()).contains("checkpoint_invalid");
    assertThat(inThisProcess(whole, "--key", "nonsense").exit()).isEqualTo(2);
    assertThat(inThisProcess(temp.resolve("nowhere")).exit()).isEqualTo(2);
  }

  @Test
  void aPayloadOfAnotherEventOrASilentlyErasedOneIsNoticed() throws IOException {
    Path file = copy.resolve("payloads.jsonl");
    List<String> lines = Files.readAllLines(file);
    List<String> swapped = new ArrayList<>(lines);
    int last = lines.size() - 1;
    swapped.set(last, lines.get(last).replaceAll("\"index\":[0-9]+", "\"index\":7"));
    Files.write(file, swapped);
    assertThat(inThisProcess(copy).out()).contains("payload_changed at event 7");
    List<String> hidden = new ArrayList<>(lines);
    hidden.set(last, "{\"erased\":true,\"index\":7}");
    Files.write(file, hidden);
    assertThat(inThisProcess(copy).out()).contains("payload_missing at event 7");
  }

  @Test
  void refusesAFolderThatIsNotEmptyAndARunThatIsNotThere() {
    assertThatThrownBy(() -> export("whole", Optional.empty()))
        .isInstanceOf(ChoirException.class)
        .hasMessageContaining("not empty");
    assertThatThrownBy(() -> export("none", Optional.of("r0nothing")))
        .hasMessageContaining("no event of a run");
  }

  @Test
  void theJarIsTheSameBytesEachTime() throws IOException {
    assertThat(oneRun.resolve("verify.jar")).hasSameBinaryContentAs(whole.resolve("verify.jar"));
    assertThat(Files.size(whole.resolve("verify.jar"))).isLessThan(4 << 20);
  }
}
