package org.choir.sandbox;

/**
 * A VM in one of its states. What can be done with it is what its state offers: only a running one
 * has a {@link Vm} to call, only a running one can be given to {@link VmHost#suspend}, only a
 * suspended one to {@link VmHost#resume}. A state that was held on to while the VM went on is
 * refused with a code when it is used.
 */
public sealed interface VmState {
  VmInfo info();

  /**
   * Its agent answers.
   *
   * @param notice what its user must be told, for example that it was booted again; may be empty
   */
  record Running(VmInfo info, Vm vm, String notice) implements VmState {
    public Running(VmInfo info, Vm vm) {
      this(info, vm, "");
    }
  }

  /** It uses disk only. */
  record Suspended(VmInfo info) implements VmState {}

  /** On its way from one state to another, or dead and not yet removed. */
  record Changing(VmInfo info) implements VmState {}
}
