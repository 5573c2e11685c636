package org.choir.sandbox;

import org.choir.core.ChoirException;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/**
 * A failure of a VM or of a call into it. Codes of file calls: {@code file_not_found}, {@code
 * permission_denied}, {@code is_directory}, {@code not_a_directory}, {@code invalid_path}, {@code
 * no_space}; of the VM: {@code guest_lost}, {@code guest_unresponsive}, {@code protocol_error},
 * {@code no_qemu}, {@code no_image}, {@code vm_boot_failed}, {@code vm_limit}.
 */
public final class SandboxException extends ChoirException {
  public SandboxException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
