package org.choir.backbone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.choir.core.TenantId;

/**
 * One recorded boundary of one agent's history, decrypted.
 *
 * @param sequence the stream's sequence, from 1; {@code events} and SSE count by it
 * @param epoch the ownership of the agent that wrote it; a successor has a higher one
 * @param n the agent's message number, from 1
 * @param events one or more events, each an object with a {@code kind}
 * @param hash digest over the plaintext and the hash before it: the chain that shows bit rot
 */
public record StateEntry(
    long sequence,
    TenantId tenant,
    AgentId agent,
    long epoch,
    long n,
    Instant at,
    List<ObjectNode> events,
    Digest hash) {}
