package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** USDC from one user to another, over the plain ledger and one that breaks. */
class UserTransfersTest {
  private static final TenantId ADA = Economy.ADA;
  private static final TenantId BEN = Economy.BEN;
  private static final long DOLLAR = 1_000_000;

  private final ReferenceLedger books = new ReferenceLedger(() -> Instant.EPOCH);
  private final Economy.KillableLedger ledger = new Economy.KillableLedger(books);
  private Optional<String> blocked = Optional.empty();
  private final UserTransfers transfers = new UserTransfers(ledger, user -> blocked);

  @BeforeEach
  void tenDollars() {
    Purses.open(ledger, ADA);
    Purses.open(ledger, BEN);
    ledger.open(Chart.bank("test"), Limit.NONE);
    ledger.require(
        Transfer.move(
            UUID.randomUUID(),
            Chart.bank("test"),
            Chart.available(ADA, Currency.USDC),
            10 * DOLLAR,
            "given",
            Explanation.NONE));
  }

  private long usdc(TenantId user) {
    return books.balance(Chart.available(user, Currency.USDC)).available();
  }

  private void refused(String code, TenantId to, long amount) {
    assertThatThrownBy(() -> transfers.send(ADA, to, amount, "", "r1:1:1"))
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
    assertThat(usdc(ADA)).isEqualTo(10 * DOLLAR);
    assertThat(usdc(BEN)).isZero();
  }

  @Test
  void anAmountIsSentOnceForEachActAndItsReceiptExplainsIt() {
    UUID id = transfers.send(ADA, BEN, 2_500_001, "for lunch", "r1:1:1");
    assertThat(transfers.send(ADA, BEN, 2_500_001, "for lunch", "r1:1:1")).isEqualTo(id);
    assertThat(usdc(BEN)).isEqualTo(2_500_001);
    assertThat(books.find(id).orElseThrow().transfer().explanation().inputs())
        .containsEntry("from", "ada")
        .containsEntry("to", "ben")
        .containsEntry("amount", "2.500001 USDC")
        .containsEntry("note", "for lunch")
        .containsEntry("act", "r1:1:1");
    transfers.send(ADA, BEN, DOLLAR, "", "r1:2:1");
    assertThat(usdc(ADA)).isEqualTo(10 * DOLLAR - 2_500_001 - DOLLAR);
  }

  @Test
  void aCrashBeforeOrAfterTheOrderLosesAndDoublesNothing() {
    for (boolean after : List.of(false, true)) {
      ledger.kill(1, after);
      String act = "r1:" + after;
      assertThatThrownBy(() -> transfers.send(ADA, BEN, DOLLAR, "", act))
          .isInstanceOf(ChoirException.class);
      ledger.live();
      transfers.send(ADA, BEN, DOLLAR, "", act);
    }
    assertThat(usdc(BEN)).isEqualTo(2 * DOLLAR);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, UserTransfers.MOST + 1})
  void negativeZeroAndHugeAmountsAreRefused(long amount) {
    refused("bad_amount", BEN, amount);
  }

  @Test
  void nothingIsSentToOneselfNorToNobodyNorBeyondWhatIsThere() {
    refused("same_user", ADA, DOLLAR);
    refused("no_such_user", new TenantId("nobody"), DOLLAR);
    refused("too_little_usdc", BEN, 10 * DOLLAR + 1);
    assertThatThrownBy(() -> transfers.send(new TenantId("nobody"), BEN, 1, "", "x"))
        .hasMessageContaining("less than");
  }

  @Test
  void aDebtOrHoldBlocksTransfersButNotTheRepetitionOfOneThatWasMade() {
    UUID id = transfers.send(ADA, BEN, DOLLAR, "", "r1:1:1");
    blocked = Optional.of("a debt of 3 USDC");
    assertThat(transfers.send(ADA, BEN, DOLLAR, "", "r1:1:1")).isEqualTo(id);
    assertThatThrownBy(() -> transfers.send(ADA, BEN, DOLLAR, "", "r1:1:2"))
        .hasMessageContaining("a debt of 3 USDC");
    assertThat(usdc(BEN)).isEqualTo(DOLLAR);
  }

  @Test
  void anActCannotSendSomethingElseASecondTime() {
    transfers.send(ADA, BEN, DOLLAR, "", "r1:1:1");
    assertThatThrownBy(() -> transfers.send(ADA, BEN, 2 * DOLLAR, "", "r1:1:1"))
        .hasMessageContaining("something else already");
    assertThat(usdc(BEN)).isEqualTo(DOLLAR);
  }
}
