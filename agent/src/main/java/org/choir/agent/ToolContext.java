package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.choir.core.AgentId;
import org.choir.core.TenantId;

/** Where and for whom a tool is called. */
public interface ToolContext {

  /** The agent that calls. */
  AgentId agent();

  /** Its owner. */
  TenantId tenant();

  /** The first event of the run, kind {@code run_started}: question, model, options. */
  ObjectNode run();

  /** The id of this action, the same on every retry: the idempotency key of a keyed tool. */
  String actionId();

  /** This agent's hands: files and commands in the VM. */
  Workspace workspace();

  /**
   * Recorded events of one kind by every agent of the run so far, each agent's in their order.
   * Agents that work side by side append concurrently: treat it as a set.
   */
  List<ObjectNode> recorded(String kind);

  /**
   * The folder in the VM that belongs to this agent: {@code /workspace}, or {@code
   * /workspace/tasks/<n>} for a subagent.
   */
  String home();
}
