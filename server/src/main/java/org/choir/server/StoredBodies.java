package org.choir.server;

import java.nio.file.Path;
import java.util.Optional;
import org.choir.backbone.FileStore;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.knowledge.Bodies;
import org.choir.knowledge.FolderBodies;

/**
 * Bodies in the object store, under the name of the knowledge base, and as files beside it that a
 * run can be pointed at; a file that is gone is written again from the store.
 */
final class StoredBodies implements Bodies {
  /** Whose key they lie under; articles are public, so it keeps them whole rather than secret. */
  private static final TenantId TENANT = new TenantId("kb");

  private static final AgentId OWNER = new AgentId("rknowledgebase");

  private final FileStore store;
  private final FolderBodies files;

  StoredBodies(FileStore store, Path folder) {
    this.store = store;
    this.files = new FolderBodies(folder);
  }

  @Override
  public void put(Digest digest, byte[] body) {
    store.put(TENANT, OWNER, digest.hex(), body);
    files.put(digest, body);
  }

  @Override
  public Optional<byte[]> get(Digest digest) {
    Optional<byte[]> near = files.get(digest);
    return near.isPresent()
        ? near
        : store.get(TENANT, OWNER, digest.hex()).filter(b -> Digest.of(b).equals(digest));
  }

  /** The body as a file. */
  Path file(Digest digest) {
    get(digest).ifPresent(body -> files.put(digest, body));
    return files.file(digest);
  }
}
