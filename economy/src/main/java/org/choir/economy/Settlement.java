package org.choir.economy;

import java.util.Locale;
import java.util.UUID;
import org.choir.core.Digest;
import org.choir.core.TenantId;

/**
 * A transfer of the ledger that has to happen on the chain too.
 *
 * @param receipt the id by which the chain does it once; see {@link #receipt}
 * @param transfer in the ledger
 * @param user who is paid, or whose stake it is
 * @param amount in the currency's smallest unit, more than 0
 * @param about the receipt of the stake that is freed or slashed; empty otherwise
 * @param reason of a slash, which the chain records; empty otherwise
 */
public record Settlement(
    Digest receipt,
    UUID transfer,
    Kind kind,
    TenantId user,
    long amount,
    String about,
    String reason) {
  /** What happens on the chain. */
  public enum Kind {
    /** New CHIP for an author. The only one that makes CHIP. */
    REWARD,
    /** Dollars out of the treasury for an author who was cited. */
    CITATION,
    /** A user's CHIP are put at stake; that user signs. */
    STAKE,
    /** A stake goes back; its user signs. */
    FREE,
    /** A part of a stake goes to the treasury. */
    SLASH,
    /** CHIP out of the treasury's holdings for a user who bought them. */
    SALE;

    /** In lower case, as it is stored. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    static Kind of(String word) {
      return valueOf(word.toUpperCase(Locale.ROOT));
    }

    /** Whether the user signs it, and not the treasury. */
    public boolean signedByUser() {
      return this == STAKE || this == FREE;
    }

    /** Whether it makes CHIP that were not there before. */
    public boolean mints() {
      return this == REWARD;
    }
  }

  public Settlement {
    boolean of = kind == Kind.FREE || kind == Kind.SLASH;
    if (amount <= 0 || of == about.isEmpty() || (kind == Kind.SLASH) == reason.isBlank()) {
      throw new IllegalArgumentException("a settlement of " + amount + " as " + kind);
    }
  }

  /** The receipt of a transfer's settlement: it follows from the transfer's id alone. */
  public static Digest receipt(UUID transfer) {
    return Digest.of("choir receipt 1\n" + transfer);
  }

  /** The settlement of a transfer. */
  static Settlement of(
      UUID transfer, Kind kind, TenantId user, long amount, String about, String reason) {
    return new Settlement(receipt(transfer), transfer, kind, user, amount, about, reason);
  }
}
