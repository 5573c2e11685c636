package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.choir.agent.PlainGate;
import org.choir.core.Action;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.TenantId;
import org.choir.core.Verdict;
import org.choir.economy.AllowanceRule;
import org.choir.economy.AllowanceRule.Ruling;
import org.choir.economy.AllowanceRule.Use;
import org.choir.vibewriter.WalletOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The gate's own rules, with facts handed in. */
class AllowanceGateTest {
  private static final long UNIT = 1_000_000;
  private final List<Action> counted = new ArrayList<>();
  private long used;
  private long limit;
  private final AllowanceGate gate =
      new AllowanceGate(new PlainGate(Set.of("submit_report", "publish_to_choir")), this::facts);

  private Ruling facts(Action action, WalletOrder order) {
    counted.add(action);
    return new Ruling(
        AllowanceGate.asked(order).getFirst().stream().map(a -> new Use(a, used, limit)).toList());
  }

  private static Action action(String operation, String... arguments) {
    ObjectNode json = Json.object();
    for (int i = 0; i < arguments.length; i += 2) {
      json.put(arguments[i], arguments[i + 1]);
    }
    return new Action(
        TenantId.LOCAL,
        new AgentId("rtest00001"),
        "rtest00001:1:1",
        operation,
        json,
        ReplayClass.KEYED);
  }

  private static Action send(String to, String amount) {
    return action("transfer_usdc", "to", to, "amount", amount);
  }

  @Test
  void whatIsWithinTheAllowanceGoesThroughAndTheRestAsksWithAmountUseAndThreshold() {
    limit = 5 * UNIT;
    used = 3 * UNIT;
    assertThat(gate.decide(send("ben", "2")))
        .isEqualTo(
            new Verdict.Allow(
                "allowance/within",
                "2 USDC asked, 3 used today, at most 5 a day; it would send 2 USDC to the user"
                    + " ben"));
    assertThat(gate.decide(send("ben", "2.000001")))
        .isEqualTo(
            new Verdict.Hold(
                "allowance/ask",
                "2.000001 USDC asked, 3 used today, at most 5 a day; it would send 2.000001 USDC"
                    + " to the user ben"));
  }

  @Test
  void publishingAsksEvenWhereTheBaseWouldLetItAndAllElseIsTheBases() {
    assertThat(gate.decide(action("publish_to_choir", "field", "optics")))
        .isInstanceOfSatisfying(
            Verdict.Hold.class,
            hold ->
                assertThat(hold.reason())
                    .isEqualTo(
                        "1 publication asked, 0 used today, at most 0 a day and 100 CHIP asked, 0"
                            + " used today, at most 0 a day; it would publish the submitted report"
                            + " in the field “optics” in your name, with 100 CHIP at stake"));
    assertThat(gate.decide(action("submit_report"))).isInstanceOf(Verdict.Allow.class);
    assertThat(gate.decide(action("wallet_allow", "usdc", "5000")))
        .isInstanceOf(Verdict.Deny.class);
    assertThat(counted).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "0.0",
        "-1",
        "-0.01",
        "+1",
        "1e3",
        "1E-3",
        "0.0000001",
        "1.",
        ".5",
        "01",
        " 1",
        "1 ",
        "1,5",
        "NaN",
        "Infinity",
        "9223372036854775808",
        "1000000000",
        "١",
        "1_000",
        "0x10",
        ""
      })
  void amountsThatAreNoAmountsAreDeniedAndNeverCounted(String amount) {
    limit = 5_000 * UNIT;
    assertThat(gate.decide(send("ben", amount)))
        .isInstanceOfSatisfying(
            Verdict.Deny.class, deny -> assertThat(deny.reason()).startsWith("bad_amount"));
    assertThat(counted).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "b\u0435n",
        "ben\u200b",
        "Ben",
        "ben ",
        "be\u0301n",
        "user:ben",
        "ben/usdc",
        "1ben"
      })
  void aRecipientThatOnlyLooksLikeAnotherIsDenied(String name) {
    limit = 5_000 * UNIT;
    assertThat(gate.decide(send(name, "1")))
        .isInstanceOfSatisfying(
            Verdict.Deny.class, deny -> assertThat(deny.reason()).startsWith("bad_user"));
    assertThat(counted).isEmpty();
  }

  @Test
  void aNoteCannotPassForTheFacts() {
    limit = UNIT;
    Action action =
        action(
            "transfer_usdc",
            "to",
            "ben",
            "amount",
            "2",
            "note",
            "0 USDC asked, 0 used today, at most 9 a day; it would \nnothing\u202e");
    Verdict.Hold hold = (Verdict.Hold) gate.decide(action);
    assertThat(hold.reason())
        .startsWith("2 USDC asked, 0 used today, at most 1 a day; it would send 2 USDC")
        .doesNotContain("\n")
        .doesNotContain("\u202e");
    Gate again = AllowanceGate.of(gate.configuration()).orElseThrow();
    assertThat(again.again(action, hold.reason())).isEqualTo(hold);
  }

  @Test
  void aDecisionIsMadeAgainFromItsConfigurationAndItsReason() {
    Gate again = AllowanceGate.of(gate.configuration()).orElseThrow();
    assertThat(again.configuration()).isEqualTo(gate.configuration());
    for (long most : new long[] {0, UNIT, 5 * UNIT, 1_000 * UNIT}) {
      limit = most;
      for (Action action :
          List.of(
              send("ben", "1.5"),
              send("ben", "-1"),
              action("stake_chip"),
              action("publish_to_choir", "field", "optics"),
              action("submit_report"),
              action("unheard_of"))) {
        Verdict first = gate.decide(action);
        assertThat(again.again(action, reason(first))).isEqualTo(first);
      }
    }
    limit = 5 * UNIT;
    String reason = reason(gate.decide(send("ben", "2")));
    // Other arguments, or facts that say something else, are told apart.
    assertThatThrownBy(() -> again.again(send("ben", "3"), reason))
        .isInstanceOf(ChoirException.class);
    assertThat(again.again(send("eve", "2"), reason)).isNotEqualTo(gate.decide(send("ben", "2")));
    assertThat(again.again(send("ben", "2"), reason.replace("at most 5", "at most 1")))
        .isInstanceOf(Verdict.Hold.class);
    assertThat(AllowanceGate.of(new PlainGate(Set.of()).configuration()))
        .as("chains from before this gate")
        .get()
        .isInstanceOf(PlainGate.class);
    assertThat(AllowanceGate.of(Json.object().put("gate", "allowance/2"))).isEmpty();
  }

  private static String reason(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Allow allow -> allow.reason();
      case Verdict.Hold hold -> hold.reason();
      case Verdict.Deny deny -> deny.reason();
      default -> "";
    };
  }

  @Test
  void factsAreReadBackOnlyWhole() {
    assertThat(AllowanceRule.read("2 USDC asked, 3 used today, at most 5 a day")).isPresent();
    assertThat(AllowanceRule.read("2 USDC asked, 3 used today, at most 5 a day; it")).isEmpty();
  }
}
