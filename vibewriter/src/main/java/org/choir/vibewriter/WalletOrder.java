package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.TenantId;
import org.choir.core.Text;

/**
 * What an agent wants to do with its user's money or in its user's name, read from the arguments of
 * the call. Gate and tool read it alike, so that what was decided is what is done.
 */
public sealed interface WalletOrder {
  /** The tools whose calls are such orders. */
  Set<String> OPERATIONS = Set.of(PublishToChoir.NAME, StakeChip.NAME, TransferUsdc.NAME);

  /** What it would do, in words that follow "it would". */
  String words();

  /**
   * An article in the user's name, with a stake.
   *
   * @param stake in the smallest unit of CHIP
   */
  record Publication(String field, long stake) implements WalletOrder {
    @Override
    public String words() {
      return "publish the submitted report in the field “"
          + Text.visible(field, 70)
          + "” in your name, with "
          + new Money(stake, Currency.CHIP)
          + " at stake";
    }
  }

  /**
   * A stake for the article that this run is going to publish.
   *
   * @param amount in the smallest unit of CHIP
   */
  record Stake(long amount) implements WalletOrder {
    @Override
    public String words() {
      return "put "
          + new Money(amount, Currency.CHIP)
          + " at stake for the article this run publishes";
    }
  }

  /**
   * USDC to another user.
   *
   * @param amount in the smallest unit
   * @param note the agent's words, shown in quotes
   */
  record Transfer(TenantId to, long amount, String note) implements WalletOrder {
    /** Characters of a note. */
    static final int NOTE_MAX = 140;

    private static final Pattern AMOUNT = Pattern.compile("(0|[1-9][0-9]{0,8})(\\.[0-9]{1,6})?");
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,31}");

    @Override
    public String words() {
      return "send "
          + new Money(amount, Currency.USDC)
          + " to the user "
          + to
          + (note.isEmpty() ? "" : ", saying “" + Text.visible(note, NOTE_MAX) + "”");
    }

    private static Transfer of(JsonNode arguments) {
      String amount = arguments.path("amount").asText();
      String name = arguments.path("to").asText();
      String note = arguments.path("note").asText("");
      if (!AMOUNT.matcher(amount).matches()
          || Money.parse(amount, Currency.USDC).minorUnits() == 0) {
        throw ChoirException.usage(
            "bad_amount",
            "'" + Text.visible(amount, 40) + "' is no amount of USDC",
            "write a decimal above 0 with at most 6 digits after the point, for example 5.25");
      }
      if (!NAME.matcher(name).matches()) {
        throw ChoirException.usage(
            "bad_user",
            "'" + Text.visible(name, 40) + "' is no user's name",
            "names have ASCII letters a to z, digits and _; other letters only look alike");
      }
      if (note.codePointCount(0, note.length()) > NOTE_MAX) {
        throw ChoirException.usage(
            "long_note", "the note is longer than " + NOTE_MAX + " characters", "say it shorter");
      }
      return new Transfer(
          new TenantId(name), Money.parse(amount, Currency.USDC).minorUnits(), note);
    }
  }

  /**
   * Reads a call's arguments, which fit its schema.
   *
   * @return empty if the operation is none of {@link #OPERATIONS}
   * @throws ChoirException {@code bad_amount}, {@code bad_user}, {@code long_note}
   */
  static Optional<WalletOrder> of(String operation, JsonNode arguments) {
    return switch (operation) {
      case PublishToChoir.NAME ->
          Optional.of(
              new Publication(
                  arguments.path("field").asText(), chip(PublishToChoir.stake(arguments))));
      case StakeChip.NAME -> Optional.of(new Stake(chip(PublishToChoir.stake(arguments))));
      case TransferUsdc.NAME -> Optional.of(Transfer.of(arguments));
      default -> Optional.empty();
    };
  }

  private static long chip(int whole) {
    return Math.multiplyExact((long) whole, 1_000_000L);
  }
}
