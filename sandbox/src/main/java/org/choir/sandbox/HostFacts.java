package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * What of this host matters to VMs, as far as it is known without starting one.
 *
 * @param kvm whether a VM has come up under KVM since the host booted; empty if nobody tried
 * @param swap whether there is any: a guest's memory may then reach the disk unencrypted
 * @param controlGroups {@code v2}, {@code v1} or {@code none}: which version has the controllers
 * @param qemu its version; empty if it is not installed
 * @param templates how many kinds of VM can be restored rather than booted
 */
public record HostFacts(
    Optional<Boolean> kvm,
    boolean swap,
    String controlGroups,
    Optional<String> qemu,
    int templates) {

  /** Looks. */
  public static HostFacts of(Path templates) {
    return new HostFacts(kvmBoots(), hasSwap(), groupsVersion(), qemuVersion(), count(templates));
  }

  private static Optional<Boolean> kvmBoots() {
    return Accelerators.recall(RuntimeFolder.path().resolve("accelerator.json"));
  }

  private static Optional<String> qemuVersion() {
    try {
      return Optional.of(new QemuDriver().version());
    } catch (SandboxException e) {
      return Optional.empty();
    }
  }

  private static boolean hasSwap() {
    return lines("/proc/swaps").size() > 1; // the first line is the table's head
  }

  private static String groupsVersion() {
    boolean second =
        lines("/sys/fs/cgroup/cgroup.controllers").stream().anyMatch(l -> l.contains("memory"));
    boolean first =
        lines("/proc/mounts").stream()
            .map(line -> line.split(" ", -1))
            .anyMatch(f -> f.length > 3 && f[2].equals("cgroup") && f[3].contains("memory"));
    return second ? "v2" : first ? "v1" : "none";
  }

  private static List<String> lines(String file) {
    try {
      return Files.readAllLines(Path.of(file));
    } catch (IOException e) {
      return List.of(); // not on this kernel
    }
  }

  private static int count(Path templates) {
    int count = 0;
    try (DirectoryStream<Path> all =
        Files.newDirectoryStream(templates, path -> Files.exists(path.resolve("template.json")))) {
      for (Path template : all) {
        JsonNode json = Json.parseObject(Files.readString(template.resolve("template.json")));
        count += json.path("schema").asText().isEmpty() ? 0 : 1;
      }
      return count;
    } catch (IOException | ChoirException e) {
      return count; // none was made yet
    }
  }
}
