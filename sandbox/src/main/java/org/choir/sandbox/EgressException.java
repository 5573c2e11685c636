package org.choir.sandbox;

import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;

/**
 * A connection out of a VM that is not made, or is cut. Codes: {@code egress_bad_host}, {@code
 * egress_bad_rule}, {@code egress_bad_request}, {@code egress_not_allowed}, {@code
 * egress_private_address}, {@code egress_unknown_host}, {@code egress_unreachable}, {@code
 * egress_timeout}, {@code egress_rate}, {@code egress_busy}, {@code egress_volume}, {@code
 * egress_no_server_name}, {@code egress_name_hidden}, {@code egress_name_differs}, {@code
 * egress_too_large}, {@code egress_not_recorded}.
 */
public final class EgressException extends ChoirException {
  private final int status;

  /**
   * @param status what the guest's program is told, as an HTTP status
   */
  EgressException(String code, int status, String message, String remedy) {
    super(
        new Failure(
            code,
            message,
            remedy,
            ExitStatus.FAILED,
            status == 429 || status == 502 || status == 503 || status == 504));
    this.status = status;
  }

  int status() {
    return status;
  }
}
