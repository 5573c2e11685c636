package org.choir.core;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;

/**
 * One fact for the audit chain.
 *
 * @param kind a registered, dotted name such as {@code action.decided}
 * @param data the kind's fields, personal ones too: integers, strings, booleans, arrays and objects
 *     only; never a secret
 * @param id the same over retries and restarts, {@code <agentId>:<epoch>:<n>:<i>} for the i-th
 *     event of an entry in an agent's history; empty if the event comes from none
 * @param template what the agent was made from, {@code name@version}; empty if unknown
 */
public record AuditEvent(
    TenantId tenant,
    Instant at,
    String kind,
    AgentId agent,
    JsonNode data,
    String id,
    String template) {

  /** An event that does not come from an agent's history. */
  public AuditEvent(TenantId tenant, Instant at, String kind, AgentId agent, JsonNode data) {
    this(tenant, at, kind, agent, data, "", "");
  }

  /**
   * What the gate said of an action: the kind {@code action.decided}.
   *
   * @param rules the digest of the {@link Gate#configuration} it decided by; empty if none was told
   */
  public static AuditEvent decided(Action action, Verdict verdict, String rules, Instant at) {
    ObjectNode data =
        Json.object()
            .put("action", action.id())
            .put("operation", action.operation())
            .put("replay", action.replay().name())
            .put("digest", action.digest().hex())
            .put("verdict", verdict.word())
            .put("rule", verdict.rule());
    if (!rules.isEmpty()) {
      data.put("gate", rules);
    }
    switch (verdict) {
      case Verdict.Allow allow -> {
        if (!allow.reason().isEmpty()) {
          data.put("reason", allow.reason());
        }
      }
      case Verdict.Replay replay -> data.put("reason", replay.receipt());
      case Verdict.OrderAfter after -> data.put("reason", after.actionId());
      case Verdict.Hold hold -> data.put("reason", hold.reason());
      case Verdict.Deny deny -> data.put("reason", deny.reason());
    }
    data.set("arguments", action.arguments());
    return new AuditEvent(action.tenant(), at, "action.decided", action.agent(), data);
  }
}
