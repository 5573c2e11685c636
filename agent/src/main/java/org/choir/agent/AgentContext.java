package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.choir.core.AgentId;
import org.choir.core.TenantId;

/** The context of one call. */
record AgentContext(
    AgentId agent,
    TenantId tenant,
    ObjectNode run,
    String actionId,
    Workspace workspace,
    RunView view)
    implements ToolContext {

  @Override
  public List<ObjectNode> recorded(String kind) {
    return view.recorded(kind);
  }

  @Override
  public String home() {
    return new Home(agent).path();
  }
}
