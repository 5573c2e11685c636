package org.choir.core;

import com.fasterxml.jackson.databind.JsonNode;
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
}
