package org.choir.agent;

import org.choir.core.AgentId;
import org.choir.sandbox.Vm;

/**
 * An agent's own part of the workspace: all but the subagents' folders for the lead, one of those
 * for a subagent.
 */
record Home(AgentId agent) {
  static final String WORKSPACE = "/workspace";
  static final String TASKS = WORKSPACE + "/tasks";

  /** Kept for the loop in the file store; a file of the guest there would be mistaken for it. */
  static final String RESERVED = WORKSPACE + "/.choir";

  private static final int FIRST_UID = 1_000;

  String path() {
    return agent.isSubagent() ? TASKS + "/" + agent.number() : WORKSPACE;
  }

  int uid() {
    return FIRST_UID + agent.number();
  }

  Vm.Owner owner(int mode) {
    return new Vm.Owner(uid(), mode);
  }

  /** Whether this agent's history holds what lies at this path. */
  boolean holds(String path) {
    return GuestPath.within(path, path())
        && !path.equals(path())
        && (agent.isSubagent()
            || !(GuestPath.within(path, TASKS) || GuestPath.within(path, RESERVED)));
  }

  /** Whether this agent's tools may write or delete at this path. */
  boolean mayWrite(String path) {
    return holds(path) || (GuestPath.within(path, "/tmp") && !path.equals("/tmp"));
  }

  /** The path below {@code /workspace}, as events and the file store name it. */
  static String name(String path) {
    return path.substring(WORKSPACE.length() + 1);
  }

  static String path(String name) {
    return WORKSPACE + "/" + name;
  }
}
