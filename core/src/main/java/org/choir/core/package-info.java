/**
 * The vocabulary every room shares: ids, money, digests, canonical JSON, typed failures, and the
 * two ports that a decision passes through ({@link org.choir.core.Gate} and {@link
 * org.choir.core.AuditSink}). It may touch nothing: no clock, no randomness, no thread, no file, no
 * network. It deliberately knows nothing about agents, models or machines.
 */
@NullMarked
package org.choir.core;

import org.jspecify.annotations.NullMarked;
