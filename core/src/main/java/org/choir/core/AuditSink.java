package org.choir.core;

/**
 * The port to the audit chain. It returns when the event is durable; a failure stops the action it
 * belongs to.
 */
@FunctionalInterface
public interface AuditSink {
  /** Records one event. */
  void record(AuditEvent event);
}
