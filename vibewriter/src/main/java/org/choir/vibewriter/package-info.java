/**
 * The research agent, built on the deep-agent runtime: who its agents are and what they are told,
 * the tools that search, read, verify and submit, the report and its verification record, what a
 * continued run takes over, and the forms in which a finished report is shown and exported. Beside
 * it stands the deterministic program that takes a language model's place. It touches the source
 * library, the run's workspace and recorded events, all handed in. It deliberately knows nothing of
 * processes, sockets, hypervisors, providers or where files of the person come from, and it decides
 * nothing that a recorded event does not show: the same events give the same report, byte for byte.
 */
@NullMarked
package org.choir.vibewriter;

import org.jspecify.annotations.NullMarked;
