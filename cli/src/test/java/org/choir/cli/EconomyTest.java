package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Money through the command line, as people use it; signatures are SignedActsTest's. */
class EconomyTest {
  private static final String TEXT =
      """
      # Lighthouse lenses

      A Fresnel lens of the first order has a focal distance of 920 millimetres. It was first lit \
      at the tower of Cordouan in 1823, where it replaced a set of parabolic mirrors that sailors \
      had called too weak for years.

      Keepers polished each prism with rouge and spirits every morning. They drew curtains around \
      the lantern by day, because the sun shining backwards through the glass could set fire to \
      the oil and crack the burner below it.
      """;

  @TempDir Path temp;

  private Command command() {
    return new Command(temp.resolve("home"), temp, Map.of("CHOIR_ECONOMY_SIGNED", "false"));
  }

  private JsonNode ok(String... arguments) {
    Command.Ended ended = command().run(arguments);
    assertThat(ended.exit()).as(ended.err() + ended.out()).isZero();
    return ended.json();
  }

  private Command.Ended refused(String... arguments) {
    Command.Ended ended = command().run(arguments);
    assertThat(ended.exit()).as(ended.out()).isNotZero();
    return ended;
  }

  @AfterEach
  void down() {
    command().run("down");
  }

  private static long available(JsonNode wallet, String account) {
    for (JsonNode each : wallet.path("accounts")) {
      if (each.path("account").asText().equals(account)) {
        return each.path("available").asLong();
      }
    }
    return 0;
  }

  @Test
  void aPersonSignsUpStakesSendsVotesAndReadsReceiptsAndTheLedgerAddsUp() throws Exception {
    JsonNode wallet = ok("wallet", "signup", "--as", "ada", "--json");
    assertThat(available(wallet, "user:ada/available/credits")).isEqualTo(500);
    assertThat(available(wallet, "user:ada/starter/chip")).isEqualTo(50_000_000);
    assertThat(
            available(
                ok("wallet", "signup", "--as", "ada", "--json"), "user:ada/available/credits"))
        .isEqualTo(500);

    Files.writeString(temp.resolve("lens.md"), TEXT);
    assertThat(refused("publish", "lens.md", "--field", "optics", "--as", "ada").err())
        .contains("the stake lacks 50 CHIP", "choir buy chip");
    assertThat(ok("kb", "search", "lighthouse", "--json").path("results")).isEmpty();
    JsonNode published =
        ok("publish", "lens.md", "--field", "optics", "--stake", "50", "--as", "ada", "--json");
    String article = published.path("id").asText();
    JsonNode again =
        ok("publish", "lens.md", "--field", "optics", "--stake", "50", "--as", "ada", "--json");
    assertThat(again.path("id").asText()).isEqualTo(article);
    JsonNode staked = ok("stake", "--as", "ada", "--json");
    assertThat(staked.path("stakes")).hasSize(2);
    assertThat(staked.path("stakes").path(0).path("state").asText()).isEqualTo("returned");
    assertThat(staked.path("stakes").path(1).path("article").asText()).isEqualTo(article);
    assertThat(available(ok("wallet", "--as", "ada", "--json"), "user:ada/starter/chip")).isZero();

    JsonNode statement = ok("wallet", "statement", "--purse", "staked", "--as", "ada", "--json");
    String id = statement.path("entries").path(0).path("id").asText();
    Command.Ended receipt = command().run("wallet", "receipt", id.substring(0, 8), "--as", "ada");
    assertThat(receipt.out()).contains("Amount     50 CHIP", "user:ada/starter/chip");
    assertThat(refused("wallet", "receipt", id, "--as", "bob").err()).contains("no transfer");

    assertThat(refused("wallet", "send", "1", "bob", "--as", "ada").err())
        .contains("there is no user bob with a wallet");
    ok("wallet", "signup", "--as", "bob", "--json");
    assertThat(refused("wallet", "send", "1", "bob", "--as", "ada").err())
        .contains("ada has less than 1 USDC available");
    assertThat(refused("buy", "credits", "500", "--as", "ada").err())
        .contains("no payment service", "STRIPE_API_KEY");
    assertThat(refused("withdraw", "x", "--as", "ada").err()).contains("no payment service");

    assertThat(refused("treasury", "offer", "2.50", "--as", "ada").err())
        .contains("does not act for the treasury");
    ok("treasury", "offer", "2.50", "--json");
    ok("treasury", "round", "--json");
    assertThat(ok("treasury", "--json").path("chip").asLong()).isEqualTo(4_999_900_000_000L);
    assertThat(ok("treasury", "books", "--json").path("agree").asBoolean()).isTrue();
    assertThat(ok("governance", "parameters", "--json").path("publish-stake").asLong())
        .isEqualTo(100_000_000);
    assertThat(refused("governance", "propose", "publish-stak", "1", "--as", "ada").err())
        .contains("no parameter");
    JsonNode check = ok("treasury", "check", "--json");
    assertThat(check.path("sound").asBoolean()).isTrue();
    assertThat(check.path("transfers").asLong()).isPositive();
    assertThat(command().run("treasury", "simulate", "growth").out()).contains("5.00");

    Command.Ended chain = command().run("audit", "log", "--as", "choir");
    assertThat(chain.out()).contains("transfers");
  }
}
