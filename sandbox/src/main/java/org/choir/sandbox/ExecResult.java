package org.choir.sandbox;

/**
 * How a command ended.
 *
 * @param exitCode 0 to 255, or -1 if a signal ended it
 * @param signal the signal's number, or 0
 * @param timedOut whether the timeout killed it
 * @param oomKilled whether the guest's kernel killed it for memory
 * @param truncated whether output beyond the cap was dropped
 * @param stdoutBytes all it wrote, delivered or not
 */
public record ExecResult(
    int exitCode,
    int signal,
    boolean timedOut,
    boolean oomKilled,
    boolean truncated,
    long stdoutBytes,
    long stderrBytes) {}
