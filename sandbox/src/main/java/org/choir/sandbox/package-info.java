/**
 * The microVMs in which tools run: starting and adopting the hypervisor's processes, the framed
 * protocol to the agent in the guest, commands and files there. It may touch its own folder, the
 * hypervisor and the guest image. It deliberately knows nothing about runs, models or what a
 * command means, and hands nothing of the host to a guest but one byte pipe.
 *
 * <p>A guest is untrusted: whatever it sends costs bounded memory here and, if it breaks the
 * protocol, its own machine.
 */
@NullMarked
package org.choir.sandbox;

import org.jspecify.annotations.NullMarked;
