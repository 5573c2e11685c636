package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.AuditEvent;
import org.choir.core.TenantId;
import org.choir.sandbox.EgressLog;
import org.junit.jupiter.api.Test;

class EgressRecordTest {
  private static EgressLog.Dial dial(String vm, int uid) {
    return new EgressLog.Dial(
        vm + "-1",
        EgressLog.Phase.REFUSED,
        new TenantId("acme"),
        vm,
        uid,
        "a.example",
        443,
        "",
        "egress_not_allowed",
        0,
        0,
        Duration.ofMillis(3),
        Instant.EPOCH);
  }

  @Test
  void everyConnectionIsAnAuditEventOfItsAgent() {
    List<AuditEvent> audited = new ArrayList<>();
    EgressRecord record = new EgressRecord(audited::add);
    record.dialed(dial("rabc1234", 1000));
    record.dialed(dial("rabc1234", 1002));
    record.dialed(dial("rabc1234", -1));
    record.dialed(dial("vabc1234", 1000));
    record.dialed(dial("probe", 1000));
    assertThat(audited)
        .extracting(event -> event.agent().value())
        .containsExactly("rabc1234", "rabc1234-2", "rabc1234", "rbyhand", "rbyhand");
    assertThat(audited)
        .allSatisfy(
            event -> {
              assertThat(event.kind()).isEqualTo("egress.dialed");
              assertThat(event.tenant().value()).isEqualTo("acme");
              assertThat(event.data().path("verdict").asText()).isEqualTo("DENY");
              assertThat(event.data().path("reason").asText()).isEqualTo("egress_not_allowed");
              assertThat(event.data().path("phase").asText()).isEqualTo("refused");
            });
  }
}
