package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SkillsTest {
  private static final Path SKILLS =
      Path.of(System.getProperty("choir.repository"), "guest", "skills");

  @TempDir Path folder;

  record Ended(int exit, String out, String err) {}

  static Ended run(String skill, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    // -I: no user packages, no environment; a skill needs the standard library only.
    command.addAll(
        List.of("python3", "-I", "-B", SKILLS.resolve(skill).resolve(skill + ".py").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("LC_ALL", "C.UTF-8");
    Path out = Files.createTempFile("skill", ".out");
    Path err = Files.createTempFile("skill", ".err");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).as("ended in time").isTrue();
    Ended ended =
        new Ended(
            process.exitValue(),
            Files.readString(out, StandardCharsets.UTF_8),
            Files.readString(err, StandardCharsets.UTF_8));
    Files.delete(out);
    Files.delete(err);
    return ended;
  }

  private String file(String name, String text) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.writeString(path, text).toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"outline", "citations", "readability", "tables", "quotes", "verify_citations"})
  void describesItselfAndRefusesWrongUsage(String skill) throws Exception {
    Ended help = run(skill, "--help");
    assertThat(help.exit()).isZero();
    assertThat(help.out()).startsWith("usage: " + skill).contains("Exit status");
    assertThat(run(skill).exit()).isEqualTo(2);
    String input = skill.equals("tables") ? "--csv" : "--draft";
    Ended missing =
        run(
            skill,
            input,
            "/nowhere/at/all",
            skill.equals("quotes") ? "--sources" : input,
            "/nowhere/at/all");
    assertThat(missing.exit()).isEqualTo(2);
    assertThat(missing.err())
        .startsWith(skill + ": ")
        .contains("/nowhere/at/all")
        .doesNotContain("Traceback");
  }

  @ParameterizedTest
  @ValueSource(strings = {"outline", "citations", "readability", "tables", "quotes"})
  void hasADescriptionAnAgentCanChooseBy(String skill) throws Exception {
    List<String> lines = Files.readAllLines(SKILLS.resolve(skill).resolve("SKILL.md"));
    assertThat(lines.get(0)).isEqualTo("---");
    assertThat(lines.get(1)).isEqualTo("name: " + skill);
    assertThat(lines.get(2)).startsWith("description: ").hasSizeGreaterThan(60);
    assertThat(lines.get(3)).isEqualTo("---");
    assertThat(lines).anyMatch(l -> l.contains("python3 /skills/" + skill + ".py --"));
  }

  private static final String DRAFT =
      """
      # How a log is kept

      Every change is logged first [@s0123456789].

      ## Checkpoints

      A checkpoint is written every five minutes, e.g. by a timer [@s0123456789; @saaaaaaaaaa].
      It has no source at all.

      #### Far below

      ```
      # no heading here
      ```
      """;

  @Test
  void outlineCountsWordsPerSectionAndFindsJumpsAndEmptyParts() throws Exception {
    Ended ended = run("outline", "--draft", file("d.md", DRAFT), "--depth", "quick");
    assertThat(ended.out())
        .isEqualTo(
            """
                 5  How a log is kept
                17    Checkpoints
                 0        Far below
                22  words in all
            Target of quick: 500 words, not reached, 478 missing.
            Problem: 'Far below' jumps from heading level 2 to 4.
            Problem: 'Far below' is empty.
            """);
    assertThat(ended.exit()).isEqualTo(1);
    String full = "## One\n\n" + "word ".repeat(500) + "\n\n## Two\n\nlast words\n";
    assertThat(run("outline", "--draft", file("full.md", full), "--depth", "quick").exit())
        .isZero();
  }

  @Test
  void citationsFindsSentencesWithoutAKeyAndMalformedKeys() throws Exception {
    Ended ended =
        run("citations", "--draft", file("d.md", DRAFT + "\nThis key is wrong [@s12].\n"));
    assertThat(ended.out())
        .isEqualTo(
            """
            1 of 1 sentences cited: How a log is kept
            1 of 2 sentences cited: Checkpoints
            0 of 1 sentences cited: Far below
            2 keys used
              s0123456789 2
              saaaaaaaaaa 1
            Malformed key: @s12
            No citation: It has no source at all.
            No citation: This key is wrong.
            """);
    assertThat(ended.exit()).isEqualTo(1);
    String cited = "All of it is cited here. [@s0123456789] And this is too [@s0123456789].\n";
    Ended clean = run("citations", "--json", "--draft", file("c.md", cited));
    assertThat(clean.exit()).isZero();
    assertThat(Json.parse(clean.out()).path("keys").path("s0123456789").asInt()).isEqualTo(2);
  }

  @Test
  void readabilityPointsAtLongPassiveAndRepeatedWords() throws Exception {
    String draft =
        """
        ## Heading that is not a sentence

        The page was written by the server [@s0123456789]. The server keeps a shared buffer pool.
        Readers use a shared buffer pool too. Nobody else has a shared buffer pool, said Kim.
        """;
    Ended ended = run("readability", "--longest", "7", "--draft", file("r.md", draft));
    assertThat(ended.out())
        .isEqualTo(
            """
            4 sentences, 30 words, 7.5 words a sentence
            Long (9 words): Nobody else has a shared buffer pool, said Kim.
            Passive (was written): The page was written by the server.
            Repeated 3 times: a shared buffer pool
            """);
    assertThat(ended.exit()).isZero();
    assertThat(run("readability", "--strict", "--draft", file("r.md", draft)).exit()).isEqualTo(1);
  }

  @Test
  void tablesAddsUpExactlyAndSaysWhatItCannotAdd() throws Exception {
    String csv =
        file("t.csv", "region,note,amount\nnorth,\"a|b\",0.10\nsouth,,\"1,000.20\"\nnorth,x,$3\n");
    assertThat(run("tables", "--csv", csv, "--sum", "amount", "--limit", "2"))
        .isEqualTo(
            new Ended(
                0,
                """
                | region | note | amount |
                | --- | --- | ---: |
                | north | a\\|b | 0.10 |
                | south |  | 1,000.20 |
                | Total |  | 1003.30 |

                1 more rows are not shown; sums are of all 3 rows.
                """,
                ""));
    assertThat(run("tables", "--csv", csv, "--group-by", "region", "--sum", "amount").out())
        .isEqualTo(
            """
            | region | rows | amount |
            | --- | ---: | ---: |
            | north | 2 | 3.10 |
            | south | 1 | 1000.20 |
            """);
    assertThat(run("tables", "--csv", csv, "--sum", "note"))
        .isEqualTo(new Ended(1, "", "tables: 'a|b' in column 'note', row 2, is not a number\n"));
    assertThat(run("tables", "--csv", csv, "--sum", "price").err())
        .isEqualTo("tables: there is no column 'price'; the columns are: region, note, amount\n");
  }

  @Test
  void quotesFindsWordsAcrossLinesAndTagsAndShowsTheNearestPlaceOtherwise() throws Exception {
    file(
        "src/a.html",
        "<h1>Log</h1><script>every change is lost</script><p>Every\n<b>change</b> is logged first.</p>");
    file("src/deep/b.txt", "A checkpoint flushes all dirty pages to disk at once.");
    String draft =
        file(
            "q.md",
            """
            It says “every change is logged” [@s0123456789], and "A checkpoint flushes … to disk".
            But “a checkpoint flushes few dirty pages to disk” is invented, and “every change is lost” too.
            """);
    Ended ended = run("quotes", "--draft", draft, "--sources", folder.resolve("src").toString());
    assertThat(ended.out())
        .isEqualTo(
            """
            Found in a.html: every change is logged
            Found in deep/b.txt: A checkpoint flushes … to disk
            Not found: a checkpoint flushes few dirty pages to disk
              nearest, in deep/b.txt: A checkpoint flushes all dirty pages to disk
            Not found: every change is lost
              nearest, in a.html: Every change is logged
            2 of 4 quotations found
            """);
    assertThat(ended.exit()).isEqualTo(1);
  }

  /** Runs verify_citations with a program in the host's place that answers so. */
  private Ended asked(String answer, int exit) throws Exception {
    Path choir = folder.resolve("bin/choir");
    Files.createDirectories(choir.getParent());
    Files.writeString(
        choir,
        "#!/bin/sh\n[ \"$1 $2 $3\" = 'verify --json --draft' ] || exit 9\ncat <<'END'\n"
            + answer
            + "\nEND\nexit "
            + exit
            + "\n");
    assertThat(choir.toFile().setExecutable(true)).isTrue();
    String script = SKILLS.resolve("verify_citations/verify_citations.py").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
            "python3", "-I", "-B", script, "--draft", file("asked.md", "A claim."), "--json");
    builder.environment().put("PATH", choir.getParent() + ":" + System.getenv("PATH"));
    Process process = builder.redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), out, "");
  }

  @Test
  void verifyCitationsListsTheHostsVerdictsWorstFirst() throws Exception {
    Ended mixed =
        asked(
            """
            {"text":"t","failed":true,"claims":[
            {"text":"a","verdict":"supported","reason":""},
            {"text":"b","verdict":"unsupported","reason":"words_not_found: b"},
            {"text":"c","verdict":"fabricated","reason":"unknown_key: c"}]}
            """,
            1);
    assertThat(mixed.exit()).isEqualTo(1);
    assertThat(Json.parse(mixed.out()).path("counts").path("supported").asInt()).isEqualTo(1);
    assertThat(Json.parse(mixed.out()).path("open").path(0).path("text").asText()).isEqualTo("c");
    assertThat(Json.parse(mixed.out()).path("open")).hasSize(2);
    assertThat(
            asked("{\"claims\":[{\"text\":\"a\",\"verdict\":\"partial\",\"reason\":\"x\"}]}", 0)
                .exit())
        .isZero();
    assertThat(asked("not json", 1).exit()).isEqualTo(1);
  }
}
