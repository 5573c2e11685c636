package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is answered without a server: help, wrong usage, bad input. */
class UsageTest {
  @TempDir Path temp;

  private Command.Ended run(Map<String, String> environment, String... arguments) {
    return new Command(temp.resolve("home"), temp, environment).run(arguments);
  }

  private Command.Ended run(String... arguments) {
    return run(Map.of(), arguments);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "research",
        "runs",
        "show",
        "events",
        "pause",
        "resume",
        "cancel",
        "rm",
        "note",
        "approve",
        "deny",
        "export",
        "verify",
        "up",
        "down",
        "status",
        "doctor",
        "backup",
        "restore",
        "test",
        "vm",
        "audit"
      })
  void everyCommandHasHelpWithAnExample(String command) {
    Command.Ended ended = run("help", command);
    assertThat(ended.exit()).isZero();
    assertThat(ended.out()).contains("Usage: choir " + command).containsPattern("Examples?:");
    assertThat(ended.out()).contains("choir " + command);
  }

  @Test
  void everyCommandExplainsItselfAtAnyDepth() {
    for (String[] line :
        new String[][] {{"help", "vm", "exec"}, {"vm", "exec", "--help"}, {"vm", "exec", "-h"}}) {
      Command.Ended ended = run(line);
      assertThat(ended.exit()).as(ended.err()).isZero();
      assertThat(ended.out()).startsWith("Usage: choir vm exec").contains("Examples:");
    }
    assertThat(run("research", "--help").out()).startsWith("Usage: choir research");
    assertThat(run("--help").out()).contains("choir research");
    Command.Ended none = run("help", "vm", "exce");
    assertThat(none.exit()).isEqualTo(2);
    assertThat(none.err()).contains("there is no command 'exce'").contains("did you mean: exec?");
  }

  @Test
  void helpListsEveryCommandAndTheExitCodes() {
    Command.Ended ended = run("help");
    assertThat(ended.exit()).isZero();
    assertThat(ended.out()).contains("research").contains("doctor").contains("Exit: 0 done");
    assertThat(run().out()).isEqualTo(ended.out());
    assertThat(temp.resolve("home")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "'reserch x', research",
    "'research x --source y', --sources",
    "'runs --stat paused', --state",
    "'vm exce', exec",
    "'stauts', status"
  })
  void suggestsTheNearestForAnUnknownCommandOrOption(String line, String nearest) {
    Command.Ended ended = run(line.split(" ", -1));
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.err()).contains("did you mean: " + nearest + "?");
    assertThat(ended.out()).isEmpty();
    assertThat(temp.resolve("home")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "   ", "\n\t"})
  void refusesAnEmptyQuestion(String question) {
    Command.Ended ended = run("research", question, "--sources", temp.toString());
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.err()).contains("the question is empty").contains("in quotes");
  }

  @Test
  void refusesAFolderThatDoesNotExist() {
    Command.Ended ended = run("research", "What?", "--sources", "nowhere");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.err())
        .contains("there is no file or folder " + temp.resolve("nowhere"))
        .contains("relative paths start at " + temp);
  }

  @Test
  void aFailureIsOneJsonDocumentWithJson() {
    Command.Ended ended = run("research", "What?", "--sources", "nowhere", "--json");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.json().path("error").path("code").asText()).isEqualTo("no_such_source");
    assertThat(ended.json().path("error").path("remedy").asText()).isNotEmpty();
  }

  @Test
  void refusesAnUnknownSettingBeforeAnythingIsStarted() throws Exception {
    Command.Ended ended = run(Map.of("CHOIR_MODLE", "x"), "runs");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.err()).contains("CHOIR_MODLE is not a setting").contains("CHOIR_MODEL");
    assertThat(temp.resolve("home/logs")).isEmptyDirectory();
  }

  @Test
  void refusesAHomeFromANewerVersion() throws Exception {
    Files.createDirectories(temp.resolve("home"));
    Files.writeString(temp.resolve("home/version"), "99\n");
    for (String command : new String[] {"runs", "status", "up", "down"}) {
      Command.Ended ended = run(command);
      assertThat(ended.exit()).as(command).isEqualTo(2);
      assertThat(ended.err()).contains("newer version of Choir").contains("CHOIR_HOME");
    }
    assertThat(temp.resolve("home")).isDirectoryNotContaining("glob:**/runs");
  }

  @Test
  void statusAndDownWithoutAServerStartNone() {
    assertThat(run("status").out()).contains("no server is running");
    assertThat(run("status", "--json").json().path("server").isNull()).isTrue();
    assertThat(run("down").out()).contains("no server was running");
    assertThat(temp.resolve("home")).doesNotExist();
  }

  @Test
  void doctorNamesWhatIsMissingAndHowToMendIt() throws Exception {
    Files.createDirectories(temp.resolve("home/keys"));
    Files.writeString(temp.resolve("home/version"), "1\n");
    Files.writeString(temp.resolve("home/keys/data-keys.json"), "{}");
    Command.Ended ended =
        run(
            Map.of("PATH", "/nonexistent", "CHOIR_SANDBOX_IMAGE", temp.toString()),
            "doctor",
            "--json");
    assertThat(ended.exit()).isEqualTo(1);
    var checks = ended.json().path("checks");
    assertThat(checks.findValuesAsText("check"))
        .contains("jdk", "packages", "nats", "home", "settings", "keys", "disk", "image", "port")
        .contains("isolation", "driver", "egress");
    checks.forEach(
        c -> {
          if (c.path("result").asText().equals("failed")) {
            assertThat(c.path("remedy").asText()).as(c.path("check").asText()).isNotEmpty();
          }
        });
    assertThat(ended.out())
        .contains("qemu-system-x86")
        .contains("master.key is lost")
        .contains("choir restore FILE")
        .contains("the guest image has not been built")
        .contains("VMs reach no host unless a run is given one");
  }

  @Test
  void doctorFixClosesFoldersAndRemovesAStaleSocket() throws Exception {
    Path home = temp.resolve("home");
    run("doctor", "--fix");
    Files.setPosixFilePermissions(
        home.resolve("keys"), java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(home.resolve("run/choir.sock"), "");
    assertThat(run("doctor").out()).contains("can be read by others").contains("was left by");
    assertThat(run("doctor", "--fix").err()).contains("closed " + home.resolve("keys"));
    assertThat(home.resolve("run/choir.sock")).doesNotExist();
    assertThat(run("doctor").out()).doesNotContain("can be read by others");
  }
}
