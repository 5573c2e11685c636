package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Optional;
import org.choir.core.Action;
import org.choir.core.AgentId;
import org.choir.core.CanonicalJson;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.Verdict;
import org.junit.jupiter.api.Test;

class ReplayTest {
  private static final String RUN = "r0abc12345";
  private static final ObjectNode RULES = Json.object().put("gate", "limit/1").put("most", 100);
  private static final String DIGEST = CanonicalJson.digest(RULES).hex();

  /** Allows amounts up to a limit. */
  private static Optional<Gate> gate(com.fasterxml.jackson.databind.JsonNode rules) {
    return Optional.of(
        action ->
            action.arguments().path("amount").asLong() <= rules.path("most").asLong()
                ? new Verdict.Allow("limit/fits")
                : new Verdict.Hold("limit/large", "more than " + rules.path("most").asLong()));
  }

  private static Story.Told rules(ObjectNode rules, String digest) {
    ObjectNode data = Json.object().put("gate", "limit/1").put("configuration", digest);
    data.set("rules", rules);
    return told("gate.configured", data);
  }

  private static Story.Told told(String kind, ObjectNode data) {
    return EventFixtures.told(EventFixtures.event(kind, RUN, Instant.EPOCH, data), 3);
  }

  private static Story.Told decision(long amount, Verdict recorded) {
    ObjectNode arguments = Json.object().put("amount", amount);
    Action action =
        new Action(
            EventFixtures.TENANT,
            new AgentId(RUN),
            RUN + ":1:1",
            "charge",
            arguments,
            ReplayClass.KEYED);
    ObjectNode data =
        Json.object()
            .put("action", action.id())
            .put("operation", "charge")
            .put("replay", "KEYED")
            .put("digest", action.digest().hex())
            .put("gate", DIGEST)
            .put("verdict", recorded.word())
            .put("rule", recorded.rule());
    data.set("arguments", arguments);
    if (recorded instanceof Verdict.Hold hold) {
      data.put("reason", hold.reason());
    }
    return told("action.decided", data);
  }

  private static Replay.Outcome replay(Story.Told... events) {
    Replay replay = new Replay(ReplayTest::gate);
    for (Story.Told each : events) {
      replay.learn(each.leaf());
      replay.decide(each.leaf(), each.personal());
    }
    return replay.outcome();
  }

  @Test
  void theSameDecisionsComeOutTheSame() {
    Replay.Outcome outcome =
        replay(
            rules(RULES, DIGEST),
            decision(7, new Verdict.Allow("limit/fits")),
            decision(700, new Verdict.Hold("limit/large", "more than 100")));
    assertThat(outcome.again()).isEqualTo(2);
    assertThat(outcome.first()).isEmpty();
  }

  @Test
  void theFirstDifferenceIsShown() {
    Replay.Outcome outcome =
        replay(
            rules(RULES, DIGEST),
            decision(700, new Verdict.Hold("limit/large", "more than 99")),
            decision(7, new Verdict.Allow("other/rule")));
    assertThat(outcome.decisions()).isEqualTo(2);
    assertThat(outcome.again()).isZero();
    Replay.Difference first = outcome.first().orElseThrow();
    assertThat(first.what()).isEqualTo("verdict");
    assertThat(first.recorded().path("reason").asText()).isEqualTo("more than 99");
    assertThat(first.now().path("reason").asText()).isEqualTo("more than 100");
  }

  @Test
  void argumentsThatAreNotThoseOfTheDigestAreADifference() {
    Story.Told good = decision(7, new Verdict.Allow("limit/fits"));
    ObjectNode fields = ((Prose.Personal.Known) good.personal()).fields().deepCopy();
    ((ObjectNode) fields.get("arguments")).put("amount", 8);
    Replay.Outcome outcome =
        replay(rules(RULES, DIGEST), new Story.Told(good.leaf(), new Prose.Personal.Known(fields)));
    assertThat(outcome.first().orElseThrow().what()).isEqualTo("arguments");
  }

  @Test
  void rulesThatAreNotThoseOfTheDigestAreADifference() {
    Replay.Outcome outcome = replay(rules(RULES.deepCopy().put("most", 1_000), DIGEST));
    assertThat(outcome.first().orElseThrow().what()).isEqualTo("rules");
  }

  @Test
  void saysWhatCannotBeDecidedAgain() {
    Story.Told good = decision(7, new Verdict.Allow("limit/fits"));
    Replay.Outcome outcome =
        replay(
            good, // before the rules were recorded
            rules(RULES, DIGEST),
            new Story.Told(good.leaf(), new Prose.Personal.Erased()),
            decision(7, new Verdict.Deny("choir/arguments", "bad")));
    assertThat(outcome.unknownRules()).isEqualTo(1);
    assertThat(outcome.unreadable()).isEqualTo(1);
    assertThat(outcome.unasked()).isEqualTo(1);
    assertThat(outcome.again()).isZero();
    assertThat(outcome.first()).isEmpty();
    assertThat(outcome.json().path("decisions").asLong()).isEqualTo(3);
  }
}
