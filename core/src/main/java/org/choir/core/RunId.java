package org.choir.core;

import java.util.regex.Pattern;

/**
 * One run of an agent: {@code r} and 6 to 24 lower-case letters or digits, so that it is one token
 * of a NATS subject and can be typed.
 */
public record RunId(String value) {
  private static final Pattern FORM = Pattern.compile("r[a-z0-9]{6,24}");

  public RunId {
    Ids.require("a run id", FORM, value);
  }

  /** The agent that leads this run. */
  public AgentId lead() {
    return new AgentId(value);
  }

  @Override
  public String toString() {
    return value;
  }
}
