package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person lets their agents do, through the command line. */
class DelegateCommandTest {
  @TempDir Path temp;

  private Command.Ended run(String... arguments) {
    return new Command(temp.resolve("home"), temp, Map.of()).run(arguments);
  }

  private JsonNode ok(String... arguments) {
    Command.Ended ended = run(arguments);
    assertThat(ended.exit()).as(ended.err() + ended.out()).isZero();
    return ended.json();
  }

  @Test
  void anAllowanceIsSetShownAndInTheChainAndOnlyWhatWaitsCanBeDecided() {
    try {
      assertThat(ok("wallet", "allowance", "--as", "ada", "--json").path("usdc").path("a_day"))
          .hasToString("\"0 USDC\"");
      JsonNode set =
          ok("wallet", "allow", "--usdc", "5.25", "--publish", "2", "--as", "ada", "--json");
      assertThat(set.path("usdc").path("left_today").asText()).isEqualTo("5.25 USDC");
      assertThat(run("wallet", "allowance", "--as", "ada").out())
          .contains("send     5.25 USDC a day, 0 USDC used, 5.25 USDC left")
          .contains("publish  2 a day, 0 used, 2 left");
      assertThat(run("audit", "log", "--as", "ada").out())
          .contains("allowed the agents of ada")
          .contains("5.25 USDC");
      Command.Ended huge = run("wallet", "allow", "--usdc", "5001", "--as", "ada");
      assertThat(huge.exit()).isEqualTo(2);
      assertThat(huge.err()).contains("choose between 0 and 5000 USDC");
      for (String command : new String[] {"approve", "deny"}) {
        Command.Ended none =
            command.equals("deny")
                ? run(command, "r0abc12345:1:1", "--reason", "no", "--as", "ada")
                : run(command, "r0abc12345:1:1", "--as", "ada");
        assertThat(none.exit()).as(none.err()).isEqualTo(2);
        assertThat(none.err())
            .contains("there is no action 'r0abc12345:1:1' of yours")
            .contains("choir runs --state waiting_approval");
      }
    } finally {
      run("down");
    }
  }

  @Test
  void wrongUseIsToldBeforeAnyServerStarts() {
    assertThat(run("wallet", "allow").err()).contains("name --chip, --usdc or --publish");
    assertThat(run("deny", "r0abc12345:1:1").err()).contains("--reason");
    assertThat(run("deny", "r0abc12345:1:1", "--reason", " ").err()).contains("reason is empty");
    assertThat(temp.resolve("home")).doesNotExist();
  }
}
