package org.choir.sandbox;

import java.time.Duration;

/**
 * What the guests of one server may use of its network. Each tenant has rates of its own, so none
 * can use up another's; of the connections at once a quarter is kept for tenants that have few.
 *
 * @param dialsPerSecond of one tenant, over all its VMs
 * @param dialsBurst of one tenant
 * @param connectionsPerTenant at once
 * @param connections at once, of all tenants
 * @param bytesPerSecond of one tenant, both ways together
 * @param bytesBurst of one tenant
 * @param waitMax how long a connection waits for its tenant's rate before it is refused
 * @param connect for a connection to be made, the name's resolution included
 * @param idle without a byte either way
 * @param total from the first byte of a connection to its last
 */
public record EgressLimits(
    double dialsPerSecond,
    int dialsBurst,
    int connectionsPerTenant,
    int connections,
    double bytesPerSecond,
    long bytesBurst,
    Duration waitMax,
    Duration connect,
    Duration idle,
    Duration total) {
  /** For a server of one machine. */
  public static final EgressLimits DEFAULT =
      new EgressLimits(
          20,
          100,
          64,
          256,
          16 << 20,
          64 << 20,
          Duration.ofSeconds(10),
          Duration.ofSeconds(10),
          Duration.ofSeconds(60),
          Duration.ofHours(1));

  /** Connections that a tenant may always have, while there is any left at all. */
  static final int GUARANTEED = 8;

  /** Of {@link #connections}, those that only tenants below {@link #GUARANTEED} may use. */
  int reserved() {
    return connections / 4;
  }
}
