package org.choir.economy;

import java.math.BigInteger;

/**
 * What follows when a payment goes back to its payer, or comes again. What was bought is taken back
 * as far as it is still there; for what is gone the user owes its share of the price. A payment
 * that comes again (a dispute that was won) first ends that debt, is paid to the user where the
 * debt had been repaid, and for the rest gives back what was taken. Pure; nothing is lost by
 * rounding: units due are rounded up, dollars taken for them down, the difference is part of the
 * debt.
 */
final class TakeBack {
  private TakeBack() {}

  /**
   * A sale and what went back of it so far.
   *
   * @param units what was bought
   * @param micro what was paid, in millionths of a dollar
   * @param returned of that, what went back
   * @param taken units taken back
   * @param owed the part of {@code returned} that became a debt
   */
  record Sale(long units, long micro, long returned, long taken, long owed) {
    Sale {
      if (units <= 0 || micro <= 0 || returned < 0 || taken < 0 || owed < 0) {
        throw new IllegalArgumentException("no such sale");
      }
      if (returned > micro || taken > units || owed > returned) {
        throw new IllegalArgumentException("more went back than was sold");
      }
    }

    private long due(long back) {
      return scaled(units, back, micro, true);
    }
  }

  /**
   * What there is.
   *
   * @param held units that are held
   * @param available units that the user may spend
   * @param till dollars where the payment went
   * @param debt what the user owes altogether
   * @param stock units that can be given
   */
  record Purses(long held, long available, long till, long debt, long stock) {}

  /**
   * What is to move; all in the smallest unit and none negative.
   *
   * @param fromHeld units from what is held
   * @param fromAvailable units from what the user may spend
   * @param fromTill dollars from where the payment went
   * @param shortfall dollars that are no longer there
   * @param newDebt dollars the user owes from now on
   * @param lessDebt dollars of debt that end
   * @param toUser dollars for the user
   * @param toTill dollars to where the payment went
   * @param given units for the user
   * @param after the sale then
   */
  record Plan(
      long fromHeld,
      long fromAvailable,
      long fromTill,
      long shortfall,
      long newDebt,
      long lessDebt,
      long toUser,
      long toTill,
      long given,
      Sale after) {}

  /** What follows when so much has gone back in all. */
  static Plan plan(Sale sale, long returnedNow, Purses purses) {
    long now = Math.max(0, Math.min(returnedNow, sale.micro()));
    return now >= sale.returned()
        ? take(sale, now - sale.returned(), purses)
        : give(sale, sale.returned() - now, purses);
  }

  private static Plan take(Sale sale, long more, Purses purses) {
    long back = sale.returned() + more;
    long due = Math.min(sale.due(back) - sale.due(sale.returned()), sale.units() - sale.taken());
    long held = Math.min(due, purses.held());
    long available = Math.min(due - held, purses.available());
    long value = due == 0 ? more : scaled(more, held + available, due, false);
    long till = Math.min(value, purses.till());
    return new Plan(
        held,
        available,
        till,
        value - till,
        more - value,
        0,
        0,
        0,
        0,
        new Sale(
            sale.units(),
            sale.micro(),
            back,
            sale.taken() + held + available,
            sale.owed() + more - value));
  }

  private static Plan give(Sale sale, long less, Purses purses) {
    long owed = Math.min(less, sale.owed());
    long lessDebt = Math.min(owed, purses.debt());
    long rest = less - owed;
    long valueTaken = sale.returned() - sale.owed();
    long units = valueTaken == 0 ? 0 : scaled(sale.taken(), rest, valueTaken, false);
    boolean there = units <= purses.stock();
    return new Plan(
        0,
        0,
        0,
        0,
        0,
        lessDebt,
        owed - lessDebt + (there ? 0 : rest),
        there ? rest : 0,
        there ? units : 0,
        new Sale(
            sale.units(),
            sale.micro(),
            sale.returned() - less,
            sale.taken() - units,
            sale.owed() - owed));
  }

  private static long scaled(long a, long b, long c, boolean up) {
    BigInteger product = BigInteger.valueOf(a).multiply(BigInteger.valueOf(b));
    BigInteger whole = product.divide(BigInteger.valueOf(c));
    boolean more = up && !product.mod(BigInteger.valueOf(c)).equals(BigInteger.ZERO);
    return (more ? whole.add(BigInteger.ONE) : whole).longValueExact();
  }
}
