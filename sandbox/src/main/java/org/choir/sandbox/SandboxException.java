package org.choir.sandbox;

import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/**
 * A failure of a VM or of a call into it. Codes of file calls: {@code file_not_found}, {@code
 * permission_denied}, {@code is_directory}, {@code not_a_directory}, {@code invalid_path}, {@code
 * no_space}, {@code too_many_files}; of any call: {@code bad_request}, {@code cancelled}, {@code
 * guest_busy}, {@code io_error}, {@code agent_error}, {@code not_supported}; of a guest's call to
 * the host: {@code unknown_operation}, {@code rate_limited}, {@code host_busy}, {@code too_large},
 * {@code timeout}; of the VM: {@code guest_lost}, {@code guest_unresponsive}, {@code
 * protocol_error}, {@code no_qemu}, {@code no_image}, {@code image_mismatch}, {@code
 * vm_boot_failed}, {@code vm_limit}, {@code no_space}, {@code bad_id}.
 */
public final class SandboxException extends ChoirException {
  public SandboxException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }

  /** A failure that stays until something is changed. */
  static SandboxException lasting(String code, String message, String remedy) {
    return lasting(code, message, remedy, null);
  }

  static SandboxException lasting(
      String code, String message, String remedy, @Nullable Throwable cause) {
    return new SandboxException(
        new Failure(code, message, remedy, ExitStatus.FAILED, false), cause);
  }

  /** A failure that another attempt, with another VM if need be, may not meet. */
  static SandboxException passing(
      String code, String message, String remedy, @Nullable Throwable cause) {
    return new SandboxException(new Failure(code, message, remedy, ExitStatus.FAILED, true), cause);
  }

  /** The same failure for another caller, with a trace of its own. */
  SandboxException again() {
    return new SandboxException(failure(), this);
  }
}
