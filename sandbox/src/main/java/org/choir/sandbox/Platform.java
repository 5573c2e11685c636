package org.choir.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.Digest;

/** What of this host's processor and kernel a guest's state depends on. */
final class Platform {
  private static final Pattern MODEL = Pattern.compile("(?m)^model name\\s*:\\s*(.+)$");
  private static final Pattern FLAGS = Pattern.compile("(?m)^flags\\s*:\\s*(.+)$");

  private Platform() {}

  /**
   * Under software emulation the guest's processor is QEMU's own and the same everywhere; under KVM
   * it is this one, with what this kernel passes on.
   */
  static String of(String accelerator) {
    if (!accelerator.equals(Accelerators.KVM)) {
      return "emulated";
    }
    try {
      String cpu = Files.readString(Path.of("/proc/cpuinfo"));
      String kernel = Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip();
      return first(MODEL, cpu)
          + "; flags "
          + Digest.of(first(FLAGS, cpu).getBytes(StandardCharsets.UTF_8)).prefix(12)
          + "; Linux "
          + kernel;
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_proc", "cannot read this host's processor", "Choir needs Linux with /proc", e);
    }
  }

  private static String first(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? matcher.group(1).strip() : "unknown";
  }
}
