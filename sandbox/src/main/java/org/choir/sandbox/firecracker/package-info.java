/**
 * Firecracker as the hypervisor: its API over a Unix socket, its jailer, its exit codes, its
 * sockets for the guest. It may touch the jail folders, the control group and the processes of its
 * own VMs. It deliberately knows nothing of the guest's protocol, of templates, pools or journals:
 * those are the same above every driver.
 *
 * <p>What is proven here runs against an emulation of Firecracker that checks every request and has
 * a real guest behind it; the real program runs the same suite where KVM works.
 */
@NullMarked
package org.choir.sandbox.firecracker;

import org.jspecify.annotations.NullMarked;
