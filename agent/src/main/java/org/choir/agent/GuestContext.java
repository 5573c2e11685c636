package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.AgentId;
import org.choir.core.TenantId;

/**
 * The context of a call from the VM: an agent's own, and what earlier calls of the same command
 * have brought, which is recorded only after the command has ended.
 */
record GuestContext(ToolContext own, String actionId, Inbox inbox) implements ToolContext {
  @Override
  public AgentId agent() {
    return own.agent();
  }

  @Override
  public TenantId tenant() {
    return own.tenant();
  }

  @Override
  public ObjectNode run() {
    return own.run();
  }

  @Override
  public Workspace workspace() {
    return own.workspace();
  }

  @Override
  public List<ObjectNode> recorded(String kind) {
    List<ObjectNode> all = new ArrayList<>(own.recorded(kind));
    all.addAll(inbox.reported(kind));
    return List.copyOf(all);
  }

  @Override
  public String home() {
    return own.home();
  }
}
