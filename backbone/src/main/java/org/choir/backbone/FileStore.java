package org.choir.backbone;

import java.util.List;
import java.util.Optional;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.choir.core.TenantId;

/**
 * Changed workspace files and other artifacts: object store {@code VIBEWRITER_FILES}, bodies
 * encrypted under the tenant's data key. Thread-safe.
 */
public final class FileStore {
  FileStore() {}

  /**
   * A stored file.
   *
   * @param path below {@code /workspace}, without a leading slash
   * @param digest of the plaintext
   */
  public record Stored(AgentId agent, String path, long size, Digest digest) {}

  /** Stores (or replaces) a file under {@code <agent>/<path>}; returns when it is stored. */
  public Stored put(TenantId tenant, AgentId agent, String path, byte[] body) {
    throw new UnsupportedOperationException();
  }

  /** The body, its digest checked; empty if there is no such file. */
  public Optional<byte[]> get(TenantId tenant, AgentId agent, String path) {
    throw new UnsupportedOperationException();
  }

  /** The agent's files, ordered by path. */
  public List<Stored> list(AgentId agent) {
    throw new UnsupportedOperationException();
  }

  /** Forgets a file; without effect if there is none. */
  public void delete(AgentId agent, String path) {
    throw new UnsupportedOperationException();
  }
}
