package org.choir.agent;

import org.choir.core.ChoirException;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/**
 * Ends a call because of its run, not because of what was asked: the run stops, its history cannot
 * be written, or its VM is lost. The call may be done again; a tool lets it pass.
 */
public abstract sealed class LoopException extends ChoirException
    permits StopException, HaltException, RunVm.VmLostException {
  LoopException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
