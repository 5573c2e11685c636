package org.choir.sandbox;

/**
 * How a command ended.
 *
 * @param exitCode 0 to 255, or -1 if a signal ended it
 * @param signal the signal's number, or 0
 * @param timedOut whether the timeout killed it
 * @param oomKilled whether the guest's kernel killed it, or something it started, for memory
 * @param truncated whether some of its output was not delivered
 * @param stdoutBytes all it wrote, delivered or not
 * @param cpuExceeded whether its limit on processor time killed it
 * @param stdoutFile where all of stdout lies, if it was more than fits into memory
 */
public record ExecResult(
    int exitCode,
    int signal,
    boolean timedOut,
    boolean oomKilled,
    boolean truncated,
    long stdoutBytes,
    long stderrBytes,
    boolean cpuExceeded,
    OutputFile stdoutFile,
    OutputFile stderrFile) {

  /**
   * A stream in a file of the guest, readable by tools and by {@link Vm#read}. It stays until the
   * room is needed: for the files of sixteen later commands, or when three quarters of the disk are
   * used.
   *
   * @param path a guest path; empty without a file
   * @param bytes in the file, counted from the first; fewer than the stream had if the disk was
   *     full
   */
  public record OutputFile(String path, long bytes) {
    /** Without a file: little output, which was delivered whole. */
    public static final OutputFile NONE = new OutputFile("", 0);
  }

  /** A result without files. */
  public ExecResult(
      int exitCode,
      int signal,
      boolean timedOut,
      boolean oomKilled,
      boolean truncated,
      long stdoutBytes,
      long stderrBytes) {
    this(
        exitCode,
        signal,
        timedOut,
        oomKilled,
        truncated,
        stdoutBytes,
        stderrBytes,
        false,
        OutputFile.NONE,
        OutputFile.NONE);
  }
}
