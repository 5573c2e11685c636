package org.choir.backbone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Consumer;
import org.choir.core.AgentId;
import org.choir.core.TenantId;

/**
 * Notes, approvals and cancels for a running agent from others: subjects {@code
 * vibewriter.control.<agentId>}. The loop copies them into its state; they are not stored
 * themselves.
 */
public final class ControlMessages {
  ControlMessages() {}

  /** Sends one message, for example {@code {"kind":"note","text":"..."}}. */
  public void send(TenantId tenant, AgentId agent, ObjectNode message) {
    throw new UnsupportedOperationException();
  }

  /** Delivers what is sent to this agent until closed. */
  public StateStream.Subscription listen(AgentId agent, Consumer<ObjectNode> consumer) {
    throw new UnsupportedOperationException();
  }
}
