package org.choir.core;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One thing an agent wants to do, before it is done.
 *
 * @param id unique and stable over retries and resumes: {@code <agentId>:<step>:<position in the
 *     step>}
 * @param operation the tool's name, {@code service.operation} for a connector
 * @param arguments the JSON object the model gave, already checked against the tool's schema
 */
public record Action(
    TenantId tenant,
    AgentId agent,
    String id,
    String operation,
    JsonNode arguments,
    ReplayClass replay) {

  /** The digest a verdict is bound to: the canonical form of operation and arguments. */
  public Digest digest() {
    return CanonicalJson.digest(
        Json.object().put("operation", operation).set("arguments", arguments));
  }
}
