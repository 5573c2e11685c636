package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.PrivateFiles;
import org.choir.keys.Sealed;

/**
 * The erasable side of a tenant's log: payloads with their salts, sealed under the tenant's data
 * key, one file per intent (a run), one line per payload. Erasing overwrites the line in place and
 * waits for the disk; a copy in a backup, or an old block of a disk that writes elsewhere, is
 * beyond its reach and still needs the tenant's key. Thread-safe.
 */
final class PayloadStore {
  private static final String OTHER = "other";
  private static final long FILE_BYTES_MAX = 1L << 30;

  private final Path folder;
  private final DataKeys keys;
  private final TenantId tenant;
  private final boolean power;

  /**
   * @param power whether {@link #add} waits for the disk
   */
  PayloadStore(Path folder, DataKeys keys, TenantId tenant, boolean power) {
    this.folder = folder;
    this.keys = keys;
    this.tenant = tenant;
    this.power = power;
    try {
      PrivateFiles.folder(folder);
    } catch (IOException e) {
      throw failed("make " + folder, e);
    }
  }

  /** Keeps payloads; when it returns they outlive this process, with {@code power} the machine. */
  synchronized void add(String intent, List<Payload> payloads) {
    StringBuilder lines = new StringBuilder();
    for (Payload payload : payloads) {
      String id = payload.commitment();
      Sealed sealed =
          keys.seal(
              tenant,
              Json.write(payload.json()).getBytes(StandardCharsets.UTF_8),
              associated(intent, id));
      lines
          .append("{\"id\":\"")
          .append(id)
          .append("\",\"kid\":\"")
          .append(sealed.kid())
          .append("\",\"iv\":\"")
          .append(base64(sealed.iv()))
          .append("\",\"ct\":\"")
          .append(base64(sealed.ct()))
          .append("\"}\n");
    }
    Path file = file(intent);
    boolean fresh = !Files.exists(file);
    try (FileChannel out =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      long end = out.size();
      String torn = end > 0 && at(out, end - 1) != '\n' ? "\n" : "";
      write(out, end, (torn + lines).getBytes(StandardCharsets.US_ASCII));
      if (power) {
        out.force(fresh);
      }
    } catch (IOException e) {
      throw failed("write " + file, e);
    }
    if (power && fresh) {
      forceFolder();
    }
  }

  /** The payload with this commitment; empty if it was erased or is lost. */
  synchronized Optional<Payload> find(String intent, String commitment) {
    return Optional.ofNullable(all(intent, Set.of(commitment)).get(commitment));
  }

  /**
   * All payloads of an intent that are there, by commitment.
   *
   * @param wanted only these; empty for all
   */
  synchronized Map<String, Payload> all(String intent, Set<String> wanted) {
    Map<String, Payload> found = new LinkedHashMap<>();
    for (Line line : lines(file(intent))) {
      if (line.id().isEmpty() || !(wanted.isEmpty() || wanted.contains(line.id()))) {
        continue;
      }
      Payload payload = open(intent, line);
      if (!payload.opens(line.id())) {
        throw ChoirException.fatal(
            "payload_damaged",
            "the payload " + line.id() + " in " + file(intent) + " is not what was committed to",
            "restore the home from a backup: choir restore FILE");
      }
      found.put(line.id(), payload);
    }
    return found;
  }

  /**
   * Destroys one payload and its salt; returns when the disk has it.
   *
   * @return whether it was there
   */
  synchronized boolean erase(String intent, String commitment) {
    return overwrite(intent, Set.of(commitment)) > 0;
  }

  /**
   * Destroys all payloads of an intent with their salts and their file; returns when the disk has
   * it.
   *
   * @return how many there were
   */
  synchronized int eraseAll(String intent) {
    Path file = file(intent);
    int erased = overwrite(intent, Set.of());
    try {
      if (Files.deleteIfExists(file)) {
        forceFolder();
      }
    } catch (IOException e) {
      throw failed("delete " + file, e);
    }
    return erased;
  }

  /** One line of a file: where it lies, and what it holds if it can be read. */
  private record Line(long offset, int length, String id, Sealed sealed) {}

  private int overwrite(String intent, Set<String> ids) {
    Path file = file(intent);
    if (!Files.exists(file)) {
      return 0;
    }
    int erased = 0;
    List<Line> lines = lines(file);
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (Line line : lines) {
        // With the whole file, unreadable lines go too.
        if (ids.isEmpty() || ids.contains(line.id())) {
          String mark = line.length() >= 2 ? "{}" : "";
          String blank = mark + " ".repeat(line.length() - mark.length());
          write(out, line.offset(), blank.getBytes(StandardCharsets.US_ASCII));
          erased += line.id().isEmpty() ? 0 : 1;
        }
      }
      out.force(true);
    } catch (IOException e) {
      throw failed("erase in " + file, e);
    }
    return erased;
  }

  private List<Line> lines(Path file) {
    List<Line> lines = new ArrayList<>();
    if (!Files.exists(file)) {
      return lines;
    }
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new IOException("it is larger than " + FILE_BYTES_MAX + " bytes");
      }
      byte[] bytes = Files.readAllBytes(file);
      int start = 0;
      for (int i = 0; i <= bytes.length; i++) {
        if (i == bytes.length || bytes[i] == '\n') {
          if (i > start) {
            lines.add(
                line(start, new String(bytes, start, i - start, StandardCharsets.ISO_8859_1)));
          }
          start = i + 1;
        }
      }
      return lines;
    } catch (IOException e) {
      throw failed("read " + file, e);
    }
  }

  /** A line that cannot be read has no id: the tail that a crash tore, or an erased one. */
  private static Line line(int offset, String text) {
    Sealed none = new Sealed("", new byte[0], new byte[0]);
    try {
      JsonNode json = Json.parse(text.strip());
      Base64.Decoder base64 = Base64.getDecoder();
      Sealed sealed =
          new Sealed(
              json.path("kid").asText(),
              base64.decode(json.path("iv").asText()),
              base64.decode(json.path("ct").asText()));
      return new Line(offset, text.length(), json.path("id").asText(), sealed);
    } catch (ChoirException | IllegalArgumentException e) {
      return new Line(offset, text.length(), "", none);
    }
  }

  private Payload open(String intent, Line line) {
    byte[] plain = keys.open(tenant, line.sealed(), associated(intent, line.id()));
    return Payload.parse(Json.parse(plain));
  }

  private byte[] associated(String intent, String id) {
    return ("choir audit payload\n" + tenant + "\n" + intent + "\n" + id)
        .getBytes(StandardCharsets.UTF_8);
  }

  private Path file(String intent) {
    String name =
        intent.isEmpty()
            ? OTHER
            : intent.matches("[a-z0-9_-]{1,64}") ? intent : "x" + Digest.of(intent).prefix(32);
    return folder.resolve(name + ".jsonl");
  }

  private void forceFolder() {
    try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
      names.force(true);
    } catch (IOException e) {
      throw failed("sync " + folder, e);
    }
  }

  private static byte at(FileChannel file, long position) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    return file.read(one, position) == 1 ? one.get(0) : 0;
  }

  private static void write(FileChannel out, long position, byte[] bytes) throws IOException {
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    long at = position;
    while (rest.hasRemaining()) {
      at += out.write(rest, at);
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static ChoirException failed(String what, IOException cause) {
    return ChoirException.fatal(
        "audit_unavailable",
        "the audit chain cannot " + what + ": " + cause.getMessage(),
        "check the folder's owner, its permissions and the space on its disk",
        cause);
  }
}
