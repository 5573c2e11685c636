package org.choir.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.Text;

/**
 * QEMU's {@code microvm} machine: no firmware menus, no PCI, no network card, the guest's port on a
 * Unix socket. The flags were measured with QEMU 7.2 and Debian's 6.1 cloud kernel.
 */
final class QemuDriver implements Driver {
  private static final String PROGRAM = "qemu-system-x86_64";
  private static final String INSTALL = "sudo apt-get install -y qemu-system-x86";
  private static final Pattern MEGAHERTZ = Pattern.compile("(?m)^cpu MHz\\s*:\\s*([0-9.]+)");

  @Override
  public HypervisorProcess start(Machine machine) {
    Path log = machine.folder().resolve("qemu.log");
    ProcessBuilder builder = new ProcessBuilder(command(machine));
    builder.directory(machine.folder().toFile());
    builder.redirectInput(Path.of("/dev/null").toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().clear();
    try {
      Process process = builder.start();
      return HypervisorProcess.of(process.pid())
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

  @Override
  public String complaint(Path folder) {
    String text = tail(folder.resolve("qemu.log")) + tail(folder.resolve("console.log"));
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

  private static List<String> command(Machine machine) {
    boolean kvm = machine.accelerator().equals("kvm");
    List<String> words = new ArrayList<>();
    // A session of its own: neither a terminal's signals nor this process's end reach it. The limit
    // on file sizes bounds whatever a guest makes it write; the overlay is the largest of them.
    words.add(program("setsid", "sudo apt-get install -y util-linux").toString());
    words.add(program("prlimit", "sudo apt-get install -y util-linux").toString());
    words.addAll(List.of("--core=0", "--fsize=" + fileLimit(machine.overlay())));
    words.add(program(PROGRAM, INSTALL).toString());
    words.addAll(List.of("-M", "microvm,rtc=on", "-nodefaults", "-no-user-config"));
    words.addAll(List.of("-display", "none", "-monitor", "none", "-no-reboot"));
    // One translation thread with a bounded buffer: the default buffer is a gigabyte.
    words.addAll(List.of("-accel", kvm ? "kvm" : "tcg,thread=single,tb-size=128"));
    words.addAll(List.of("-cpu", kvm ? "host" : "max", "-smp", "1"));
    words.addAll(List.of("-m", Integer.toString(machine.memoryMib())));
    words.addAll(
        List.of(
            "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
    words.addAll(List.of("-serial", machine.console() ? "file:console.log" : "null"));
    words.addAll(List.of("-kernel", machine.image().kernel().toString()));
    words.addAll(List.of("-initrd", machine.image().initrd().toString()));
    words.addAll(List.of("-append", kernelArguments(machine.console())));
    disk(words, "root", machine.image().root(), ",readonly=on");
    // The overlay dies with its VM, so the guest's flushes need not reach the disk.
    disk(words, "overlay", machine.overlay(), ",cache=unsafe,discard=unmap");
    words.addAll(List.of("-object", "rng-random,filename=/dev/urandom,id=rng"));
    words.addAll(List.of("-device", "virtio-rng-device,rng=rng"));
    words.addAll(
        List.of("-chardev", "socket,id=agent,server=on,wait=off,path=" + escape(machine.socket())));
    words.addAll(List.of("-device", "virtio-serial-device"));
    words.addAll(List.of("-device", "virtserialport,chardev=agent,name=choir.agent"));
    return words;
  }

  private static void disk(List<String> words, String name, Path file, String options) {
    words.addAll(
        List.of("-drive", "id=" + name + ",if=none,format=raw,file=" + escape(file) + options));
    words.addAll(List.of("-device", "virtio-blk-device,drive=" + name + ",serial=choir-" + name));
  }

  /** QEMU ends a value at a comma unless it is doubled. */
  private static String escape(Path path) {
    return path.toString().replace(",", ",,");
  }

  private static long fileLimit(Path overlay) {
    try {
      return Files.size(overlay) + (64L << 20);
    } catch (IOException e) {
      throw SandboxException.lasting("no_space", "the overlay " + overlay + " is gone", "", e);
    }
  }

  /**
   * Without {@code tsc_early_khz} about half of the boots under TCG hang while the kernel measures
   * the time stamp counter against an emulated timer; the host's own figure is right for it.
   */
  private static String kernelArguments(boolean console) {
    String clock = megahertz().map(khz -> " tsc_early_khz=" + khz).orElse("");
    return "rdinit=/init panic=-1 reboot=t no_timer_check random.trust_cpu=on"
        + clock
        + (console ? " console=ttyS0" : " quiet");
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
