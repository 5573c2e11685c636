package org.choir.server;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;
import org.choir.core.AgentId;
import org.choir.core.TenantId;
import org.choir.knowledge.web.Dials;
import org.choir.sandbox.EgressLog;
import org.choir.sandbox.EgressLog.Phase;

/** The connections that this server makes for one agent, recorded like those out of a VM. */
final class HostDials implements Dials {
  /** Stands where a VM's id would: no VM was part of it. */
  static final String HOST = "host";

  private final EgressRecord record;
  private final TenantId tenant;
  private final AgentId agent;
  private final InstantSource clock;

  HostDials(EgressRecord record, TenantId tenant, AgentId agent, InstantSource clock) {
    this.record = record;
    this.tenant = tenant;
    this.agent = agent;
    this.clock = clock;
  }

  @Override
  public Open open(String host, int port, String address) {
    String id = UUID.randomUUID().toString();
    Instant began = clock.instant();
    tell(id, Phase.OPENED, host, port, address, "allowed", 0, 0, began);
    return (reason, sent, received) ->
        tell(id, Phase.CLOSED, host, port, address, reason, sent, received, began);
  }

  @Override
  public void refused(String host, int port, String reason) {
    String id = UUID.randomUUID().toString();
    tell(id, Phase.REFUSED, host, port, "", reason, 0, 0, clock.instant());
  }

  private void tell(
      String id,
      Phase phase,
      String host,
      int port,
      String address,
      String reason,
      long sent,
      long received,
      Instant began) {
    Instant now = clock.instant();
    record.dialed(
        new EgressLog.Dial(
            id,
            phase,
            tenant,
            HOST,
            0,
            host,
            port,
            address,
            reason,
            sent,
            received,
            Duration.between(began, now),
            now),
        agent);
  }
}
