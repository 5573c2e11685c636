package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Looks at this host once. */
final class HostConfinement {
  static final Confinement FOUND = find();

  private HostConfinement() {}

  private static Confinement find() {
    try {
      return ControlGroups.find(
              Path.of("/"),
              Files.readString(Path.of("/proc/self/mounts")),
              Files.readString(Path.of("/proc/self/cgroup")),
              ProcessHandle.current().pid())
          .<Confinement>map(groups -> groups)
          .orElseGet(ResourceLimits::new);
    } catch (IOException e) {
      return new ResourceLimits(); // a /proc without control groups
    }
  }
}
