package org.choir.core;

import java.util.List;

/**
 * The port to the audit chain. It returns when the event is durable; a failure stops the action it
 * belongs to.
 */
@FunctionalInterface
public interface AuditSink {

  /** An event on its way; it counts when {@link #await} has returned. */
  @FunctionalInterface
  interface Receipt {
    /** Returns when the events are durable; throws why they are not. */
    void await();
  }

  /** Records one event. */
  void record(AuditEvent event);

  /**
   * Hands over events that belong together, in their order; what depends on them waits for the
   * receipt. An event with an id that was recorded before is left out.
   */
  default Receipt submit(List<AuditEvent> events) {
    events.forEach(this::record);
    return () -> {};
  }
}
