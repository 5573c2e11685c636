package org.choir.sandbox;

import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/**
 * A failure of a VM or of a call into it. Codes of file calls, which do not change: {@code
 * file_not_found}, {@code permission_denied}, {@code is_directory}, {@code not_a_directory}, {@code
 * not_regular} (a pipe, a socket, a device), {@code invalid_path} (relative, {@code ..}, NUL, too
 * many links), {@code name_too_long}, {@code too_large}, {@code no_space} (bytes or inodes), {@code
 * conflict} ({@link FileConflictException}), {@code too_many_files}; of commands: {@code
 * no_such_exec}, {@code exec_ended}, {@code exec_exists}, {@code too_many_commands}, {@code
 * no_input}; of any call: {@code bad_request}, {@code unsupported}, {@code not_supported}, {@code
 * cancelled}, {@code guest_busy}, {@code io_error}, {@code agent_error}; of the VM: {@code
 * guest_lost}, {@code guest_unresponsive}, {@code protocol_error}, {@code no_qemu}, {@code
 * no_image}, {@code image_mismatch}, {@code vm_boot_failed}, {@code vm_limit}, {@code host_memory},
 * {@code tenant_limit}, {@code no_space}, {@code bad_id}; of its states: {@code vm_exists}, {@code
 * no_such_vm}, {@code vm_not_running}, {@code vm_not_suspended}, {@code vm_changing}, {@code
 * vm_suspended}, {@code suspend_failed}, {@code restore_failed}.
 */
public sealed class SandboxException extends ChoirException permits FileConflictException {
  public SandboxException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }

  /** A failure that stays until something is changed. */
  public static SandboxException lasting(String code, String message, String remedy) {
    return lasting(code, message, remedy, null);
  }

  public static SandboxException lasting(
      String code, String message, String remedy, @Nullable Throwable cause) {
    return new SandboxException(
        new Failure(code, message, remedy, ExitStatus.FAILED, false), cause);
  }

  /** A failure that another attempt, with another VM if need be, may not meet. */
  public static SandboxException passing(
      String code, String message, String remedy, @Nullable Throwable cause) {
    return new SandboxException(new Failure(code, message, remedy, ExitStatus.FAILED, true), cause);
  }

  /** The same failure for another caller, with a trace of its own. */
  SandboxException again() {
    return new SandboxException(failure(), this);
  }
}
