package org.choir.sandbox;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Commands for tests: what one printed and how it ended. */
record Shell(ExecResult result, byte[] stdout, byte[] stderr) {
  private static final long CAP = 20 << 20;

  static Shell run(Vm vm, String script) {
    return as(vm, 1000, script);
  }

  static Shell as(Vm vm, int uid, String script) {
    return run(vm, uid, Duration.ofSeconds(60), CAP, Map.of(), "/workspace", "bash", "-c", script);
  }

  static Shell run(
      Vm vm,
      int uid,
      Duration timeout,
      long cap,
      Map<String, String> env,
      String cwd,
      String... argv) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    ExecResult result =
        vm.exec(
            new ExecRequest(List.of(argv), env, cwd, uid, timeout, cap),
            new ExecOutput() {
              @Override
              public void stdout(byte[] bytes) {
                out.writeBytes(bytes);
              }

              @Override
              public void stderr(byte[] bytes) {
                err.writeBytes(bytes);
              }
            });
    return new Shell(result, out.toByteArray(), err.toByteArray());
  }

  String out() {
    return new String(stdout, StandardCharsets.UTF_8);
  }

  String err() {
    return new String(stderr, StandardCharsets.UTF_8);
  }

  int code() {
    return result.exitCode();
  }
}
