package org.choir.agent;

import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;

/** Tells an interrupt from other failures, however deep a library has wrapped it. */
final class Interrupts {
  private Interrupts() {}

  static boolean happened(Throwable failure) {
    if (Thread.currentThread().isInterrupted()) {
      return true;
    }
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof InterruptedException
          || e.getClass() == InterruptedIOException.class // not its subclass for time-outs
          || e instanceof ClosedByInterruptException) {
        return true;
      }
    }
    return false;
  }
}
