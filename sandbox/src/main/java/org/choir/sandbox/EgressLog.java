package org.choir.sandbox;

import java.time.Duration;
import java.time.Instant;
import org.choir.core.TenantId;

/**
 * The port to which every connection out of a VM is told, allowed or not. A failure to record one
 * that was allowed keeps it from being made.
 */
@FunctionalInterface
public interface EgressLog {
  /** Records one; thread-safe, called on the connection's own thread. */
  void dialed(Dial dial);

  /** How far a connection has come. */
  enum Phase {
    /** Allowed, and about to be made: nothing has been sent yet. */
    OPENED,
    /** An opened one has ended. */
    CLOSED,
    /** Not made. */
    REFUSED
  }

  /**
   * One connection.
   *
   * @param id the same for both tellings of an opened one
   * @param vm the id of the VM, known from its channel
   * @param uid the user in the guest, by the guest's own word; -1 if it did not say
   * @param host as asked for, in its one form; what was written if it is none
   * @param address the IP address connected to; empty if none was
   * @param reason a code of {@link EgressException}; {@code allowed} while and where all went well
   * @param sent bytes from the guest to the host, 0 until closed
   * @param received bytes to the guest, 0 until closed
   */
  record Dial(
      String id,
      Phase phase,
      TenantId tenant,
      String vm,
      int uid,
      String host,
      int port,
      String address,
      String reason,
      long sent,
      long received,
      Duration duration,
      Instant at) {

    /** {@code ALLOW} or {@code DENY}. */
    public String verdict() {
      return phase == Phase.REFUSED ? "DENY" : "ALLOW";
    }
  }
}
