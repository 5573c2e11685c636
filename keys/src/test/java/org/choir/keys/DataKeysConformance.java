package org.choir.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.junit.jupiter.api.Test;

/** What every adapter of {@link DataKeys} must do; each adapter's test extends it. */
abstract class DataKeysConformance {
  static final TenantId ALICE = new TenantId("alice");
  static final TenantId BOB = new TenantId("bob");
  static final byte[] PLAIN = "The tide turns at nine.".getBytes(StandardCharsets.UTF_8);
  static final byte[] CONTEXT = "subject\nid".getBytes(StandardCharsets.UTF_8);

  /** The keys under test; the same ones, read anew, at a second call. */
  abstract DataKeys keys();

  abstract void rotate(DataKeys keys, TenantId tenant);

  abstract void eraseTenant(DataKeys keys, TenantId tenant);

  @Test
  void opensWhatItSealed() {
    DataKeys keys = keys();
    Sealed sealed = keys.seal(ALICE, PLAIN, CONTEXT);
    assertThat(keys.open(ALICE, sealed, CONTEXT)).isEqualTo(PLAIN);
    assertThat(keys.open(ALICE, keys.seal(ALICE, new byte[0], CONTEXT), CONTEXT)).isEmpty();
  }

  @Test
  void hidesThePlaintextAndNeverRepeatsItself() {
    DataKeys keys = keys();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      Sealed sealed = keys.seal(ALICE, PLAIN, CONTEXT);
      String bytes = new String(sealed.ct(), StandardCharsets.ISO_8859_1);
      assertThat(bytes).doesNotContain("tide");
      assertThat(sealed.iv()).hasSize(12);
      assertThat(sealed.ct()).hasSize(PLAIN.length + 16);
      assertThat(seen.add(new String(sealed.iv(), StandardCharsets.ISO_8859_1))).isTrue();
    }
  }

  @Test
  void opensAfterItWasReadAnew() {
    Sealed sealed = keys().seal(ALICE, PLAIN, CONTEXT);
    assertThat(keys().open(ALICE, sealed, CONTEXT)).isEqualTo(PLAIN);
  }

  @Test
  void refusesAnotherTenant() {
    DataKeys keys = keys();
    Sealed sealed = keys.seal(ALICE, PLAIN, CONTEXT);
    keys.seal(BOB, PLAIN, CONTEXT);
    assertCode("not_authentic", () -> keys.open(BOB, sealed, CONTEXT));
  }

  @Test
  void refusesAnotherContext() {
    DataKeys keys = keys();
    Sealed sealed = keys.seal(ALICE, PLAIN, CONTEXT);
    assertCode("not_authentic", () -> keys.open(ALICE, sealed, new byte[] {1}));
  }

  @Test
  void refusesEveryChangedByte() {
    DataKeys keys = keys();
    Sealed sealed = keys.seal(ALICE, PLAIN, CONTEXT);
    for (int i = 0; i < sealed.ct().length; i++) {
      byte[] ct = sealed.ct().clone();
      ct[i] ^= 1;
      Sealed changed = new Sealed(sealed.kid(), sealed.iv(), ct);
      assertCode("not_authentic", () -> keys.open(ALICE, changed, CONTEXT));
    }
    for (int i = 0; i < sealed.iv().length; i++) {
      byte[] iv = sealed.iv().clone();
      iv[i] ^= 1;
      Sealed changed = new Sealed(sealed.kid(), iv, sealed.ct());
      assertCode("not_authentic", () -> keys.open(ALICE, changed, CONTEXT));
    }
    Sealed cut = new Sealed(sealed.kid(), sealed.iv(), new byte[3]);
    assertCode("not_authentic", () -> keys.open(ALICE, cut, CONTEXT));
  }

  @Test
  void namesAKeyThatItDoesNotHave() {
    DataKeys keys = keys();
    Sealed sealed = keys.seal(ALICE, PLAIN, CONTEXT);
    Sealed other = new Sealed("k0000", sealed.iv(), sealed.ct());
    assertThatThrownBy(() -> keys.open(ALICE, other, CONTEXT))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("unknown_key"))
        .hasMessageContaining("k0000");
  }

  @Test
  void keepsOlderKeysReadableAfterARotation() {
    DataKeys keys = keys();
    Sealed before = keys.seal(ALICE, PLAIN, CONTEXT);
    rotate(keys, ALICE);
    Sealed after = keys.seal(ALICE, PLAIN, CONTEXT);
    assertThat(after.kid()).isNotEqualTo(before.kid());
    for (DataKeys each : List.of(keys, keys())) {
      assertThat(each.open(ALICE, before, CONTEXT)).isEqualTo(PLAIN);
      assertThat(each.open(ALICE, after, CONTEXT)).isEqualTo(PLAIN);
      assertThat(each.seal(ALICE, PLAIN, CONTEXT).kid()).isEqualTo(after.kid());
    }
  }

  @Test
  void opensNothingOfAnErasedTenantAndAllOfTheOthers() {
    DataKeys keys = keys();
    Sealed alice = keys.seal(ALICE, PLAIN, CONTEXT);
    Sealed bob = keys.seal(BOB, PLAIN, CONTEXT);
    eraseTenant(keys, ALICE);
    for (DataKeys each : List.of(keys, keys())) {
      assertCode("unknown_key", () -> each.open(ALICE, alice, CONTEXT));
      assertThat(each.open(BOB, bob, CONTEXT)).isEqualTo(PLAIN);
    }
    Sealed fresh = keys.seal(ALICE, PLAIN, CONTEXT);
    assertThat(fresh.kid()).isNotEqualTo(alice.kid());
  }

  @Test
  void makesOneFirstKeyHoweverManyAskAtOnce() throws Exception {
    DataKeys one = keys();
    DataKeys two = keys();
    Set<String> kids = new HashSet<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Sealed>> asked = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        DataKeys keys = i % 2 == 0 ? one : two;
        asked.add(threads.submit(() -> keys.seal(ALICE, PLAIN, CONTEXT)));
      }
      for (Future<Sealed> each : asked) {
        kids.add(each.get().kid());
      }
    }
    assertThat(kids).hasSize(1);
  }

  static void assertCode(String code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
