package org.choir.economy;

/**
 * An account as it stands, in the currency's smallest unit. Every sum fits into 63 bits, together
 * with what is reserved.
 *
 * @param debitsPosted all that left
 * @param creditsPosted all that came in
 * @param debitsPending reserved to leave
 * @param creditsPending reserved to come in
 */
public record Balance(
    long debitsPosted, long creditsPosted, long debitsPending, long creditsPending) {
  /** Nothing ever happened. */
  public static final Balance ZERO = new Balance(0, 0, 0, 0);

  /** What came in less what left. */
  public long posted() {
    return creditsPosted - debitsPosted;
  }

  /** What could leave now: posted, less what is reserved to leave. */
  public long available() {
    return creditsPosted - debitsPosted - debitsPending;
  }

  /**
   * After an entry on one of its sides.
   *
   * @param moved as {@link LedgerEntry#moved}
   * @param reserved as {@link LedgerEntry#reserved}
   * @throws ArithmeticException if a sum does not fit
   */
  Balance after(Transfer.Kind kind, boolean debited, long moved, long reserved) {
    long posted =
        switch (kind) {
          case MOVE, POST -> moved;
          case RESERVE, RELEASE, EXPIRE -> 0;
        };
    long pending =
        switch (kind) {
          case RESERVE -> moved;
          case POST, RELEASE, EXPIRE -> -reserved;
          case MOVE -> 0;
        };
    Balance after =
        debited
            ? new Balance(
                Math.addExact(debitsPosted, posted),
                creditsPosted,
                Math.addExact(debitsPending, pending),
                creditsPending)
            : new Balance(
                debitsPosted,
                Math.addExact(creditsPosted, posted),
                debitsPending,
                Math.addExact(creditsPending, pending));
    Math.addExact(after.debitsPosted, after.debitsPending);
    Math.addExact(after.creditsPosted, after.creditsPending);
    return after;
  }

  /** Whether it is within this limit. */
  boolean within(Limit limit) {
    return switch (limit) {
      case NONE -> true;
      case NO_OVERDRAFT -> debitsPosted + debitsPending <= creditsPosted;
      case NO_OVERPAYMENT -> creditsPosted + creditsPending <= debitsPosted;
    };
  }
}
