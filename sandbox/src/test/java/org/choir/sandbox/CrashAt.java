package org.choir.sandbox;

import java.nio.file.Path;
import java.time.InstantSource;

/**
 * A server that dies at one step of a suspend or a resume, as by {@code kill -9}: nothing is tidied
 * up. A process of its own, for {@link CrashTest}.
 */
final class CrashAt {
  private CrashAt() {}

  /** {@code folder, step}: suspends or resumes the VM {@code vm} of a room and dies there. */
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[0]);
    Step last = Step.valueOf(arguments[1]);
    Sandboxes.Options options = TestImage.options(folder);
    OwnHost host =
        new OwnHost(
            options,
            new QemuDriver(),
            TestImage.keys(folder),
            InstantSource.system(),
            Outside.nothing(),
            step -> {
              if (step == last) {
                Runtime.getRuntime().halt(9);
              }
            });
    host.recover();
    VmState state = host.find("vm").orElseThrow();
    switch (state) {
      case VmState.Running running -> host.suspend(running);
      case VmState.Suspended suspended -> host.resume(suspended);
      case VmState.Changing changing -> throw new IllegalStateException(changing.toString());
    }
    Runtime.getRuntime().halt(0); // the step was not reached
  }
}
