package org.choir.economy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.choir.core.Digest;

/**
 * No chain: what the ledger accepted is settled, and what it says is what there is. A settlement's
 * digest is its receipt.
 */
public final class LedgerGateway implements ChainGateway {
  private final Ledger ledger;

  /** Over this ledger. */
  public LedgerGateway(Ledger ledger) {
    this.ledger = ledger;
  }

  @Override
  public String name() {
    return "ledger";
  }

  @Override
  public Signed prepare(Settlement settlement) {
    return new Signed(settlement, settlement.receipt().hex(), new byte[0], List.of(), "");
  }

  @Override
  public Answer submit(Signed signed) {
    return look(signed);
  }

  @Override
  public Answer look(Signed signed) {
    Optional<LedgerEntry> entry = ledger.find(signed.settlement().transfer());
    return entry.isPresent()
        ? new Answer.Done(OptionalLong.of(0))
        : new Answer.Absent(false, "the ledger has no such transfer");
  }

  @Override
  public Reading read(List<Settlement> settlements) {
    Map<Digest, Paid> receipts = new HashMap<>();
    for (Settlement settlement : settlements) {
      ledger
          .find(settlement.transfer())
          .ifPresent(
              entry ->
                  receipts.put(settlement.receipt(), new Paid(settlement.kind(), entry.moved())));
    }
    return new Reading(Supply.issued(ledger), 0, receipts);
  }
}
