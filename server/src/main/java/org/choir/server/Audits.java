package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.choir.audit.AnchorStore;
import org.choir.audit.AuditChain;
import org.choir.audit.LogException;
import org.choir.audit.LogOptions;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.Failure;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.PrivateFiles;

/**
 * The audit chains of a server's tenants: each opened when it is first needed, compared with its
 * anchors, anchored from time to time and at the end, closed with the server. Thread-safe.
 *
 * <p>A chain that cannot be opened or written stops what its events belong to. Anchors at hand are
 * looked at before the first event, those in a place that must be started first {@link #FIRST_LOOK}
 * later, so that no run waits for it.
 */
final class Audits implements AuditSink, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Audits.class.getName());
  private static final Duration FIRST_LOOK = Duration.ofSeconds(10);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(30);
  private static final Duration ANCHOR_EVERY = Duration.ofMinutes(10);
  private static final long ANCHOR_EVENTS = 10_000;

  /** What a log is when it must not be continued before a person has looked at it. */
  private static final Set<String> UNTRUSTED =
      Set.of(
          "log_rolled_back",
          "log_forked",
          "log_damaged",
          "chain_damaged",
          "bad_anchor",
          "log_key_changed",
          "log_key_unreadable");

  /** Between a tenant's name and the number of a chain that was set aside. */
  private static final String ASIDE = ".aside-";

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
    boolean compared;
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
        this::look, FIRST_LOOK.toMillis(), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void record(AuditEvent event) {
    submit(List.of(event)).await();
  }

  @Override
  public Receipt submit(List<AuditEvent> events) {
    if (events.isEmpty()) {
      return () -> {};
    }
    AuditChain chain = chain(events.getFirst().tenant());
    try {
      return chain.submit(events);
    } catch (LogException e) {
      throw explained(e);
    }
  }

  /** Says what stops, and the way out besides the best one, where a chain is not to be trusted. */
  private static ChoirException explained(LogException e) {
    if (!UNTRUSTED.contains(e.code())) {
      return e;
    }
    Failure why = e.failure();
    return new ChoirException(
        new Failure(
            why.code(),
            "the audit chain cannot be trusted, so nothing is done outside: " + why.message(),
            why.remedy()
                + "; without one, keep this chain for an auditor and begin another:"
                + " choir audit restart --reason TEXT",
            why.exit(),
            false),
        e);
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
                origin(tenant),
                power,
                LogOptions.of(Thread.ofPlatform().daemon().name("audit-" + tenant).factory())
                    .withAnchors(anchors.atHand(folder(tenant))));
        try {
          there = new Open(AuditChain.open(options, keys, random, clock), clock.instant());
        } catch (LogException e) {
          throw explained(e);
        }
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

  /**
   * Sets a chain aside that is not what it was, and begins another. The old one stays where an
   * auditor finds it, and the new one begins with saying so.
   *
   * @param reason in the words of the person who decided this
   * @return the folder in which the old one lies now
   * @throws ChoirException {@code chain_is_sound} if there is nothing to set aside
   */
  Path restart(TenantId tenant, String reason, String by) {
    Path old = folder(tenant);
    ObjectNode begun = Json.object().put("by", by).put("reason", reason);
    synchronized (open) {
      ChoirException why = refusal(tenant).orElseThrow(() -> sound(tenant));
      if (!UNTRUSTED.contains(why.code())) {
        throw why; // another server has it, or its disk is full: no reason to give it up
      }
      begun.put("before", origin(tenant)).put("code", why.code());
      Open there = open.remove(tenant);
      if (there != null) {
        there.chain.close();
      }
      try {
        Path aside = folder.resolve(tenant + ASIDE + (aside(tenant) + 1));
        Files.move(old, aside);
        begun.put("number", aside(tenant) + 1);
        old = aside;
      } catch (IOException e) {
        throw unavailable("cannot set " + old + " aside: " + e.getMessage(), e);
      }
    }
    record(
        new AuditEvent(tenant, clock.instant(), "chain.begun", new AgentId("rchoirserver"), begun));
    return old;
  }

  /** Why the tenant's chain takes no events; empty if it does. */
  private Optional<ChoirException> refusal(TenantId tenant) {
    try {
      return Optional.ofNullable(chain(tenant).refusal().orElse(null));
    } catch (ChoirException e) {
      return Optional.of(e);
    }
  }

  private static ChoirException sound(TenantId tenant) {
    return ChoirException.usage(
        "chain_is_sound",
        "the audit chain of " + tenant + " takes events and is what its anchors say",
        "go on with it; look at it with: choir audit verify");
  }

  /** The log's name. Every chain of a tenant has its own, since it has its own key. */
  private String origin(TenantId tenant) {
    int before = aside(tenant);
    return name() + "/" + tenant + (before == 0 ? "" : "/" + (before + 1));
  }

  /** How many chains of the tenant were set aside. */
  private int aside(TenantId tenant) {
    int count = 0;
    while (Files.exists(folder.resolve(tenant + ASIDE + (count + 1)))) {
      count++;
    }
    return count;
  }

  /** This server's name in the origin of its logs: made once, kept in the folder. */
  private String name() {
    Path file = folder.resolve("server");
    try {
      if (!Files.exists(file)) {
        PrivateFiles.folder(folder);
        byte[] fresh = new byte[4];
        random.nextBytes(fresh);
        String name = "choir-" + HexFormat.of().formatHex(fresh);
        PrivateFiles.write(file, (name + "\n").getBytes(StandardCharsets.UTF_8));
      }
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw unavailable("cannot read or write " + file + ": " + e.getMessage(), e);
    }
  }

  private static ChoirException unavailable(String what, IOException cause) {
    return ChoirException.fatal(
        "audit_unavailable",
        what,
        "check the folder's owner, its permissions and the space on its disk",
        cause);
  }

  /** A failure here must not end the schedule. */
  void look() {
    try {
      compareAll();
      anchorSome();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "the audit chains could not be anchored", e);
    }
  }

  /**
   * Compares every chain that was opened since the last time with all its anchors; one that does
   * not extend them takes no more events.
   */
  private void compareAll() {
    List<Map.Entry<TenantId, Open>> fresh;
    synchronized (open) {
      fresh = open.entrySet().stream().filter(e -> !e.getValue().compared).toList();
    }
    for (Map.Entry<TenantId, Open> each : fresh) {
      Open there = each.getValue();
      boolean all = true;
      for (AnchorStore store : anchors.held(folder(each.getKey()))) {
        try {
          there.chain.compare(store);
        } catch (LogException e) {
          LOG.log(Level.ERROR, "no outside effect of " + each.getKey() + " from here on", e);
        } catch (ChoirException e) {
          all = false; // it did not answer: asked again the next time
          LOG.log(Level.WARNING, "anchors at " + store.kind() + " cannot be read", e);
        }
      }
      there.compared = all;
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
              anchor(there, anchors.running(folder(tenant)));
            }
            there.chain.close();
          });
      open.clear();
    }
    anchors.close();
  }
}
