package org.choir.economy;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.choir.core.Digest;

/**
 * The chain on which payments are settled. The default is {@link LedgerGateway}: without a chain
 * the ledger is the truth. Thread-safe.
 *
 * <p>A settlement happens in two steps, so that a crash between them loses nothing and doubles
 * nothing: {@link #prepare} builds and signs a transaction and sends nothing; once that is written
 * down, {@link #submit} sends it, as often as needed, since the same bytes have the same digest and
 * are executed once.
 */
public interface ChainGateway {
  /** Its name for people, for example {@code sui}. */
  String name();

  /**
   * Builds and signs the transaction of a settlement, from the chain's present state.
   *
   * @throws org.choir.core.ChoirException if it cannot be built or is not signed; nothing happened
   */
  Signed prepare(Settlement settlement);

  /**
   * Sends a transaction that {@link #prepare} made.
   *
   * @throws org.choir.core.ChoirException retryable if the outcome is not known: ask {@link #look}
   *     before anything else is signed; fatal {@code chain_contradiction} if the answer is about
   *     something else
   */
  Answer submit(Signed signed);

  /**
   * What became of a transaction, by its digest.
   *
   * @throws org.choir.core.ChoirException as for {@link #submit}
   */
  Answer look(Signed signed);

  /**
   * What the chain says of the supply of CHIP and of these receipts, all at one moment.
   *
   * @param settlements at most 50
   */
  Reading read(List<Settlement> settlements);

  /**
   * A transaction with its signatures.
   *
   * @param digest its name on the chain
   * @param signatures one, or two with a sponsor
   * @param pin the version of an object that only this transaction uses up: once that version is
   *     gone and the transaction is not there, it can never be executed
   */
  record Signed(
      Settlement settlement, String digest, byte[] bytes, List<String> signatures, String pin) {}

  /** What became of a transaction. */
  sealed interface Answer {
    /**
     * It was executed and did what it is for.
     *
     * @param checkpoint where the chain has it; empty if that cannot be read yet
     */
    record Done(OptionalLong checkpoint) implements Answer {}

    /** It was executed and failed, which changed nothing but the gas. */
    record Failed(Cause cause, String message) implements Answer {}

    /**
     * It was not executed.
     *
     * @param never whether it can never be executed any more, so that another may be signed
     * @param message why it was not accepted; empty if nobody has said
     */
    record Absent(boolean never, String message) implements Answer {}
  }

  /** Why an executed transaction failed. */
  enum Cause {
    /** The receipt was used before: the payment has happened. */
    RECEIPT_USED,
    /** The epoch's cap is reached; it can be tried in the next. */
    EPOCH_CAP,
    /** The treasury holds too little at the moment. */
    HOLDINGS,
    /** Something that trying again does not change. */
    OTHER
  }

  /**
   * The chain at one moment.
   *
   * @param supply of CHIP, in the smallest unit
   * @param checkpoint the moment; grows
   * @param receipts those of the asked ones that are on the chain
   */
  record Reading(long supply, long checkpoint, Map<Digest, Paid> receipts) {}

  /** A receipt as it stands on the chain. */
  record Paid(Settlement.Kind kind, long amount) {}
}
