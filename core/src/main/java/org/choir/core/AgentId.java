package org.choir.core;

import java.util.regex.Pattern;

/**
 * One agent: {@code <run>} for the agent that leads a run, {@code <run>-<n>} (n from 1) for its
 * subagents. One token of a NATS subject.
 */
public record AgentId(String value) {
  private static final Pattern FORM = Pattern.compile("r[a-z0-9]{6,24}(-[1-9][0-9]{0,3})?");

  public AgentId {
    Ids.require("an agent id", FORM, value);
  }

  /** The run this agent works for. */
  public RunId run() {
    int dash = value.indexOf('-');
    return new RunId(dash < 0 ? value : value.substring(0, dash));
  }

  /** True for {@code <run>-<n>}. */
  public boolean isSubagent() {
    return value.indexOf('-') >= 0;
  }

  /** The n of {@code <run>-<n>}; 0 for the agent that leads the run. */
  public int number() {
    int dash = value.indexOf('-');
    return dash < 0 ? 0 : Integer.parseInt(value.substring(dash + 1));
  }

  /** The n-th subagent of the same run, n from 1 to 9,999. */
  public AgentId subagent(int n) {
    return new AgentId(run().value() + "-" + n);
  }

  @Override
  public String toString() {
    return value;
  }
}
