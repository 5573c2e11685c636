package org.choir.sandbox;

/**
 * The points of a suspend and a resume between which a crash may fall. After each of them a later
 * process finds the old snapshot or the new one, never half of one.
 */
enum Step {
  SUSPEND_JOURNALLED,
  GUEST_PREPARED,
  GUEST_PAUSED,
  MEMORY_WRITTEN,
  OVERLAY_WRITTEN,
  MANIFEST_WRITTEN,
  SNAPSHOT_WHOLE,
  PROCESS_KILLED,
  SUSPENDED_JOURNALLED,
  RESUME_JOURNALLED,
  OVERLAY_UNPACKED,
  STATE_LOADED,
  PROCESS_JOURNALLED,
  GUEST_UNPAUSED,
  GUEST_ACKNOWLEDGED,
  RUNNING_JOURNALLED;

  /** Is told of each step when it is done. */
  interface Watcher {
    void reached(Step step);
  }
}
