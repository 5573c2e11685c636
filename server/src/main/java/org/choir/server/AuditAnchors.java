package org.choir.server;

import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.choir.audit.AnchorFiles;
import org.choir.audit.AnchorStore;
import org.choir.audit.WitnessAnchors;
import org.choir.audit.dynamodb.DynamoAnchors;
import org.choir.audit.postgres.PostgresAnchors;
import org.choir.audit.timestamp.TimestampAnchors;
import org.choir.core.ChoirException;

/**
 * Where the chains of this server are anchored: in files beside each chain; in a PostgreSQL that is
 * started when the first anchor is due and not with the server, because it takes seconds; and in
 * the places outside that the configuration names. Thread-safe.
 */
final class AuditAnchors implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(AuditAnchors.class.getName());

  /** For one answer of a place outside. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final SharedDatabase database;
  private final AuditSettings settings;
  private final InstantSource clock;
  private final Map<Path, List<AnchorStore>> outside = new HashMap<>();

  /**
   * @param database opened when the first anchor is due; closed by its owner
   */
  AuditAnchors(SharedDatabase database, AuditSettings settings, InstantSource clock) {
    this.database = database;
    this.settings = settings;
    this.clock = clock;
  }

  /** The places that answer at once: asked when a chain is opened and when it is closed. */
  List<AnchorStore> atHand(Path chain) {
    return List.of(new AnchorFiles(chain.resolve("anchors")));
  }

  /** The places that need not be started: asked for a last anchor when a server ends. */
  List<AnchorStore> running(Path chain) {
    List<AnchorStore> running = new ArrayList<>(atHand(chain));
    running.addAll(outside(chain));
    return running;
  }

  private synchronized List<AnchorStore> outside(Path chain) {
    return outside.computeIfAbsent(
        chain,
        folder -> {
          List<AnchorStore> stores = new ArrayList<>();
          settings.dynamodb().ifPresent(table -> stores.add(DynamoAnchors.open(table)));
          settings
              .timestamp()
              .ifPresent(
                  t ->
                      stores.add(
                          new TimestampAnchors(
                              new TimestampAnchors.Options(
                                  folder.resolve("timestamps"),
                                  t.authority(),
                                  t.certificates(),
                                  PATIENCE),
                              clock,
                              new SecureRandom())));
          settings
              .witness()
              .ifPresent(
                  w ->
                      stores.add(
                          new WitnessAnchors(
                              new WitnessAnchors.Options(
                                  folder.resolve("witness"), w.prefix(), w.key(), PATIENCE))));
          return List.copyOf(stores);
        });
  }

  /** Every place to put an anchor to; one that must be started first is. */
  List<AnchorStore> all(Path chain) {
    List<AnchorStore> all = new ArrayList<>(running(chain));
    if (settings.postgres()) {
      try {
        all.add(new PostgresAnchors(database.open()));
      } catch (ChoirException e) {
        LOG.log(Level.WARNING, "PostgreSQL is not there for anchors", e);
      }
    }
    return all;
  }

  /** Every place that may hold anchors: a PostgreSQL that never ran holds none. */
  List<AnchorStore> held(Path chain) {
    return settings.postgres() && database.exists() ? all(chain) : running(chain);
  }

  @Override
  public synchronized void close() {
    outside.values().forEach(stores -> stores.forEach(AnchorStore::close));
    outside.clear();
  }
}
