package org.choir.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.choir.backbone.FileStore;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.knowledge.Article;
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
  private final Path folder;

  StoredBodies(FileStore store, Path folder) {
    this.store = store;
    this.files = new FolderBodies(folder);
    this.folder = folder;
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

  /** Whether a body was ever stored here. */
  boolean hasAny() {
    return Files.isDirectory(folder);
  }

  /**
   * An article's newest body as a file of its own, under a name that a reader of a report knows.
   */
  Path file(Article article) {
    Digest digest = article.version().digest();
    Path named =
        folder.resolve("named").resolve(article.id() + "-" + article.version().number() + ".md");
    byte[] body = require(digest, "of " + article.id());
    try {
      if (!Files.exists(named) || !Digest.of(Files.readAllBytes(named)).equals(digest)) {
        Files.createDirectories(folder.resolve("named"));
        Path fresh = Files.createTempFile(folder.resolve("named"), "body", ".tmp");
        Files.write(fresh, body);
        Files.move(fresh, named, StandardCopyOption.ATOMIC_MOVE);
      }
      return named;
    } catch (IOException e) {
      throw ChoirException.fatal(
          "cannot_write", "cannot write " + named + ": " + e.getMessage(), "see to the disk", e);
    }
  }
}
