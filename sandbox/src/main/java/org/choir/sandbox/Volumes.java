package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.core.Text;
import org.choir.keys.PrivateFiles;
import org.choir.keys.VolumeKeys;

/**
 * The encrypted volumes of this host: one file each, {@code <tenant>/<name>.img}. Plaintext and the
 * kernel's copy of the key exist only in the guest that has the volume open. Two VMs never have one
 * volume: QEMU locks the file. Thread-safe; codes: {@code no_volume}, {@code wrong_volume_key},
 * {@code volume_damaged}, {@code volume_shrinks}, {@code volume_locked}, {@code no_space}, those of
 * {@link VolumeKeys} and of calls into a VM.
 */
public final class Volumes {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,63}");
  private static final long SIZE_MIN = 16L << 20;

  /** Beside a volume that no guest has formatted yet. */
  private static final String FRESH = ".fresh";

  private final Path folder;
  private final VolumeKeys keys;

  /** What a guest says of its volume. */
  public record State(String word, long bytes, long free) {
    static State of(JsonNode said) {
      return new State(
          Text.visible(said.path("state").asText(), 20),
          said.path("bytes").asLong(),
          said.path("free").asLong());
    }
  }

  /**
   * @param folder of this object alone
   */
  public Volumes(Path folder, VolumeKeys keys) {
    this.folder = folder;
    this.keys = keys;
  }

  /** The tenant's volume with this name, if there is one. */
  public Optional<Volume> find(TenantId tenant, String name) {
    Path file = file(tenant, name);
    try {
      return Files.isRegularFile(file)
          ? Optional.of(new Volume(tenant, name, file, Files.size(file)))
          : Optional.empty();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /** The volume with this name; made, with a new key, if there is none. */
  public Volume obtain(TenantId tenant, String name, long bytes) {
    Optional<Volume> known = find(tenant, name);
    if (known.isPresent()) {
      return known.get();
    }
    if (bytes < SIZE_MIN) {
      throw SandboxException.lasting(
          "bad_volume",
          "a volume of " + bytes + " bytes",
          "an encrypted volume takes at least " + SIZE_MIN + " bytes");
    }
    Path file = file(tenant, name);
    try {
      PrivateFiles.folder(folder);
      PrivateFiles.folder(folder.resolve(tenant.value()));
      if (!keys.has(tenant, name)) {
        Arrays.fill(keys.create(tenant, name), (byte) 0);
      }
      // In this order a crash leaves a volume that is formatted when it is first opened.
      Files.write(fresh(file), new byte[0]);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      resize(file, bytes);
      return new Volume(tenant, name, file, bytes);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /**
   * Gives a volume more space, while no VM runs with it. A guest takes it in when it opens the
   * volume next; a suspended VM is booted again then, since its memory knows the old size.
   */
  public Volume grow(Volume volume, long bytes) {
    try {
      if (bytes < Files.size(volume.file())) {
        throw SandboxException.lasting(
            "volume_shrinks",
            "the volume " + volume.name() + " has more than " + bytes + " bytes",
            "volumes only grow");
      }
      resize(volume.file(), bytes);
      return new Volume(volume.tenant(), volume.name(), volume.file(), bytes);
    } catch (IOException e) {
      throw failed(volume.file(), e);
    }
  }

  /**
   * Makes the volume usable in a VM that carries it: opens it, resumes it after a suspend, or finds
   * that it is open already.
   */
  public State unlock(Vm vm, Volume volume) {
    State now = state(vm);
    return switch (now.word()) {
      case "open" -> now;
      case "suspended" -> withKey(vm, volume, Json.object().put("op", "volume.resume"));
      default -> open(vm, volume, false);
    };
  }

  /**
   * Opens a volume that the guest has closed; a new one is formatted first.
   *
   * @param check whether the guest reads the whole file system for errors; one that has some is
   *     {@code volume_damaged}
   */
  public State open(Vm vm, Volume volume, boolean check) {
    boolean format = Files.exists(fresh(volume.file()));
    State state =
        withKey(
            vm,
            volume,
            Json.object().put("op", "volume.open").put("format", format).put("check", check));
    if (format) {
      try {
        Files.deleteIfExists(fresh(volume.file()));
      } catch (IOException e) {
        throw failed(volume.file(), e);
      }
    }
    return state;
  }

  /** What the guest says of its volume. */
  public State state(Vm vm) {
    return State.of(vm.keep(Json.object().put("op", "volume.status"), null));
  }

  /** Flushes the volume and makes the guest's kernel forget the key until {@link #unlock}. */
  public void suspend(Vm vm) {
    vm.keep(Json.object().put("op", "volume.suspend"), null);
  }

  /** Unmounts and closes the volume in its guest. */
  public void close(Vm vm) {
    vm.keep(Json.object().put("op", "volume.close"), null);
  }

  /** Throws the volume's key away and then its file: nothing of it can be read again. */
  public void destroy(TenantId tenant, String name) {
    keys.forget(tenant, name);
    Path file = file(tenant, name);
    try {
      Files.deleteIfExists(file);
      Files.deleteIfExists(fresh(file));
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /** Whether the volume's key is there. */
  boolean hasKey(Volume volume) {
    return keys.has(volume.tenant(), volume.name());
  }

  /** A request to the keeper that carries the volume's key, and bytes behind it. */
  JsonNode ask(Vm vm, Volume volume, ObjectNode request, byte[] message) {
    byte[] key = keys.fetch(volume.tenant(), volume.name());
    byte[] plain = Arrays.copyOf(key, key.length + message.length);
    System.arraycopy(message, 0, plain, key.length, message.length);
    try {
      return vm.keep(request, plain);
    } finally {
      Arrays.fill(key, (byte) 0);
      Arrays.fill(plain, (byte) 0);
    }
  }

  private State withKey(Vm vm, Volume volume, ObjectNode request) {
    return State.of(ask(vm, volume, request, new byte[0]));
  }

  private Path file(TenantId tenant, String name) {
    if (!NAME.matcher(name).matches()) {
      throw SandboxException.lasting(
          "bad_volume",
          "'" + Text.visible(name, 70) + "' is no name of a volume",
          "use lower-case letters, digits, _ and -");
    }
    return folder.resolve(tenant.value()).resolve(name + ".img");
  }

  private static Path fresh(Path file) {
    return file.resolveSibling(file.getFileName() + FRESH);
  }

  private static void resize(Path file, long bytes) throws IOException {
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.setLength(bytes);
      out.getFD().sync();
    }
  }

  private static SandboxException failed(Path file, IOException cause) {
    return SandboxException.lasting(
        "no_space",
        "cannot make or change the volume " + file + ": " + cause.getMessage(),
        "free some space, check the folder's owner",
        cause);
  }
}
