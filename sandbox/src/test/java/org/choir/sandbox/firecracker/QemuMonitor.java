package org.choir.sandbox.firecracker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * Runs a Firecracker's machine in QEMU, by software emulation: the same kernel, initial RAM disk
 * and disks, found in the jail under the names that Firecracker was given. A snapshot is QEMU's own
 * state in the memory file, with a checksum of it in the state file, as Firecracker keeps one.
 *
 * <p>What it is not: the guest's way to its host is a serial port here, bridged by {@link
 * VsockBridge}; the guest's own socket device is not exercised.
 */
final class QemuMonitor implements FakeFirecracker.Monitor {
  private static final Pattern MEGAHERTZ = Pattern.compile("(?m)^cpu MHz\\s*:\\s*([0-9.]+)");

  private final Path root;
  private final String version;
  private final IntConsumer onEnd;
  private final VsockBridge bridge;

  QemuMonitor(Path root, String version, IntConsumer onEnd) {
    this.root = root;
    this.version = version;
    this.onEnd = onEnd;
    this.bridge = new VsockBridge(root.resolve("q.agent"));
  }

  @Override
  public void start(ObjectNode configuration) throws IOException {
    launch(configuration, List.of());
    bridge.open(vsock(configuration));
    bridge.run(true);
  }

  private Path vsock(ObjectNode configuration) {
    return inside(configuration.path("/vsock").path("uds_path"));
  }

  private Path inside(JsonNode path) {
    return root.resolve(path.asText().substring(1));
  }

  private void launch(ObjectNode configuration, List<String> more) throws IOException {
    JsonNode machine = configuration.path("/machine-config");
    JsonNode boot = configuration.path("/boot-source");
    String memory = machine.path("mem_size_mib").asText();
    List<String> words = new ArrayList<>(List.of("/usr/bin/qemu-system-x86_64"));
    words.addAll(List.of("-M", "microvm,rtc=on,memory-backend=ram", "-nodefaults"));
    words.addAll(List.of("-no-user-config", "-display", "none", "-monitor", "none", "-no-reboot"));
    words.addAll(List.of("-accel", "tcg,thread=single,tb-size=128", "-cpu", "max"));
    words.addAll(List.of("-smp", machine.path("vcpu_count").asText(), "-m", memory));
    words.addAll(List.of("-object", "memory-backend-ram,id=ram,size=" + memory + "M"));
    words.addAll(List.of("-serial", "file:" + root.resolve("serial")));
    words.addAll(List.of("-kernel", inside(boot.path("kernel_image_path")).toString()));
    words.addAll(List.of("-initrd", inside(boot.path("initrd_path")).toString()));
    words.addAll(List.of("-append", arguments(boot.path("boot_args").asText())));
    configuration.properties().stream()
        .filter(entry -> entry.getKey().startsWith("/drives/"))
        .forEach(entry -> disk(words, entry.getValue()));
    words.addAll(List.of("-object", "rng-random,filename=/dev/urandom,id=rng"));
    words.addAll(List.of("-device", "virtio-rng-device,rng=rng"));
    words.addAll(
        List.of("-chardev", "socket,id=agent,server=on,wait=off,path=" + root.resolve("q.agent")));
    words.addAll(List.of("-device", "virtio-serial-device"));
    words.addAll(List.of("-device", "virtserialport,chardev=agent,name=choir.agent"));
    words.addAll(
        List.of("-chardev", "socket,id=qmp,server=on,wait=off,path=" + root.resolve("q.mon")));
    words.addAll(List.of("-mon", "chardev=qmp,mode=control"));
    words.addAll(more);
    Process process =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectOutput(root.resolve("qemu.log").toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .start();
    process.onExit().thenAccept(ended -> onEnd.accept(ended.exitValue() == 0 ? 0 : 1));
  }

  private void disk(List<String> words, JsonNode drive) {
    String name = drive.path("drive_id").asText();
    boolean readOnly = drive.path("is_read_only").asBoolean();
    words.addAll(
        List.of(
            "-drive",
            "id=%s,if=none,format=raw,file=%s%s"
                .formatted(
                    name, inside(drive.path("path_on_host")), readOnly ? ",readonly=on" : "")));
    words.addAll(List.of("-device", "virtio-blk-device,drive=" + name + ",serial=choir-" + name));
  }

  /** What this emulation needs, and the serial port in place of the socket device. */
  private static String arguments(String given) throws IOException {
    if (!given.contains("pci=off") || !given.contains("choir.channel=vsock")) {
      throw new IOException("these arguments boot no guest: " + given);
    }
    Matcher speed = MEGAHERTZ.matcher(Files.readString(Path.of("/proc/cpuinfo")));
    String clock =
        speed.find()
            ? " tsc_early_khz=" + Math.round(Double.parseDouble(speed.group(1)) * 1000)
            : "";
    return given
            .replace("choir.channel=vsock", "choir.channel=serial")
            .replaceAll("choir\\.disks=\\S+", "")
            .replaceAll("reboot=k|panic=1", "")
        + " reboot=t panic=-1 no_timer_check"
        + clock;
  }

  @Override
  public void pause() throws IOException {
    ask("stop", Json.object());
  }

  @Override
  public void resume() throws IOException {
    ask("cont", Json.object());
    bridge.run(true);
  }

  @Override
  public void save(Path state, Path memory, ObjectNode configuration) throws IOException {
    // The device is reset: every connection of the guest ends here.
    bridge.run(false);
    ask("migrate-set-parameters", Json.object().put("max-bandwidth", 1L << 40));
    ask("migrate", Json.object().put("uri", "exec:cat > " + memory));
    for (String status = ""; !status.equals("completed"); ) {
      status = ask("query-migrate", Json.object()).path("status").asText();
      if (status.equals("failed") || status.equals("cancelled")) {
        throw new IOException("Cannot save the microVM: " + status);
      }
      pause(2);
    }
    ObjectNode head =
        Json.object()
            .put("version", version)
            .put("token", bridge.token())
            .put("bytes", Files.size(memory))
            .put("crc", checksum(memory));
    head.set("configuration", configuration);
    Files.writeString(state, Json.write(head));
  }

  @Override
  public ObjectNode load(Path state, Path memory) throws IOException {
    JsonNode head;
    try {
      head = Json.parseObject(Files.readString(state));
    } catch (ChoirException e) {
      throw new IOException("Failed to load snapshot state from file: CRC64 validation failed", e);
    }
    if (!head.path("version").asText().equals(version)) {
      throw new IOException("Invalid format version: " + head.path("version").asText());
    }
    if (Files.size(memory) != head.path("bytes").asLong()
        || checksum(memory) != head.path("crc").asLong()) {
      throw new IOException("Failed to load guest memory: it is not what was saved");
    }
    ObjectNode configuration = (ObjectNode) head.path("configuration");
    configuration.remove("/metrics");
    launch(configuration, List.of("-S", "-incoming", "exec:cat " + memory));
    while (ask("query-status", Json.object()).path("status").asText().equals("inmigrate")) {
      pause(2);
    }
    bridge.restored(head.path("token").asText());
    bridge.open(vsock(configuration));
    return configuration;
  }

  private static long checksum(Path file) throws IOException {
    CRC32C crc = new CRC32C();
    byte[] part = new byte[1 << 20];
    try (var in = Files.newInputStream(file)) {
      for (int n = in.read(part); n >= 0; n = in.read(part)) {
        crc.update(part, 0, n);
      }
    }
    return crc.getValue();
  }

  private static void pause(long millis) throws IOException {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** One question over QEMU's control socket. */
  private JsonNode ask(String command, ObjectNode arguments) throws IOException {
    Path socket = root.resolve("q.mon");
    for (int tries = 0; ; tries++) {
      try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
        OutputStream out = Channels.newOutputStream(channel);
        in.readLine();
        exchange(in, out, "qmp_capabilities", Json.object());
        return exchange(in, out, command, arguments);
      } catch (java.net.SocketException e) {
        if (tries > 2_000) {
          throw e;
        }
        pause(5);
      }
    }
  }

  private static JsonNode exchange(
      BufferedReader in, OutputStream out, String command, ObjectNode arguments)
      throws IOException {
    ObjectNode question = Json.object().put("execute", command);
    question.set("arguments", arguments);
    out.write((Json.write(question) + "\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode said = Json.parse(line);
      if (said.has("return")) {
        return said.path("return");
      }
      if (said.has("error")) {
        throw new IOException(command + ": " + said.path("error").path("desc").asText());
      }
    }
    throw new IOException("QEMU ended");
  }
}
