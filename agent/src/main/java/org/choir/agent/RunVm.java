package org.choir.agent;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Failure;
import org.choir.core.RunId;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.Vm;
import org.jspecify.annotations.Nullable;

/**
 * The one VM of a run, opened when first needed and shared by its agents. Whenever it is opened,
 * every agent's folder is put back to what is recorded. Thread-safe.
 */
final class RunVm {
  private static final System.Logger LOG = System.getLogger(RunVm.class.getName());
  private static final Set<String> LOST =
      Set.of("guest_lost", "guest_unresponsive", "protocol_error");

  private final AgentRuntime.VmSource source;
  private final RunId run;
  private final RunView view;
  private final Rewind rewind;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Opened opened;
  private int generation;

  /**
   * An open VM; a higher generation is another machine with the recorded files.
   *
   * @param homes the agents whose folder is as recorded
   */
  record Opened(Vm vm, int generation, Set<AgentId> homes) {}

  RunVm(AgentRuntime.VmSource source, RunId run, RunView view, Rewind rewind) {
    this.source = source;
    this.run = run;
    this.view = view;
    this.rewind = rewind;
  }

  /** The generation that is open or was last. */
  int generation() {
    lock.lock();
    try {
      return generation;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The VM, started and restored if need be.
   *
   * @throws StopException paused, if no VM can be had
   * @throws VmLostException if it was lost while its files were restored
   */
  Opened open() {
    try {
      lock.lockInterruptibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw StopException.interrupted();
    }
    try {
      if (opened == null) {
        Vm vm = obtain();
        Opened fresh = new Opened(vm, ++generation, ConcurrentHashMap.newKeySet());
        opened = fresh;
        try {
          rewind.run(vm, run, view);
          fresh.homes().addAll(view.agentsWithFiles());
          fresh.homes().add(run.lead());
        } catch (ChoirException e) {
          lost(fresh.generation());
          if (Interrupts.happened(e)) {
            throw StopException.interrupted();
          }
          if (isLoss(e)) {
            throw new VmLostException(fresh.generation(), e.failure());
          }
          throw StopException.failure(RunState.PAUSED, e.failure());
        }
      }
      return opened;
    } finally {
      lock.unlock();
    }
  }

  /** This generation is gone: the next {@link #open} starts another. */
  void lost(int lostGeneration) {
    lock.lock();
    try {
      if (opened != null && opened.generation() == lostGeneration) {
        Vm gone = opened.vm();
        opened = null;
        try {
          gone.close();
        } catch (SandboxException e) {
          LOG.log(System.Logger.Level.WARNING, "a lost VM could not be closed: " + e.getMessage());
        }
      }
    } finally {
      lock.unlock();
    }
  }

  static boolean isLoss(ChoirException e) {
    return LOST.contains(e.code());
  }

  private Vm obtain() {
    try {
      return source.vm(run);
    } catch (ChoirException e) {
      if (Interrupts.happened(e)) {
        throw StopException.interrupted();
      }
      throw StopException.failure(RunState.PAUSED, e.failure());
    }
  }

  /** The VM went away during a call. */
  static final class VmLostException extends LoopException {
    private final int generation;

    VmLostException(int generation, Failure failure) {
      super(failure, null);
      this.generation = generation;
    }

    int generation() {
      return generation;
    }
  }
}
