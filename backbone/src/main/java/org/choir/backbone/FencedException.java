package org.choir.backbone;

import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;

/**
 * Another writer owns this agent now; whoever gets this stops at once and has no further effect.
 */
public final class FencedException extends ChoirException {
  public FencedException(AgentId agent) {
    super(
        new Failure(
            "fenced",
            "another process continues " + agent + "; this one stops",
            "watch it with: choir events " + agent.run() + " --follow",
            ExitStatus.FAILED,
            false));
  }
}
