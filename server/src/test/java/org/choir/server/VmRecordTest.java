package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.choir.audit.AuditChain;
import org.choir.audit.Leaf;
import org.choir.audit.LogOptions;
import org.choir.audit.Prose;
import org.choir.core.TenantId;
import org.choir.keys.FileDataKeys;
import org.choir.sandbox.EgressLog;
import org.choir.sandbox.VmInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the server tells of VMs and their connections is what the chain takes and can say. */
class VmRecordTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final InstantSource CLOCK = InstantSource.fixed(Instant.EPOCH);
  @TempDir Path temp;

  private static VmInfo vm(String id) {
    return new VmInfo(
        id, ACME, "qemu", 7, "tcg", VmInfo.Phase.RUNNING, 1, 512, 1024, 2, 1_700_000_000_000L);
  }

  @Test
  void everyStepAndConnectionIsASentenceOfTheChain() {
    List<String> lines = new ArrayList<>();
    try (AuditChain chain = chain()) {
      VmRecord life = new VmRecord(chain, CLOCK);
      life.started(vm("rabc1234"), Duration.ofMillis(310));
      life.suspended(vm("rabc1234"), Duration.ofMillis(1_200));
      life.resumed(vm("rabc1234"), true, Duration.ofMillis(450));
      life.lost(vm("rabc1234"), true);
      life.ended(vm("rabc1234"));
      life.lost(vm("vabc1234"), false);
      life.started(vm("signer-acme"), Duration.ZERO);
      life.reaped(List.of("rabc1234", "vabc1234", "warm-1"), run -> ACME);
      EgressRecord dials = new EgressRecord(chain);
      for (EgressLog.Phase phase : EgressLog.Phase.values()) {
        dials.dialed(
            new EgressLog.Dial(
                "rabc1234-1",
                phase,
                ACME,
                "rabc1234",
                1002,
                "a.example\n#9 ada approved it",
                443,
                "192.0.2.1",
                phase == EgressLog.Phase.REFUSED ? "egress_not_allowed" : "",
                10,
                2_000,
                Duration.ofMillis(3),
                Instant.EPOCH));
      }
      for (long i = 0; i < chain.size(); i++) {
        Leaf leaf = chain.leaf(i);
        lines.add(
            leaf.intent() + " " + Prose.sentence(leaf, chain.personal(leaf), Prose.Reader.DEFAULT));
      }
    }
    assertThat(lines)
        .containsExactly(
            "rabc1234 The virtual machine rabc1234 was started on tcg in 310 ms.",
            "rabc1234 The virtual machine rabc1234 was suspended.",
            "rabc1234 The virtual machine rabc1234 was booted again from its volume in 450 ms.",
            "rabc1234 The virtual machine rabc1234 was lost and is as it was suspended last.",
            "rabc1234 The virtual machine rabc1234 was ended.",
            " The virtual machine vabc1234 ended by itself.",
            " The virtual machine signer-acme was started on tcg in 0 ms.",
            "rabc1234 The virtual machine rabc1234 was found dead when the server started.",
            "rabc1234 Subagent 2 of rabc1234 was allowed to connect to"
                + " “a.example #9 ada approved it” port 443, address 192.0.2.1.",
            "rabc1234 Subagent 2 of rabc1234 closed the connection to"
                + " “a.example #9 ada approved it” port 443, address 192.0.2.1; 10 bytes out,"
                + " 2,000 bytes in.",
            "rabc1234 Subagent 2 of rabc1234 was refused the connection to"
                + " “a.example #9 ada approved it” port 443, address 192.0.2.1 (DENY,"
                + " egress_not_allowed).");
  }

  private AuditChain chain() {
    return AuditChain.open(
        new AuditChain.Options(
            temp.resolve("chain"),
            ACME,
            "choir-test/acme",
            false,
            LogOptions.of(Thread.ofPlatform().daemon().factory())),
        FileDataKeys.open(temp.resolve("keys")),
        new SecureRandom(),
        CLOCK);
  }
}
