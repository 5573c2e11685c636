package org.choir.agent;

import java.time.InstantSource;
import org.choir.backbone.Backbone;
import org.choir.core.AuditSink;
import org.choir.core.Gate;
import org.choir.core.RunId;
import org.choir.model.ModelClient;

/**
 * Runs agents: the loop, one virtual thread per agent, every boundary recorded in the state stream
 * before the next. Thread-safe; one instance serves all runs of a server.
 */
public final class AgentRuntime {

  /** Opens the workspace of a run lazily: a VM is started once per run and shared by its agents. */
  @FunctionalInterface
  public interface VmSource {
    /** The run's VM, started if need be. */
    org.choir.sandbox.Vm vm(RunId run);
  }

  /** Finds a model by its id. */
  @FunctionalInterface
  public interface Models {
    /** The client; the caller does not close it. */
    ModelClient open(String id);
  }

  public AgentRuntime(
      Backbone backbone,
      Gate gate,
      AuditSink audit,
      Models models,
      VmSource vms,
      InstantSource clock) {
    throw new UnsupportedOperationException();
  }

  /** Records {@code run_started}; the run is {@code queued}. */
  public void create(RunRequest request) {
    throw new UnsupportedOperationException();
  }

  /**
   * Starts or continues a run and blocks until it stops: completed, or in any other state it can be
   * resumed from. Interrupting the thread pauses the run.
   *
   * @param raised replaces the recorded limits, for a resume with a larger budget; null keeps them
   */
  public RunState run(
      RunId run, AgentDefinition definition, @org.jspecify.annotations.Nullable Limits raised) {
    throw new UnsupportedOperationException();
  }
}
