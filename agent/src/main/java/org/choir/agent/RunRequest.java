package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.RunId;
import org.choir.core.TenantId;

/**
 * A new run.
 *
 * @param question what the person asked
 * @param model as {@code PROVIDER:NAME}
 * @param options of the kind of agent, recorded as they are in {@code run_started}; never a secret.
 *     A text {@code opening} in them is the agent's first message in place of the bare question
 */
public record RunRequest(
    RunId run, TenantId tenant, String question, String model, Limits limits, ObjectNode options) {}
