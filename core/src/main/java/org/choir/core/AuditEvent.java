package org.choir.core;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * One fact for the audit chain.
 *
 * @param kind a registered, dotted name such as {@code action.decided}
 * @param data integers, strings, booleans, arrays and objects only; never a secret
 */
public record AuditEvent(TenantId tenant, Instant at, String kind, AgentId agent, JsonNode data) {}
