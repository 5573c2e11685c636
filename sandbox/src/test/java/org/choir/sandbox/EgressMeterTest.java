package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.choir.core.TenantId;
import org.junit.jupiter.api.Test;

/** Rates and limits of tenants, on a clock of the test's own. */
class EgressMeterTest {
  private static final TenantId GREEDY = new TenantId("greedy");
  private static final TenantId MODEST = new TenantId("modest");

  private final AtomicLong now = new AtomicLong(1);

  private EgressMeter meter(int burst, int perTenant, int all) {
    return new EgressMeter(
        new EgressLimits(
            10,
            burst,
            perTenant,
            all,
            1_000,
            1_000,
            Duration.ZERO,
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1)),
        now::get);
  }

  private static String refusal(EgressMeter meter, TenantId tenant) throws Exception {
    try {
      meter.admit(tenant).close();
      return "";
    } catch (EgressException e) {
      return e.code();
    }
  }

  @Test
  void oneTenantsFloodOfConnectionsCostsNoOtherItsOwn() throws Exception {
    EgressMeter meter = meter(5, 100, 100);
    int admitted = 0;
    for (int i = 0; i < 1_000; i++) {
      admitted += refusal(meter, GREEDY).isEmpty() ? 1 : 0;
    }
    assertThat(admitted).isEqualTo(5);
    assertThat(refusal(meter, GREEDY)).isEqualTo("egress_rate");
    for (int i = 0; i < 5; i++) {
      assertThat(refusal(meter, MODEST)).isEmpty();
    }
    now.addAndGet(TimeUnit.SECONDS.toNanos(1));
    assertThat(refusal(meter, GREEDY)).isEmpty();
  }

  @Test
  void aQuarterOfAllConnectionsIsKeptForThoseWhoHaveFew() throws Exception {
    EgressMeter meter = meter(1_000, 100, 40);
    List<EgressMeter.Permit> held = new ArrayList<>();
    while (held.size() < 100) {
      try {
        held.add(meter.admit(GREEDY));
      } catch (EgressException e) {
        assertThat(e.code()).isEqualTo("egress_busy");
        break;
      }
    }
    assertThat(held).hasSize(30);
    List<EgressMeter.Permit> others = new ArrayList<>();
    for (int i = 0; i < EgressLimits.GUARANTEED; i++) {
      others.add(meter.admit(MODEST));
    }
    assertThat(refusal(meter, MODEST)).isEqualTo("egress_busy");
    held.getFirst().close();
    held.getFirst().close(); // counted once
    assertThat(refusal(meter, GREEDY)).isEqualTo("egress_busy");
    others.forEach(EgressMeter.Permit::close);
    assertThat(refusal(meter, GREEDY)).isEmpty();
  }

  @Test
  void noTenantHasMoreConnectionsThanItsOwnLimit() throws Exception {
    EgressMeter meter = meter(1_000, 3, 100);
    for (int i = 0; i < 3; i++) {
      meter.admit(GREEDY);
    }
    assertThatThrownBy(() -> meter.admit(GREEDY))
        .isInstanceOfSatisfying(
            EgressException.class, e -> assertThat(e.code()).isEqualTo("egress_busy"));
    assertThat(refusal(meter, MODEST)).isEmpty();
  }

  @Test
  void bytesBeyondTheBurstWaitTheirTurnInOrder() {
    TokenBucket bucket = new TokenBucket(1_000, 1_000, 0);
    assertThat(bucket.reserve(1_000, 0, Long.MAX_VALUE)).isZero();
    assertThat(bucket.reserve(500, 0, Long.MAX_VALUE)).isEqualTo(500_000_000L);
    assertThat(bucket.reserve(500, 0, Long.MAX_VALUE)).isEqualTo(1_000_000_000L);
    assertThat(bucket.reserve(500, 0, 1_000_000_000L)).isEqualTo(-1);
    assertThat(bucket.reserve(500, 2_000_000_000L, 0)).isZero();
  }

  @Test
  void theDaysVolumeEndsWithTheDayAndIsKept() {
    AtomicReference<Instant> clock = new AtomicReference<>(Instant.parse("2026-11-21T23:59:00Z"));
    AtomicReference<String> kept = new AtomicReference<>("");
    EgressVolume volume =
        new EgressVolume(
            clock::get, LocalDate.parse("2026-11-21"), 60, (day, n) -> kept.set(day + " " + n));
    volume.add(40, 100);
    assertThatThrownBy(() -> volume.add(1, 100))
        .isInstanceOfSatisfying(
            EgressException.class, e -> assertThat(e.code()).isEqualTo("egress_volume"));
    assertThatThrownBy(() -> volume.require(100)).isInstanceOf(EgressException.class);
    volume.keep();
    assertThat(kept.get()).isEqualTo("2026-11-21 100");
    clock.set(Instant.parse("2026-11-22T00:00:00Z"));
    volume.require(100);
    volume.add(100, 100);
  }
}
