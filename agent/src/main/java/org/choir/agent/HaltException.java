package org.choir.agent;

import org.choir.core.ChoirException;

/**
 * The history cannot be written any more (another writer owns it, or the backbone is gone): the run
 * ends at once, records nothing and has no further effect.
 */
final class HaltException extends LoopException {
  private final ChoirException reason;

  HaltException(ChoirException reason) {
    super(reason.failure(), reason);
    this.reason = reason;
  }

  ChoirException reason() {
    return reason;
  }
}
