package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * Which accelerator this host has. {@code /dev/kvm} can be there, open, and yet run no ordinary
 * kernel, so a machine is booted once under it; the answer is remembered until the host boots
 * again.
 */
final class Accelerators {
  static final String KVM = "kvm";
  static final String TCG = "tcg";

  private final Path device;
  private final Path memory;
  private final ReentrantLock lock = new ReentrantLock();

  Accelerators(Path device, Path memory) {
    this.device = device;
    this.memory = memory;
  }

  /**
   * The accelerator to use.
   *
   * @param wanted {@code auto}, {@code kvm} or {@code tcg}
   * @param bootsUnderKvm boots a machine under KVM and tells whether its agent answered
   */
  String choose(String wanted, BooleanSupplier bootsUnderKvm) {
    return switch (wanted) {
      case TCG, KVM -> wanted;
      case "auto" -> probe(bootsUnderKvm) ? KVM : TCG;
      default ->
          throw SandboxException.lasting(
              "bad_accelerator",
              "'" + wanted + "' is no accelerator",
              "use auto, kvm or tcg for sandbox.accelerator");
    };
  }

  private boolean probe(BooleanSupplier bootsUnderKvm) {
    if (!Files.isReadable(device) || !Files.isWritable(device)) {
      return false;
    }
    lock.lock();
    try {
      Optional<Boolean> known = recall(memory);
      if (known.isPresent()) {
        return known.get();
      }
      boolean works = bootsUnderKvm.getAsBoolean();
      remember(works);
      return works;
    } finally {
      lock.unlock();
    }
  }

  /** Whether a machine has come up under KVM since this host booted; empty if none was tried. */
  static Optional<Boolean> recall(Path memory) {
    try {
      JsonNode json = Json.parseObject(Files.readString(memory));
      return json.path("hostBoot").asText().equals(HypervisorProcess.hostBootId())
          ? Optional.of(json.path("kvmBoots").asBoolean())
          : Optional.empty();
    } catch (IOException | ChoirException e) {
      return Optional.empty(); // not asked yet, or not readable: ask again
    }
  }

  private void remember(boolean works) {
    String text =
        Json.write(
            Json.object().put("hostBoot", HypervisorProcess.hostBootId()).put("kvmBoots", works));
    try {
      Path temporary = Files.createTempFile(memory.getParent(), "kvm", ".new");
      Files.writeString(temporary, text);
      Files.move(
          temporary, memory, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space", "cannot write " + memory + ": " + e.getMessage(), "free some space", e);
    }
  }
}
