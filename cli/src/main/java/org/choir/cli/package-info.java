/**
 * The {@code choir} command: options, help, progress on a terminal, exit codes. It speaks to the
 * server of its home over the control socket and starts one where none listens; only what must work
 * without a server (help, doctor, backup, restore) is done here. It deliberately knows nothing of
 * agents, models, virtual machines and streams: it shows what the server recorded.
 */
@NullMarked
package org.choir.cli;

import org.jspecify.annotations.NullMarked;
