package org.choir.sandbox;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.choir.core.TenantId;
import org.choir.core.Text;

/**
 * A VM to create.
 *
 * @param id names it among all VMs of its host, for example a run's id
 * @param tenant whose it is: whose limits it counts against and whose key its snapshots lie under
 * @param role what runs in it
 * @param cpus virtual processors
 * @param memoryMib the guest's memory, MiB
 * @param overlayMib what the guest can write at most, MiB
 * @param volumes disks of the caller's, in the order the guest sees them
 */
public record VmSpec(
    String id,
    TenantId tenant,
    Role role,
    int cpus,
    int memoryMib,
    int overlayMib,
    List<Volume> volumes) {

  /** What a VM is for; its agent keeps to it from its first moment on. */
  public enum Role {
    /** Tools run in it; it holds no keys. */
    RUN,
    /** It holds a user's keys; no tool runs in it. */
    SIGNER;

    /** The word on the guest's command line and in journals. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A VM for tools. */
  public VmSpec(
      String id, TenantId tenant, int cpus, int memoryMib, int overlayMib, List<Volume> volumes) {
    this(id, tenant, Role.RUN, cpus, memoryMib, overlayMib, volumes);
  }

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");

  /**
   * A disk of the caller's; it is neither made nor removed with a VM.
   *
   * @param name lower-case letters and digits; the guest finds it by the serial number {@code
   *     choir-NAME}
   */
  public record Volume(String name, Path file) {
    public Volume {
      if (!name.matches("[a-z][a-z0-9]{0,10}") || name.equals("root") || name.equals("overlay")) {
        throw SandboxException.lasting(
            "bad_volume", "'" + Text.visible(name, 40) + "' is no name of a volume", "");
      }
    }
  }

  public VmSpec {
    requireId(id);
    if (cpus < 1 || memoryMib < 64 || overlayMib < 16) {
      throw SandboxException.lasting(
          "bad_vm",
          "a VM with %d processors, %d MiB of memory and %d MiB of disk"
              .formatted(cpus, memoryMib, overlayMib),
          "use at least 1, 64 and 16");
    }
    volumes = List.copyOf(volumes);
  }

  /** Refuses what is no id of a VM with {@code bad_id}. */
  static void requireId(String id) {
    if (!ID.matcher(id).matches()) {
      throw SandboxException.lasting(
          "bad_id",
          "'" + Text.visible(id, 70) + "' is no id of a VM",
          "use letters, digits, . _ -");
    }
  }
}
