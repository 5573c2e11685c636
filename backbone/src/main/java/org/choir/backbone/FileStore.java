package org.choir.backbone;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.core.Text;

/**
 * Changed workspace files and other artifacts: object store {@code VIBEWRITER_FILES}, bodies
 * encrypted under the tenant's data key and authenticated with agent and path. Names, sizes and
 * digests are readable in the store. Thread-safe.
 */
public final class FileStore {
  /** The longest path, in bytes of UTF-8: Linux's own limit. */
  static final int PATH_BYTES_MAX = 4096;

  private final Blobs blobs;

  FileStore(Blobs blobs) {
    this.blobs = blobs;
  }

  /**
   * A stored file.
   *
   * @param path below {@code /workspace}, without a leading slash
   * @param digest of the plaintext
   */
  public record Stored(AgentId agent, String path, long size, Digest digest) {}

  /**
   * Stores (or replaces) a file under {@code <agent>/<path>}; returns when it is stored.
   *
   * @throws ChoirException {@code bad_path} for a path that is empty, absolute, leads upwards, is
   *     longer than 4,096 bytes or has no UTF-8 form; {@code disk_full}; {@code
   *     backbone_unavailable}
   */
  public Stored put(TenantId tenant, AgentId agent, String path, byte[] body) {
    Blobs.Entry entry = blobs.put(tenant, name(agent, path), body);
    return new Stored(agent, path, entry.size(), entry.digest());
  }

  /**
   * The body, its digest checked; empty if there is no such file.
   *
   * @throws ChoirException {@code file_damaged}, or {@code not_authentic} if another tenant stored
   *     it
   */
  public Optional<byte[]> get(TenantId tenant, AgentId agent, String path) {
    return blobs.get(tenant, name(agent, path));
  }

  /** The agent's files, ordered by path. */
  public List<Stored> list(AgentId agent) {
    String prefix = agent + "/";
    List<Stored> found = new ArrayList<>();
    for (String name : blobs.names(prefix)) {
      Blobs.Entry entry = blobs.find(name);
      if (entry != null) {
        String path = name.substring(prefix.length());
        found.add(new Stored(agent, path, entry.size(), entry.digest()));
      }
    }
    found.sort(Comparator.comparing(Stored::path));
    return found;
  }

  /** Forgets a file; without effect if there is none. */
  public void delete(AgentId agent, String path) {
    blobs.delete(name(agent, path));
  }

  /** Forgets all files of the agent. */
  void forget(AgentId agent) {
    for (String name : blobs.names(agent + "/")) {
      blobs.delete(name);
    }
  }

  private static String name(AgentId agent, String path) {
    byte[] utf8 = path.getBytes(StandardCharsets.UTF_8);
    String why = null;
    if (path.isEmpty()) {
      why = "is empty";
    } else if (utf8.length > PATH_BYTES_MAX) {
      why = "is longer than " + PATH_BYTES_MAX + " bytes";
    } else if (path.indexOf('\0') >= 0 || !new String(utf8, StandardCharsets.UTF_8).equals(path)) {
      why = "has characters that no file name has";
    } else {
      for (String part : path.split("/", -1)) {
        if (part.isEmpty() || part.equals(".") || part.equals("..")) {
          why = "is not a plain path below /workspace";
        }
      }
    }
    if (why != null) {
      throw ChoirException.usage(
          "bad_path",
          "the file path '" + Text.visible(path, 80) + "' " + why,
          "name it as in drafts/report.md");
    }
    return agent + "/" + path;
  }
}
