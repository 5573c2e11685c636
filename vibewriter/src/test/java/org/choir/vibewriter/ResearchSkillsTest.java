package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.choir.core.Json;
import org.choir.vibewriter.SkillsTest.Ended;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The skills of a large research: what they merge, keep apart, change and refuse. */
class ResearchSkillsTest {
  @TempDir Path folder;

  private String file(String name, String... lines) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.writeString(path, String.join("\n", lines) + "\n").toString();
  }

  private static String finding(String statement, String key, String more) {
    return "{\"question\":\"Q\",\"statement\":\""
        + statement
        + "\",\"key\":\""
        + key
        + "\""
        + more
        + "}";
  }

  private JsonNode together(String... findings) throws Exception {
    file("findings/a.jsonl", findings);
    Ended ended =
        SkillsTest.run(
            "deep_research", "--findings", folder.resolve("findings").toString(), "--json");
    assertThat(ended.exit()).as(ended.err()).isZero();
    return Json.parse(ended.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"deep_research", "apply_style", "financial_dd"})
  void describesItselfAndRefusesWrongUsage(String skill) throws Exception {
    Ended help = SkillsTest.run(skill, "--help");
    assertThat(help.exit()).isZero();
    assertThat(help.out()).startsWith("usage: " + skill).contains("Exit status");
    assertThat(SkillsTest.run(skill).exit()).isEqualTo(2);
    List<String> lines =
        Files.readAllLines(
            Path.of(System.getProperty("choir.repository"), "guest/skills", skill, "SKILL.md"));
    assertThat(lines.get(1)).isEqualTo("name: " + skill);
    assertThat(lines.get(2)).startsWith("description: ").hasSizeGreaterThan(60);
    assertThat(lines).anyMatch(l -> l.contains("python3 /skills/" + skill + ".py --"));
  }

  @Test
  void findingsThatSayTheSameAreOneWithAllTheirKeys() throws Exception {
    JsonNode all =
        together(
            finding("The bridge was opened in 1932.", "s0000000001", ""),
            finding("The bridge opened in 1932.", "s0000000002", ""),
            finding("The bridge is made of steel.", "s0000000003", ""));
    assertThat(all.path("findings")).hasSize(2);
    assertThat(all.path("findings").get(0).path("keys"))
        .extracting(JsonNode::asText)
        .containsExactly("s0000000001", "s0000000002");
    assertThat(all.path("conflicts")).isEmpty();
  }

  @Test
  void aPrimarySourceDecidesBeforeADateAndADateBeforeNothing() throws Exception {
    JsonNode all =
        together(
            finding(
                "The tower is 324 metres tall.",
                "s0000000001",
                ",\"date\":\"2001\",\"primary\":true"),
            finding("The tower is 330 metres tall.", "s0000000002", ",\"date\":\"2024-01\""),
            finding("The ferry runs in winter.", "s0000000003", ",\"date\":\"2024-02\""),
            finding("The ferry never runs in winter.", "s0000000004", ",\"date\":\"2020-11-30\""),
            finding("The tunnel cost 30 million euros.", "s0000000005", ",\"date\":\"2024\""),
            finding("The tunnel cost 45 million euros.", "s0000000006", ",\"date\":\"2024-05\""));
    assertThat(all.path("resolved")).hasSize(2);
    assertThat(all.path("resolved").get(0).path("stands").path("statement").asText())
        .contains("324");
    assertThat(all.path("resolved").get(0).path("because").asText()).isEqualTo("primary source");
    assertThat(all.path("resolved").get(1).path("stands").path("statement").asText())
        .isEqualTo("The ferry runs in winter.");
    // Dates of the same year decide nothing when one of them is only a year.
    assertThat(all.path("conflicts")).hasSize(1);
    assertThat(all.path("conflicts").get(0)).hasSize(2);
    assertThat(all.path("findings"))
        .extracting(f -> f.path("keys").get(0).asText())
        .containsExactly("s0000000001", "s0000000003");
  }

  @Test
  void aBrokenFindingIsNamedAndTheOthersStand() throws Exception {
    file(
        "findings/b.jsonl",
        finding("The bridge is made of steel.", "s0000000001", ""),
        "{\"question\":\"Q\",\"statement\":\"x\",\"key\":\"https://evil.example\"}",
        "not json");
    Ended ended =
        SkillsTest.run("deep_research", "--findings", folder.resolve("findings").toString());
    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.err())
        .contains("b.jsonl:2: 'https://evil.example' is no evidence key")
        .contains("b.jsonl:3: no JSON");
    assertThat(ended.out()).contains("- The bridge is made of steel [@s0000000001].");
  }

  @Test
  void aStyleGuideChangesFormAndLeavesWordsOfOthersAlone() throws Exception {
    String guide =
        file(
            "style.md",
            "- Use \"data centre\", not \"datacenter\".",
            "- Avoid \"leverage\".",
            "- Headings in sentence case.",
            "- Sentences of at most 12 words.",
            "- Spell out numbers below 10.",
            "- Citations before the full stop.",
            "We like short words.");
    String draft =
        file(
            "d.md",
            "# the new NATO Datacenter",
            "",
            "A datacenter has 3 halls. [@s0123456789] They call it \"datacenter\" and `datacenter` [@s0123456789].",
            "",
            "```",
            "datacenter  ",
            "```",
            "",
            "We leverage 10 kW in this long sentence that goes on for more than twelve words today.");
    Ended seen = SkillsTest.run("apply_style", "--draft", draft, "--guide", guide);
    assertThat(seen.out())
        .contains("Would change line 1")
        .contains("avoid “leverage”")
        .contains("spell out 3")
        .contains("a sentence of 17 words");
    assertThat(seen.exit()).isEqualTo(1);
    assertThat(Files.readString(Path.of(draft))).startsWith("# the new");
    assertThat(SkillsTest.run("apply_style", "--draft", draft, "--guide", guide, "--write").exit())
        .isEqualTo(1);
    assertThat(Files.readString(Path.of(draft)))
        .isEqualTo(
            """
            # The new NATO Data centre

            A data centre has 3 halls [@s0123456789]. They call it "datacenter" and `datacenter` [@s0123456789].

            ```
            datacenter \s
            ```

            We leverage 10 kW in this long sentence that goes on for more than twelve words today.
            """);
    Ended again = SkillsTest.run("apply_style", "--draft", draft, "--guide", guide, "--json");
    assertThat(Json.parse(again.out()).path("changed"))
        .as("a second time changes nothing")
        .isEmpty();
    String nothing = file("nothing.md", "Be kind to readers.");
    assertThat(SkillsTest.run("apply_style", "--draft", draft, "--guide", nothing).err())
        .contains("no rule");
  }

  private static String fact(String name, String value, String day) {
    return Json.write(
        Json.object()
            .put("fact", name)
            .put("value", value)
            .put("as_of", day)
            .put("key", "s0123456789"));
  }

  @Test
  void dueDiligenceSaysWhatIsMissingStaleAndDisputed() throws Exception {
    String facts =
        file(
            "facts.jsonl",
            fact("contract_address", "0xabc|d", "2025-03-01"),
            fact("owner", "3 of 5 multisig", "2025-03-01"),
            fact("upgradeable", "yes", "2023-03-01"),
            fact("timelock_hours", "12", "2025-03-01"),
            fact("tvl_usd", "$1,250,000", "2025-03-09"),
            fact("tvl_usd", "2,000,000", "2025-03-08"),
            fact("volume_24h_usd", "40000", "2025-03-01"),
            fact("audit", "Acme, 2024-01-02, 2 open", "2024-06-02"));
    Ended ended = SkillsTest.run("financial_dd", "--facts", facts, "--today", "2025-03-10");
    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.out())
        .contains("| Contract | 0xabc\\|d (2025-03-01) [@s0123456789] | low |  |")
        .contains("| Source verified | not found | unknown | not found |")
        .contains("| Upgradeable | yes (2023-03-01) [@s0123456789] | high | stale |")
        .contains("| Audits | Acme, 2024-01-02, 2 open (2024-06-02) [@s0123456789] | high |  |")
        .contains(
            "$1,250,000 (2025-03-09) [@s0123456789]; 2,000,000 (2025-03-08) [@s0123456789] | medium | sources differ |")
        .contains("| 40000 (2025-03-01) [@s0123456789] | medium | stale |")
        .contains("Volume in 24 hours is 3.2 % of the value locked");
    String broken = file("broken.jsonl", fact("tvl_usd", "a lot", "2025-03-09"));
    Ended refused = SkillsTest.run("financial_dd", "--facts", broken);
    assertThat(refused.exit()).isEqualTo(2);
    assertThat(refused.err()).contains("line 1: 'a lot' is no number");
    assertThat(SkillsTest.run("financial_dd", "--rules").out())
        .contains("Audits: none, or findings open: high");
  }
}
