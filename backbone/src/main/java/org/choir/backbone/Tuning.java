package org.choir.backbone;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What only tests set otherwise.
 *
 * @param duplicateWindow how long the stream remembers message ids
 * @param attempt how long one request waits for its answer
 * @param deadline how long a call is retried before it fails
 * @param binaryFolders where nats-server is looked for, in order
 * @param connectPort the port to connect to; 0 for the one that nats-server listens on
 */
record Tuning(
    Duration duplicateWindow,
    Duration attempt,
    Duration deadline,
    List<Path> binaryFolders,
    int connectPort) {

  /** The product's values: the window and the limits of the contract, PATH and Debian's folders. */
  static Tuning standard() {
    List<Path> folders = new ArrayList<>();
    String path = System.getenv("PATH");
    if (path != null) {
      for (String each : path.split(":", -1)) {
        if (!each.isEmpty()) {
          folders.add(Path.of(each));
        }
      }
    }
    folders.add(Path.of("/usr/sbin"));
    folders.add(Path.of("/usr/bin"));
    return new Tuning(
        Duration.ofMinutes(10), Duration.ofSeconds(2), Duration.ofSeconds(30), folders, 0);
  }

  Tuning withDuplicateWindow(Duration window) {
    return new Tuning(window, attempt, deadline, binaryFolders, connectPort);
  }

  Tuning withDeadline(Duration limit) {
    return new Tuning(duplicateWindow, attempt, limit, binaryFolders, connectPort);
  }

  Tuning withBinaryFolders(List<Path> folders) {
    return new Tuning(duplicateWindow, attempt, deadline, folders, connectPort);
  }

  Tuning withConnectPort(int port) {
    return new Tuning(duplicateWindow, attempt, deadline, binaryFolders, port);
  }
}
