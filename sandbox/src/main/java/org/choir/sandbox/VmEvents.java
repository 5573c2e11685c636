package org.choir.sandbox;

import java.time.Duration;

/** Is told what becomes of VMs: in order for each of them, from the thread that does it. */
public interface VmEvents {
  /** Nobody listens. */
  VmEvents NONE = new VmEvents() {};

  /** A new VM answers, and nothing has run in it yet; if this throws, it is ended. */
  default void started(VmInfo vm, Duration took) {}

  /**
   * A suspended VM runs again; if this throws, it is suspended again.
   *
   * @param cold whether it was booted from its disk, since its snapshot did not fit
   */
  default void resumed(VmInfo vm, boolean cold, Duration took) {}

  /** A VM is on the disk. */
  default void suspended(VmInfo vm, Duration took) {}

  /** A VM is gone with all it left. */
  default void ended(VmInfo vm) {}

  /**
   * A VM ended by itself.
   *
   * @param kept whether it is still there, as it was suspended last; otherwise it is gone
   */
  default void lost(VmInfo vm, boolean kept) {}
}
