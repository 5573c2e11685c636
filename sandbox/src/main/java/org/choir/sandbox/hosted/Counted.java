package org.choir.sandbox.hosted;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.choir.core.Text;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.SandboxException;

/** Output up to a cap; holds back what may be a script's own last word. */
final class Counted implements ExecOutput {
  private final ExecOutput to;
  private final long cap;
  private final byte[] mark;
  private long stdout;
  private long stderr;
  private byte[] held = new byte[0];

  Counted(ExecOutput to, long cap, String mark) {
    this.to = to;
    this.cap = cap;
    this.mark = (mark + ":").getBytes(StandardCharsets.UTF_8);
  }

  long stdout() {
    return stdout;
  }

  long stderr() {
    return stderr;
  }

  boolean truncated() {
    return stdout + stderr > cap;
  }

  @Override
  public void stdout(byte[] bytes) {
    byte[] taken = take(bytes);
    stdout += bytes.length;
    if (taken.length > 0) {
      to.stdout(taken);
    }
  }

  @Override
  public void stderr(byte[] bytes) {
    if (stderr == 0 && mayBeMark(bytes)) {
      held = join(held, bytes);
      return;
    }
    release();
    error(bytes);
  }

  private void error(byte[] bytes) {
    byte[] taken = take(bytes);
    stderr += bytes.length;
    if (taken.length > 0) {
      to.stderr(taken);
    }
  }

  private boolean mayBeMark(byte[] more) {
    byte[] all = join(held, more);
    int n = Math.min(all.length, mark.length);
    return all.length < 200 && Arrays.equals(all, 0, n, mark, 0, n);
  }

  private static byte[] join(byte[] a, byte[] b) {
    byte[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private byte[] take(byte[] bytes) {
    long left = Math.max(0, cap - stdout - stderr);
    return bytes.length <= left ? bytes : Arrays.copyOf(bytes, (int) left);
  }

  private void release() {
    byte[] all = held;
    held = new byte[0];
    if (all.length > 0) {
      error(all);
    }
  }

  /** Throws what the script refused; anything else was the command's own. */
  void requireDone(int code, String what) {
    if (code == Scripts.REFUSED && held.length > mark.length) {
      String said =
          new String(held, mark.length, held.length - mark.length, StandardCharsets.UTF_8);
      throw SandboxException.lasting(
          said.matches("[a-z_]{1,40}") ? said : "agent_error",
          Text.visible(what, 200) + ": " + Text.visible(said.replace('_', ' '), 60),
          "");
    }
    release();
  }
}
