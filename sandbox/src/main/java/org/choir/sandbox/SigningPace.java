package org.choir.sandbox;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.choir.core.TenantId;

/** How often a tenant may have something signed: a burst, then so many a second. Thread-safe. */
final class SigningPace {
  private final int burst;
  private final int perSecond;
  private final InstantSource clock;
  private final Map<TenantId, Level> levels = new HashMap<>();

  /** Thousandths of a signature that are left, and when that was so. */
  private record Level(long left, long atMillis) {}

  SigningPace(int burst, int perSecond, InstantSource clock) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.clock = clock;
  }

  /** Takes one, or refuses with {@code sign_rate}. */
  synchronized void take(TenantId tenant) {
    long now = clock.millis();
    long full = burst * 1000L;
    Level last = levels.getOrDefault(tenant, new Level(full, now));
    long earned = Math.max(0, now - last.atMillis()) * perSecond;
    long left = Math.min(full, last.left() + earned);
    if (left < 1000) {
      levels.put(tenant, new Level(left, now));
      throw SandboxException.passing(
          "sign_rate",
          "more than %d signatures at once or %d a second for %s"
              .formatted(burst, perSecond, tenant),
          "try again in a second",
          null);
    }
    levels.put(tenant, new Level(left - 1000, now));
  }
}
