package org.choir.sandbox.runloop;

import java.io.OutputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.choir.sandbox.ExecOutput;

/**
 * The two files of a devbox that a command's streams go to, and what the devbox says of them: small
 * ones come with the answer, in base 64.
 *
 * @param base their common path
 */
record CommandFiles(String base) {
  private static final int INLINE_BYTES_MAX = 48 << 10;

  String stdout() {
    return base + ".out";
  }

  String stderr() {
    return base + ".err";
  }

  /** The script that runs another so. */
  String wrapped(String script) {
    return """
    /bin/bash -c %1$s > %2$s.out 2> %2$s.err < /dev/null
    code=$?
    out=$(stat -c %%s %2$s.out); err=$(stat -c %%s %2$s.err)
    echo "choir $code $out $err"
    if (( out + err <= %3$d )); then
      base64 -w0 %2$s.out; echo; base64 -w0 %2$s.err; echo
      rm -f %2$s.out %2$s.err
    fi
    """
        .formatted("'" + script.replace("'", "'\\''") + "'", base, INLINE_BYTES_MAX);
  }

  /**
   * How a command ended.
   *
   * @param whole whether both streams are here; else they are in the files
   */
  record Ended(int code, boolean whole, byte[] stdout, byte[] stderr) {
    void deliver(ExecOutput output) {
      if (stdout.length > 0) {
        output.stdout(stdout);
      }
      if (stderr.length > 0) {
        output.stderr(stderr);
      }
    }
  }

  /** Reads what the script printed; empty if that is cut or not its own. */
  Optional<Ended> ended(String said) {
    String[] lines = said.split("\n", -1);
    if (!lines[0].matches("choir [0-9]{1,3} [0-9]{1,15} [0-9]{1,15}")) {
      return Optional.empty();
    }
    String[] head = lines[0].split(" ", -1);
    int code = Integer.parseInt(head[1]);
    long out = Long.parseLong(head[2]);
    long err = Long.parseLong(head[3]);
    if (out + err > INLINE_BYTES_MAX) {
      return Optional.of(new Ended(code, false, new byte[0], new byte[0]));
    }
    return decoded(lines, 1, out)
        .flatMap(
            first -> decoded(lines, 2, err).map(second -> new Ended(code, true, first, second)));
  }

  private static Optional<byte[]> decoded(String[] lines, int line, long bytes) {
    String text = lines.length > line ? lines[line] : "";
    if (!text.matches("[A-Za-z0-9+/]*={0,2}") || text.length() % 4 != 0) {
      return Optional.empty();
    }
    byte[] all = Base64.getDecoder().decode(text);
    return all.length == bytes ? Optional.of(all) : Optional.empty();
  }

  interface Sink {
    void take(byte[] bytes);
  }

  static OutputStream each(Sink sink) {
    return new OutputStream() {
      @Override
      public void write(int b) {
        sink.take(new byte[] {(byte) b});
      }

      @Override
      public void write(byte[] bytes, int from, int length) {
        sink.take(Arrays.copyOfRange(bytes, from, from + length));
      }
    };
  }
}
