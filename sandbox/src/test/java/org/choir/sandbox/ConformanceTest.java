package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.opentest4j.TestAbortedException;

/**
 * What every place for VMs must do, as one table of cases run on each of them. A case that relies
 * on a capability is skipped where the place does not promise it, and the table says so. The tables
 * of all places that ran are joined in {@code target/conformance/all.md}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ConformanceTest {
  private static final Path RESULTS = TestImage.repository().resolve("sandbox/target/conformance");

  private final Map<String, String> results = new LinkedHashMap<>();
  private @Nullable VmHost host;

  /** The word for this place in the table. */
  abstract String place();

  /** Makes what the place stands on, or skips all of it where that cannot be. */
  void prepare() throws Exception {}

  /** Opens the place; called again after it was closed, as by another process. */
  abstract VmHost open() throws Exception;

  /** Fails if anything of any VM is left. */
  abstract void nothingIsLeft() throws Exception;

  /** Removes what the place itself stood on. */
  void cleanUp() throws Exception {}

  @BeforeAll
  void openFirst() throws Exception {
    prepare();
    host = open();
  }

  VmHost host() {
    return Objects.requireNonNull(host);
  }

  /** Another process takes over. */
  VmHost reopen() throws Exception {
    host().close();
    VmHost next = open();
    host = next;
    return next;
  }

  VmSpec spec(String id) {
    return new VmSpec(id, new TenantId("ada"), 1, 384, 512, List.of());
  }

  /** The VM that most cases share. */
  Vm shared() {
    VmState state = host().find("shared").orElseGet(() -> host().create(spec("shared")));
    return switch (state) {
      case VmState.Running running -> running.vm();
      case VmState.Suspended suspended -> host().resume(suspended).vm();
      case VmState.Changing changing -> throw new AssertionError(changing);
    };
  }

  @TestFactory
  Stream<DynamicTest> everyPlace() {
    return ConformanceCases.all().stream()
        .map(one -> DynamicTest.dynamicTest(one.name(), () -> run(one)));
  }

  private void run(ConformanceCases.Case one) throws Exception {
    Set<Capability> missing = new java.util.TreeSet<>(one.needs());
    missing.removeAll(host().capabilities());
    if (!missing.isEmpty()) {
      results.put(one.name(), "no " + missing.iterator().next());
    }
    assumeTrue(missing.isEmpty(), () -> place() + " does not promise " + missing);
    results.put(one.name(), "FAILED");
    try {
      one.body().on(this);
      results.put(one.name(), "ok");
    } catch (TestAbortedException e) {
      results.put(one.name(), "not here");
      throw e;
    }
  }

  @AfterAll
  void endAndPrint() throws Exception {
    if (host == null) {
      return; // it cannot be here
    }
    for (VmInfo info : host().list()) {
      host().destroy(info.id());
    }
    assertThat(host().list()).isEmpty();
    host().close();
    nothingIsLeft();
    Files.createDirectories(RESULTS);
    List<String> lines = new ArrayList<>();
    results.forEach((name, result) -> lines.add(name + "\t" + result));
    Files.write(RESULTS.resolve(place() + ".tsv"), lines);
    String table = joined();
    Files.writeString(RESULTS.resolve("all.md"), table);
    System.out.println(table);
    cleanUp();
  }

  /** One row for each case, one column for each place that has run. */
  private static String joined() throws IOException {
    Map<String, Map<String, String>> places = new TreeMap<>();
    try (Stream<Path> files = Files.list(RESULTS)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".tsv")).toList()) {
        Map<String, String> column = new LinkedHashMap<>();
        Files.readAllLines(file)
            .forEach(l -> column.put(l.split("\t", -1)[0], l.split("\t", -1)[1]));
        places.put(file.getFileName().toString().replace(".tsv", ""), column);
      }
    }
    StringBuilder text =
        new StringBuilder("| case | " + String.join(" | ", places.keySet()) + " |\n|");
    text.append("---|".repeat(places.size() + 1)).append('\n');
    for (ConformanceCases.Case one : ConformanceCases.all()) {
      text.append("| ").append(one.name());
      places.values().forEach(c -> text.append(" | ").append(c.getOrDefault(one.name(), "-")));
      text.append(" |\n");
    }
    return text.toString();
  }
}
