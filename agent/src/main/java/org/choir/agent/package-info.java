/**
 * The deep-agent runtime: the loop that asks a model, passes every call through the gate, does it,
 * and records each boundary before the next; planning, files, subagents, skills, limits and exact
 * resume. It may touch the state stream, the file store, a model, the gate, the audit sink and a
 * run's VM, each through its port. It deliberately knows nothing about research, sources or reports
 * (those are tools of a definition), about how a VM or a server is started, and about credentials.
 */
@NullMarked
package org.choir.agent;

import org.jspecify.annotations.NullMarked;
