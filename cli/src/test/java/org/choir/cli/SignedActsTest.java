package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person's key stands for, signed in their own VM; and what a run costs, in its VM. */
class SignedActsTest {
  @TempDir Path temp;

  private Command.Ended run(String... arguments) {
    return new Command(temp.resolve("home"), temp, Map.of()).run(arguments);
  }

  private JsonNode ok(String... arguments) {
    Command.Ended ended = run(arguments);
    assertThat(ended.exit()).as(ended.err() + ended.out()).isZero();
    return ended.json();
  }

  @AfterEach
  void down() {
    run("down");
  }

  @Test
  void aStakeIsSignedInTheUsersVmAndARunIsChargedOnceItIsDone() throws Exception {
    ok("wallet", "signup", "--as", "ada", "--json");
    ok("stake", "take", "20", "--key", "mine", "--as", "ada", "--json");
    ok("stake", "take", "20", "--key", "mine", "--as", "ada", "--json");
    JsonNode wallet = ok("wallet", "--as", "ada", "--json");
    assertThat(wallet.toString()).contains("\"posted\":20000000");
    Command.Ended story = run("audit", "show", "--as", "ada");
    assertThat(story.out()).contains("signed as choir/intent/stake/1 with the key");

    Files.writeString(
        temp.resolve("lens.md"),
        "# Lenses\n\nA Fresnel lens of the first order has a focal distance of 920 millimetres.\n");
    Command.Ended research =
        run(
            "research",
            "What is the focal distance of a Fresnel lens?",
            "--sources",
            "lens.md",
            "--as",
            "ada");
    assertThat(research.exit()).as(research.err()).isZero();
    assertThat(research.err()).contains("this run costs 20 credits; 480 credits remain");
    JsonNode statement =
        ok("wallet", "statement", "--currency", "credits", "--as", "ada", "--json");
    assertThat(statement.path("entries").path(0).path("kind").asText()).isEqualTo("POST");
    assertThat(statement.path("entries").path(0).path("amount").asLong()).isEqualTo(20);
    assertThat(run("research", "Lenses?", "--as", "bob", "--sources", "lens.md").err())
        .contains("credits");
  }
}
