package org.choir.sandbox;

import java.time.InstantSource;
import java.util.List;
import java.util.function.Function;

/**
 * What lies outside a room's VMs: the network, by each VM's policy, and the host's answers to their
 * calls.
 *
 * @param egress shared by all VMs, so that its limits hold over all of them
 * @param calls what a VM's programs may ask, by the VM's id; asked anew for each call, so that a VM
 *     adopted from an earlier process is answered like any other
 */
public record Outside(Egress egress, Function<String, GuestCalls> calls) {
  /** Nothing: no network and no answers. */
  public static Outside nothing() {
    return new Outside(
        new Egress(
            List.of(),
            EgressLimits.DEFAULT,
            EgressNetwork.system(),
            dial -> {},
            InstantSource.system()),
        vm -> GuestCalls.NONE);
  }
}
