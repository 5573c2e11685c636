package org.choir.economy.sui;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The Move package: compiled, its own tests run, and its numbers those that the adapter reads. */
class ContractTest {
  private static final Path CONTRACTS =
      Path.of(System.getProperty("choir.repository")).resolve("contracts");
  private static final Pattern NUMBER =
      Pattern.compile("const ([A-Z]\\w+): u(?:8|64) = ([0-9_]+);");

  private static String read(String name) throws IOException {
    return Files.readString(CONTRACTS.resolve(name));
  }

  private static Map<String, Long> numbers(String source) {
    Map<String, Long> numbers = new TreeMap<>();
    Matcher each = NUMBER.matcher(source);
    while (each.find()) {
      numbers.put(each.group(1), Long.parseLong(each.group(2).replace("_", "")));
    }
    return numbers;
  }

  @Test
  void thePackageCompilesAndItsTestsPass() throws IOException {
    SuiOracle.install("the Move package was not compiled and its tests were not run");
    String real = System.getenv("CHOIR_SUI_FRAMEWORK");
    Path framework =
        real == null || real.isBlank() ? SuiOracle.SCRIPTS.resolve("framework") : Path.of(real);
    if (real == null || real.isBlank()) {
      System.err.println(
          "*** NOT SUI'S OWN FRAMEWORK *** The Move package was compiled and tested with the"
              + " stand-in of economy/src/test/sui/framework; set CHOIR_SUI_FRAMEWORK to the folder"
              + " crates/sui-framework/packages of Sui's sources to use theirs ***");
    }
    List<ObjectNode> answers =
        SuiOracle.run("move.mjs", List.of(CONTRACTS.toString(), framework.toString()), List.of());
    assertThat(answers).hasSize(1);
    ObjectNode answer = answers.getFirst();
    assertThat(answer.path("error").asText("")).isEmpty();
    assertThat(answer.path("passed").booleanValue()).as(answer.path("output").asText()).isTrue();
    assertThat(answer.path("modules").intValue()).isEqualTo(3);
    assertThat(answer.path("warnings").asText()).isEmpty();
    long passed =
        answer.path("output").asText().lines().filter(line -> line.contains("PASS")).count();
    long written =
        (read("tests/treasury_tests.move") + read("tests/upgrade_lock_tests.move"))
            .lines()
            .filter(line -> line.startsWith("#[test]") || line.startsWith("#[test,"))
            .count();
    assertThat(passed).isEqualTo(written).isGreaterThan(30);
  }

  @Test
  void everyRefusalHasATest() throws IOException {
    for (String module : List.of("treasury", "upgrade_lock")) {
      String tests = read("tests/" + module + "_tests.move");
      List<String> refusals =
          numbers(read("sources/" + module + ".move")).keySet().stream()
              .filter(name -> name.matches("E[A-Z][a-z]\\w+"))
              .toList();
      assertThat(refusals).hasSizeGreaterThan(4);
      for (String refusal : refusals) {
        assertThat(tests).contains("abort_code = " + module + "::" + refusal + ")");
      }
    }
  }

  @Test
  void theAdapterReadsTheContractsNumbers() throws IOException {
    Map<String, Long> numbers = numbers(read("sources/treasury.move"));
    // The codes and kinds in SuiGateway, and the caps that the local chain keeps to.
    assertThat(numbers)
        .containsEntry("EReceiptUsed", 2L)
        .containsEntry("EEpochCap", 5L)
        .containsEntry("EHoldings", 6L)
        .containsEntry("KIND_REWARD", 1L)
        .containsEntry("KIND_CITATION", 2L)
        .containsEntry("KIND_STAKE", 3L)
        .containsEntry("KIND_FREE", 4L)
        .containsEntry("KIND_SLASH", 5L)
        .containsEntry("KIND_SALE", 6L)
        .containsEntry("GENESIS", SuiChain.GENESIS)
        .containsEntry("REWARD_CAP", SuiChain.REWARD_CAP);
    String source = read("sources/treasury.move");
    // SuiReader reads the supply and the table of receipts by their place.
    assertThat(source)
        .containsSubsequence(
            "public struct Treasury has key {",
            "id: UID,",
            "cap: TreasuryCap<CHIP>,",
            "receipts: Table<vector<u8>, Receipt>,")
        .containsSubsequence("public struct Receipt", "kind: u8,", "amount: u64,");
    assertThat(SuiGateway.GAS_BUDGET).isEqualTo(10_000_000);
    assertThat(source).contains("10,000,000 MIST");
  }
}
