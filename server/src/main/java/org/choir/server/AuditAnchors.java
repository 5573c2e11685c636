package org.choir.server;

import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.choir.audit.AnchorFiles;
import org.choir.audit.AnchorStore;
import org.choir.audit.postgres.PostgresAnchors;
import org.choir.core.ChoirException;
import org.choir.database.Database;
import org.jspecify.annotations.Nullable;

/**
 * Where the chains of this server are anchored: in files beside each chain, and in a PostgreSQL
 * that is started when the first anchor is due and not with the server, because it takes seconds.
 * Thread-safe.
 */
final class AuditAnchors implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(AuditAnchors.class.getName());

  private final Path database;
  private final boolean postgres;
  private @Nullable Database opened;

  /**
   * @param database the embedded PostgreSQL's folder
   * @param postgres whether it is used
   */
  AuditAnchors(Path database, boolean postgres) {
    this.database = database;
    this.postgres = postgres;
  }

  /** The places that answer at once: asked when a chain is opened and when it is closed. */
  List<AnchorStore> atHand(Path chain) {
    return List.of(new AnchorFiles(chain.resolve("anchors")));
  }

  /** Every place to put an anchor to; one that must be started first is. */
  List<AnchorStore> all(Path chain) {
    List<AnchorStore> all = new ArrayList<>(atHand(chain));
    if (postgres) {
      try {
        all.add(new PostgresAnchors(database()));
      } catch (ChoirException e) {
        LOG.log(Level.WARNING, "PostgreSQL is not there for anchors", e);
      }
    }
    return all;
  }

  /** Every place that may hold anchors: a PostgreSQL that never ran holds none. */
  List<AnchorStore> held(Path chain) {
    return postgres && Files.isDirectory(database.resolve("data")) ? all(chain) : atHand(chain);
  }

  private synchronized Database database() {
    Database there = opened;
    if (there == null) {
      there = Database.open(new Database.Embedded(database));
      opened = there;
    }
    return there;
  }

  @Override
  public synchronized void close() {
    if (opened != null) {
      opened.close();
      opened = null;
    }
  }
}
