package org.choir.server;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.choir.audit.AnchorStore;
import org.choir.audit.AuditChain;
import org.choir.audit.LogOptions;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.PrivateFiles;

/**
 * The audit chains of a server's tenants: each opened when it is first needed, anchored from time
 * to time and at the end, closed with the server. Thread-safe.
 *
 * <p>A chain that cannot be opened or written stops what its events belong to.
 */
final class Audits implements AuditSink, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Audits.class.getName());
  private static final Duration LOOK_EVERY = Duration.ofSeconds(30);
  private static final Duration ANCHOR_EVERY = Duration.ofMinutes(10);
  private static final long ANCHOR_EVENTS = 10_000;

  private final Path folder;
  private final DataKeys keys;
  private final InstantSource clock;
  private final boolean power;
  private final AuditAnchors anchors;
  private final SecureRandom random = new SecureRandom();
  private final Map<TenantId, Open> open = new HashMap<>();
  private final ScheduledExecutorService schedule =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("anchors").factory());

  /** An open chain, and how far it is anchored. */
  private static final class Open {
    final AuditChain chain;
    long anchored;
    Instant last;

    Open(AuditChain chain, Instant now) {
      this.chain = chain;
      this.anchored = chain.size();
      this.last = now;
    }
  }

  /**
   * @param folder one folder per tenant below it, and the server's name
   * @param power whether an event waits for the disk
   */
  Audits(Path folder, DataKeys keys, InstantSource clock, boolean power, AuditAnchors anchors) {
    this.folder = folder;
    this.keys = keys;
    this.clock = clock;
    this.power = power;
    this.anchors = anchors;
    schedule.scheduleWithFixedDelay(
        this::anchorSome, LOOK_EVERY.toMillis(), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void record(AuditEvent event) {
    chain(event.tenant()).record(event);
  }

  @Override
  public Receipt submit(List<AuditEvent> events) {
    return events.isEmpty() ? () -> {} : chain(events.getFirst().tenant()).submit(events);
  }

  /**
   * The tenant's chain.
   *
   * @throws ChoirException what the log refuses
   */
  AuditChain chain(TenantId tenant) {
    synchronized (open) {
      Open there = open.get(tenant);
      if (there == null) {
        AuditChain.Options options =
            new AuditChain.Options(
                folder(tenant),
                tenant,
                name() + "/" + tenant,
                power,
                LogOptions.of(Thread.ofPlatform().daemon().name("audit-" + tenant).factory())
                    .withAnchors(anchors.atHand(folder(tenant))));
        there = new Open(AuditChain.open(options, keys, random, clock), clock.instant());
        open.put(tenant, there);
      }
      return there.chain;
    }
  }

  /** Where a tenant's chain lies. */
  Path folder(TenantId tenant) {
    return folder.resolve(tenant.value());
  }

  /** Every place that may hold anchors of the tenant. */
  List<AnchorStore> anchors(TenantId tenant) {
    return anchors.held(folder(tenant));
  }

  /** Whether the tenant's chain has ever heard of this agent; a chain that is not there is not. */
  boolean knows(TenantId tenant, AgentId agent) {
    return Files.isDirectory(folder(tenant)) && chain(tenant).knows(agent.value());
  }

  /** This server's name in the origin of its logs: made once, kept in the folder. */
  private String name() {
    Path file = folder.resolve("server");
    try {
      if (!Files.exists(file)) {
        byte[] fresh = new byte[4];
        random.nextBytes(fresh);
        String name = "choir-" + HexFormat.of().formatHex(fresh);
        PrivateFiles.write(file, (name + "\n").getBytes(StandardCharsets.UTF_8));
      }
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw ChoirException.fatal(
          "audit_unavailable",
          "cannot read or write " + file + ": " + e.getMessage(),
          "check the folder's owner, its permissions and the space on its disk",
          e);
    }
  }

  private void anchorSome() {
    List<Map.Entry<TenantId, Open>> due;
    synchronized (open) {
      due =
          open.entrySet().stream()
              .filter(
                  e -> {
                    long fresh = e.getValue().chain.size() - e.getValue().anchored;
                    Duration since = Duration.between(e.getValue().last, clock.instant());
                    return fresh >= ANCHOR_EVENTS
                        || (fresh > 0 && since.compareTo(ANCHOR_EVERY) >= 0);
                  })
              .toList();
    }
    due.forEach(e -> anchor(e.getValue(), anchors.all(folder(e.getKey()))));
  }

  private void anchor(Open there, List<AnchorStore> stores) {
    for (AnchorStore store : stores) {
      try {
        there.chain.anchor(store);
      } catch (RuntimeException e) {
        // A late anchor is an alarm, not a stop; a log that does not extend one stops by itself.
        LOG.log(Level.WARNING, "anchoring at " + store.kind() + " failed", e);
      }
    }
    there.anchored = there.chain.size();
    there.last = clock.instant();
  }

  @Override
  public void close() {
    schedule.shutdownNow();
    synchronized (open) {
      open.forEach(
          (tenant, there) -> {
            if (there.chain.size() > there.anchored) {
              anchor(there, anchors.atHand(folder(tenant)));
            }
            there.chain.close();
          });
      open.clear();
    }
    anchors.close();
  }
}
