package org.choir.backbone;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/**
 * The nats-server program of this machine.
 *
 * @param path where it lies
 */
record NatsBinary(Path path, Version version) {
  /** Debian 12's, which everything here is tested with. */
  static final Version OLDEST = new Version(2, 9, 10);

  private static final Version SYNC_INTERVAL = new Version(2, 10, 0);

  /** These lose whole streams when the process crashes: nats-server issue 6888. */
  private static final Version FIRST_LOSSY = new Version(2, 10, 20);

  private static final Version LAST_LOSSY = new Version(2, 10, 22);

  /** A version of nats-server. */
  record Version(int major, int minor, int patch) implements Comparable<Version> {
    private static final Pattern FORM = Pattern.compile("v?(\\d{1,4})\\.(\\d{1,4})\\.(\\d{1,4})");
    private static final Comparator<Version> ORDER =
        Comparator.comparingInt(Version::major)
            .thenComparingInt(Version::minor)
            .thenComparingInt(Version::patch);

    static Version find(String text) {
      Matcher matcher = FORM.matcher(text);
      if (!matcher.find()) {
        throw ChoirException.fatal(
            "nats_version",
            "nats-server --version says '" + Text.visible(text, 80) + "', which names no version",
            "install Debian's: apt-get install nats-server");
      }
      return new Version(
          Integer.parseInt(matcher.group(1)),
          Integer.parseInt(matcher.group(2)),
          Integer.parseInt(matcher.group(3)));
    }

    @Override
    public int compareTo(Version other) {
      return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
      return major + "." + minor + "." + patch;
    }
  }

  /** The first nats-server in these folders, its version checked. */
  static NatsBinary find(List<Path> folders) {
    for (Path folder : folders) {
      Path file = folder.resolve("nats-server");
      if (Files.isRegularFile(file) && Files.isExecutable(file)) {
        NatsBinary found = new NatsBinary(file, versionOf(file));
        found.requireUsable();
        return found;
      }
    }
    throw ChoirException.fatal(
        "no_nats_server",
        "there is no nats-server on this machine (looked in the PATH, /usr/sbin and /usr/bin)",
        "apt-get install nats-server");
  }

  /**
   * True if it can be told to flush each write to the disk; older ones need a synchronous folder.
   */
  boolean hasSyncInterval() {
    return version.compareTo(SYNC_INTERVAL) >= 0;
  }

  void requireUsable() {
    if (version.compareTo(OLDEST) < 0) {
      throw ChoirException.fatal(
          "nats_version",
          path + " is version " + version + "; the oldest that works is " + OLDEST,
          "apt-get install nats-server");
    }
    if (version.compareTo(FIRST_LOSSY) >= 0 && version.compareTo(LAST_LOSSY) <= 0) {
      throw ChoirException.fatal(
          "nats_version",
          path + " is version " + version + ", which can lose streams when it crashes",
          "install 2.10.23 or newer, or Debian's " + OLDEST);
    }
  }

  private static Version versionOf(Path file) {
    try {
      return Version.find(Command.run(List.of(file.toString(), "--version")).output());
    } catch (IOException e) {
      throw ChoirException.fatal(
          "no_nats_server",
          file + " cannot be run: " + e.getMessage(),
          "apt-get install --reinstall nats-server",
          e);
    }
  }
}
