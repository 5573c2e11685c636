package org.choir.sandbox;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.choir.core.TenantId;

/** What tenants use of the network, held to {@link EgressLimits}. Thread-safe. */
final class EgressMeter {
  private static final class Tenant {
    final TokenBucket dials;
    final TokenBucket bytes;
    int connections;
    long lastNanos;

    Tenant(EgressLimits limits, long now) {
      dials = new TokenBucket(limits.dialsPerSecond(), limits.dialsBurst(), now);
      bytes = new TokenBucket(limits.bytesPerSecond(), limits.bytesBurst(), now);
    }
  }

  /** A tenant unseen for so long has full buckets again and can be forgotten. */
  private static final long FORGET_NANOS = TimeUnit.MINUTES.toNanos(10);

  private static final int TENANTS_KEPT = 1_000;

  private final EgressLimits limits;
  private final LongSupplier nanos;
  private final Map<TenantId, Tenant> tenants = new HashMap<>();
  private int connections;

  EgressMeter(EgressLimits limits, LongSupplier nanos) {
    this.limits = limits;
    this.nanos = nanos;
  }

  /** One connection's part; closed once. */
  final class Permit implements AutoCloseable {
    private final Tenant tenant;
    private boolean open = true;

    private Permit(Tenant tenant) {
      this.tenant = tenant;
    }

    /** Waits until the tenant's rate lets so many bytes pass. */
    void pass(int count) throws IOException {
      sleep(tenant.bytes.reserve(count, nanos.getAsLong(), Long.MAX_VALUE));
    }

    @Override
    public void close() {
      synchronized (EgressMeter.this) {
        if (open) {
          open = false;
          tenant.connections--;
          connections--;
        }
      }
    }
  }

  /**
   * Counts a connection of a tenant; waits for its rate if that is not too long.
   *
   * @throws EgressException {@code egress_busy}, {@code egress_rate}
   */
  Permit admit(TenantId id) throws IOException {
    Permit permit = count(id);
    long wait = permit.tenant.dials.reserve(1, nanos.getAsLong(), limits.waitMax().toNanos());
    if (wait < 0) {
      permit.close();
      throw new EgressException(
          "egress_rate",
          429,
          "more than %.0f connections a second".formatted(limits.dialsPerSecond()),
          "try again more slowly");
    }
    try {
      sleep(wait);
    } catch (IOException e) {
      permit.close();
      throw e;
    }
    return permit;
  }

  private synchronized Permit count(TenantId id) {
    long now = nanos.getAsLong();
    if (tenants.size() > TENANTS_KEPT) {
      tenants.values().removeIf(t -> t.connections == 0 && now - t.lastNanos > FORGET_NANOS);
    }
    Tenant tenant = tenants.computeIfAbsent(id, t -> new Tenant(limits, now));
    tenant.lastNanos = now;
    int free = limits.connections() - connections;
    boolean few = tenant.connections < EgressLimits.GUARANTEED;
    if (tenant.connections >= limits.connectionsPerTenant()
        || free <= (few ? 0 : limits.reserved())) {
      throw new EgressException(
          "egress_busy",
          503,
          "too many connections are open: %d of yours".formatted(tenant.connections),
          "try again when some have ended");
    }
    tenant.connections++;
    connections++;
    return new Permit(tenant);
  }

  private static void sleep(long nanos) throws IOException {
    if (nanos <= 0) {
      return;
    }
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the wait for a turn was interrupted");
    }
  }
}
