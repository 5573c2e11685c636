package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import org.choir.core.ReplayClass;

/**
 * A recorded intent without a recorded result.
 *
 * @param action {@code <agentId>:<step>:<position>}
 * @param id the model's id of the call
 * @param arguments the JSON text as recorded
 * @param verdict the verdict's word
 * @param digest of operation and arguments: what a decision is about
 * @param reason what the gate or a check said, the receipt of a {@code REPLAY}
 * @param subagent the n of the subagent a {@code task} starts, 0 for other tools
 * @param attempted whether it may have been begun
 * @param decision what a person decided since the last attempt
 * @param decisionReason the person's words
 */
record PendingCall(
    String action,
    String id,
    String tool,
    String arguments,
    String digest,
    String verdict,
    String rule,
    String reason,
    ReplayClass replay,
    int subagent,
    boolean attempted,
    Decision decision,
    String decisionReason) {

  /** A person's word. */
  enum Decision {
    NONE,
    APPROVED,
    DENIED
  }

  static PendingCall of(JsonNode intended, String arguments) {
    String verdict = intended.path("verdict").asText();
    return new PendingCall(
        intended.path("action").asText(),
        intended.path("call").asText(),
        intended.path("tool").asText(),
        arguments,
        intended.path("digest").asText(),
        verdict,
        intended.path("rule").asText(),
        intended.path("reason").asText(""),
        ReplayClass.valueOf(intended.path("replay").asText("READ_ONLY")),
        intended.path("subagent").asInt(0),
        verdict.equals("ALLOW"),
        Decision.NONE,
        "");
  }

  PendingCall decided(boolean approved, String why) {
    return with(attempted, approved ? Decision.APPROVED : Decision.DENIED, why);
  }

  PendingCall tried() {
    return with(true, Decision.NONE, "");
  }

  private PendingCall with(boolean nowAttempted, Decision nowDecision, String why) {
    return new PendingCall(
        action,
        id,
        tool,
        arguments,
        digest,
        verdict,
        rule,
        reason,
        replay,
        subagent,
        nowAttempted,
        nowDecision,
        why);
  }
}
