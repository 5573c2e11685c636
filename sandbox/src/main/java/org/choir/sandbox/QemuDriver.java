package org.choir.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.Text;

/**
 * QEMU's {@code microvm} machine: no firmware menus, no PCI, no network card, the guest's port on a
 * Unix socket. The flags were measured with QEMU 7.2 and Debian's 6.1 cloud kernel.
 */
final class QemuDriver implements Driver {
  static final String TEMPLATE_STATE = "state";
  static final String TEMPLATE_MEMORY = "memory";

  private static final String PROGRAM = "qemu-system-x86_64";
  private static final String INSTALL = "sudo apt-get install -y qemu-system-x86";
  private static final Pattern MEGAHERTZ = Pattern.compile("(?m)^cpu MHz\\s*:\\s*([0-9.]+)");

  /** Where a machine's memory comes from; all of them carry the same name inside QEMU. */
  private record Memory(String backend, boolean incoming) {
    static Memory plain(int mib, boolean incoming) {
      return new Memory("memory-backend-ram,id=ram,size=" + mib + "M", incoming);
    }

    static Memory file(int mib, Path file, boolean shared, boolean incoming) {
      return new Memory(
          "memory-backend-file,id=ram,size=%dM,mem-path=%s,share=%s"
              .formatted(mib, escape(file), shared ? "on" : "off"),
          incoming);
    }
  }

  @Override
  public String name() {
    return "qemu";
  }

  @Override
  public String version() {
    return QemuVersion.of(program(PROGRAM, INSTALL));
  }

  @Override
  public Set<Capability> capabilities(String accelerator) {
    Set<Capability> all =
        EnumSet.of(
            Capability.MEMORY_SNAPSHOT,
            Capability.TEMPLATE,
            Capability.NO_NETWORK_CARD,
            Capability.EXACT_CLOCK,
            Capability.ENCRYPTED_SNAPSHOT,
            Capability.VOLUMES,
            Capability.HOLDS_KEYS);
    if (accelerator.equals(Accelerators.KVM)) {
      all.add(Capability.ISOLATION); // QEMU's own policy: software emulation is no boundary
    }
    return all;
  }

  @Override
  public Hypervisor boot(Machine machine, boolean template) {
    Memory memory =
        template
            ? Memory.file(
                machine.memoryMib(), machine.folder().resolve(TEMPLATE_MEMORY), true, false)
            : Memory.plain(machine.memoryMib(), false);
    return new QemuHypervisor(machine.folder(), start(machine, memory), true);
  }

  @Override
  public Hypervisor fork(Machine machine, Path template) {
    Memory memory =
        Memory.file(machine.memoryMib(), template.resolve(TEMPLATE_MEMORY), false, true);
    try (InputStream state = Files.newInputStream(template.resolve(TEMPLATE_STATE))) {
      return load(machine, memory, state, true);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "restore_failed", "cannot read the template " + template + ": " + e.getMessage(), "", e);
    }
  }

  @Override
  public Hypervisor restore(Machine machine, InputStream state) {
    return load(machine, Memory.plain(machine.memoryMib(), true), state, false);
  }

  private Hypervisor load(Machine machine, Memory memory, InputStream state, boolean memoryStays) {
    QemuHypervisor started = new QemuHypervisor(machine.folder(), start(machine, memory), false);
    boolean loaded = false;
    try {
      started.load(state, memoryStays);
      loaded = true;
      return started;
    } catch (IOException e) {
      throw SandboxException.passing(
          "restore_failed",
          "QEMU cannot load the VM's state: "
              + e.getMessage()
              + "; it printed: "
              + started.complaint(),
          "",
          e);
    } finally {
      if (!loaded) {
        started.kill();
      }
    }
  }

  @Override
  public Hypervisor adopt(Machine machine, HypervisorProcess process) {
    return new QemuHypervisor(machine.folder(), process, false);
  }

  @Override
  public void clean(Path folder) {
    HypervisorProcess.withArgument(folder.resolve("overlay.img").toString())
        .forEach(HypervisorProcess::kill);
    removeSockets(folder);
    Launch.release(folder);
  }

  static void removeSockets(Path folder) {
    for (Path socket :
        List.of(QemuHypervisor.agentSocket(folder), QemuHypervisor.controlSocket(folder))) {
      try {
        Files.deleteIfExists(socket);
      } catch (IOException e) {
        throw SandboxException.lasting(
            "cannot_clean", "cannot remove " + socket + ": " + e.getMessage(), "", e);
      }
    }
  }

  private static HypervisorProcess start(Machine machine, Memory memory) {
    removeSockets(machine.folder());
    try {
      return Launch.qemu(
              machine.folder(),
              command(machine, memory),
              disks(machine),
              Confinement.Limits.of(machine.cpus(), machine.memoryMib()),
              fileLimit(machine))
          .orElseThrow(
              () ->
                  SandboxException.lasting(
                      "vm_boot_failed",
                      "QEMU ended at once: " + complaint(machine.folder()),
                      "choir doctor tells what is wrong"));
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_qemu", "cannot start " + PROGRAM + ": " + e.getMessage(), INSTALL, e);
    }
  }

  static String complaint(Path folder) {
    String text = tail(folder.resolve(Launch.LOG));
    return text.isBlank() ? "it printed nothing" : Text.visible(text.strip(), 600);
  }

  private static String tail(Path file) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      int from = Math.max(0, bytes.length - 500);
      return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return ""; // never written
    }
  }

  /** The full path of a program, so that an emptied environment does not matter. */
  static Path program(String name, String install) {
    String path =
        Optional.ofNullable(System.getenv("PATH")).orElse("") + ":/usr/bin:/usr/sbin:/sbin";
    for (String folder : path.split(":", -1)) {
      Path candidate = Path.of(folder, name);
      if (!folder.isEmpty() && Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    throw SandboxException.lasting("no_qemu", name + " is not installed", install);
  }

  private static List<String> command(Machine machine, Memory memory) {
    boolean kvm = machine.accelerator().equals("kvm");
    List<String> words = new ArrayList<>();
    words.add(program(PROGRAM, INSTALL).toString());
    words.addAll(
        List.of("-M", "microvm,rtc=on,memory-backend=ram", "-nodefaults", "-no-user-config"));
    words.addAll(List.of("-display", "none", "-monitor", "none", "-no-reboot"));
    // One translation thread with a bounded buffer: the default buffer is a gigabyte.
    words.addAll(List.of("-accel", kvm ? "kvm" : "tcg,thread=single,tb-size=128"));
    words.addAll(List.of("-cpu", kvm ? "host" : "max", "-smp", Integer.toString(machine.cpus())));
    words.addAll(List.of("-m", Integer.toString(machine.memoryMib()), "-object", memory.backend()));
    if (memory.incoming()) {
      words.addAll(List.of("-incoming", "defer", "-S"));
    }
    words.addAll(List.of("-sandbox", Launch.sandbox()));
    if (machine.console()) {
      words.addAll(
          List.of("-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"));
    } else {
      words.addAll(List.of("-serial", "null"));
    }
    words.addAll(List.of("-kernel", machine.image().kernel().toString()));
    words.addAll(List.of("-initrd", machine.image().initrd().toString()));
    words.addAll(List.of("-append", kernelArguments(machine)));
    disk(words, "root", escape(machine.image().root()), ",readonly=on");
    // The overlay dies with its VM, so the guest's flushes need not reach the disk.
    disk(words, "overlay", Launch.disk(1), ",file.locking=off,cache=unsafe,discard=unmap");
    int next = 2;
    for (VmSpec.Volume volume : machine.volumes()) {
      String options = ",file.locking=off,cache=none,discard=unmap";
      disk(words, volume.name(), Launch.disk(next++), options);
    }
    words.addAll(List.of("-object", "rng-random,filename=/dev/urandom,id=rng"));
    words.addAll(List.of("-device", "virtio-rng-device,rng=rng"));
    words.addAll(
        List.of(
            "-chardev",
            "socket,id=agent,server=on,wait=off,path="
                + escape(QemuHypervisor.agentSocket(machine.folder()))));
    words.addAll(List.of("-device", "virtio-serial-device"));
    words.addAll(List.of("-device", "virtserialport,chardev=agent,name=choir.agent"));
    words.addAll(
        List.of(
            "-chardev",
            "socket,id=qmp,server=on,wait=off,path="
                + escape(QemuHypervisor.controlSocket(machine.folder()))));
    words.addAll(List.of("-mon", "chardev=qmp,mode=control"));
    return words;
  }

  private static List<Path> disks(Machine machine) {
    List<Path> disks = new ArrayList<>();
    disks.add(machine.overlay());
    machine.volumes().forEach(volume -> disks.add(volume.file()));
    return disks;
  }

  private static void disk(List<String> words, String name, String file, String options) {
    words.addAll(List.of("-drive", "id=" + name + ",if=none,format=raw,file=" + file + options));
    words.addAll(List.of("-device", "virtio-blk-device,drive=" + name + ",serial=choir-" + name));
  }

  /** QEMU ends a value at a comma unless it is doubled. */
  static String escape(Path path) {
    return path.toString().replace(",", ",,");
  }

  private static long fileLimit(Machine machine) {
    try {
      long most = Math.max(Files.size(machine.overlay()), (long) machine.memoryMib() << 20);
      for (VmSpec.Volume volume : machine.volumes()) {
        most = Math.max(most, Files.size(volume.file()));
      }
      return most + (64L << 20);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space", "a disk of the VM is gone: " + e.getMessage(), "", e);
    }
  }

  /**
   * Without {@code tsc_early_khz} about half of the boots under TCG hang while the kernel measures
   * the time stamp counter against an emulated timer; the host's own figure is right for it.
   */
  private static String kernelArguments(Machine machine) {
    String clock = megahertz().map(khz -> " tsc_early_khz=" + khz).orElse("");
    return "rdinit=/init panic=-1 reboot=t no_timer_check random.trust_cpu=on"
        + clock
        + role(machine.role())
        + (machine.console() ? " console=ttyS0" : " quiet");
  }

  /** Where keys are, the kernel wipes every page and object as it is freed. */
  private static String role(VmSpec.Role role) {
    return switch (role) {
      case RUN -> "";
      case SIGNER -> " choir.role=" + role.word() + " init_on_free=1";
    };
  }

  private static Optional<String> megahertz() {
    try {
      Matcher matcher = MEGAHERTZ.matcher(Files.readString(Path.of("/proc/cpuinfo")));
      return matcher.find()
          ? Optional.of(
              String.format(Locale.ROOT, "%.0f", Double.parseDouble(matcher.group(1)) * 1000))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // the kernel then measures by itself
    }
  }
}
