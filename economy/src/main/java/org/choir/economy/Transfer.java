package org.choir.economy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.Digest;

/**
 * An order to the ledger: one amount from the debited to the credited account, or the end of an
 * amount reserved before. Immutable, and recorded for ever once accepted.
 *
 * @param id chosen by whoever orders; ordering the same again changes nothing
 * @param debit loses the amount; empty for the end of a reservation
 * @param credit gains the amount; empty for the end of a reservation
 * @param amount in the currency's smallest unit, more than 0; for {@link Kind#POST} what is taken
 *     of the reservation, the rest is given back
 * @param pending which reservation a {@link Kind#POST} or {@link Kind#RELEASE} ends
 * @param timeout how long a reservation stands; zero stands until it is ended
 * @param linked whether it and the next of the same order happen together or not at all
 * @param reason a lower-case word, for example {@code citation_paid}
 * @param explanation how the amount came about; part of the receipt
 */
public record Transfer(
    UUID id,
    Kind kind,
    Optional<AccountId> debit,
    Optional<AccountId> credit,
    long amount,
    Optional<UUID> pending,
    Duration timeout,
    boolean linked,
    String reason,
    Explanation explanation) {

  /** What an order does. */
  public enum Kind {
    /** Moves the amount at once. */
    MOVE(0),
    /** Reserves the amount on both sides. */
    RESERVE(1),
    /** Moves what was reserved, or a part of it. */
    POST(2),
    /** Gives back what was reserved. */
    RELEASE(3),
    /** Gives back what was reserved, because its time is over; ordered by the ledger alone. */
    EXPIRE(4);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    /** What stands for it in the database. */
    int code() {
      return code;
    }

    /** The inverse of {@link #code}. */
    static Kind of(int code) {
      for (Kind kind : values()) {
        if (kind.code == code) {
          return kind;
        }
      }
      throw new IllegalArgumentException("a transfer of kind " + code);
    }
  }

  /** An order that moves an amount at once. */
  public static Transfer move(
      UUID id, AccountId debit, AccountId credit, long amount, String reason, Explanation why) {
    return new Transfer(
        id,
        Kind.MOVE,
        Optional.of(debit),
        Optional.of(credit),
        amount,
        Optional.empty(),
        Duration.ZERO,
        false,
        reason,
        why);
  }

  /** An order that reserves an amount; zero time stands until it is ended. */
  public static Transfer reserve(
      UUID id,
      AccountId debit,
      AccountId credit,
      long amount,
      Duration timeout,
      String reason,
      Explanation why) {
    return new Transfer(
        id,
        Kind.RESERVE,
        Optional.of(debit),
        Optional.of(credit),
        amount,
        Optional.empty(),
        timeout,
        false,
        reason,
        why);
  }

  /** An order that moves at most what was reserved and gives the rest back. */
  public static Transfer post(UUID id, UUID pending, long amount, String reason, Explanation why) {
    return new Transfer(
        id,
        Kind.POST,
        Optional.empty(),
        Optional.empty(),
        amount,
        Optional.of(pending),
        Duration.ZERO,
        false,
        reason,
        why);
  }

  /** An order that gives back what was reserved. */
  public static Transfer release(UUID id, UUID pending, String reason, Explanation why) {
    return new Transfer(
        id,
        Kind.RELEASE,
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.of(pending),
        Duration.ZERO,
        false,
        reason,
        why);
  }

  /** What the ledger orders when the time of a reservation is over. */
  static Transfer expire(UUID pending) {
    return new Transfer(
        id("expire", pending.toString()),
        Kind.EXPIRE,
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.of(pending),
        Duration.ZERO,
        false,
        "expired",
        Explanation.NONE);
  }

  /** The same, with the accounts of the reservation that it ends. */
  Transfer between(Optional<AccountId> debited, Optional<AccountId> credited) {
    return new Transfer(
        id, kind, debited, credited, amount, pending, timeout, linked, reason, explanation);
  }

  /** The same, bound to the next of its order. */
  public Transfer chained() {
    return new Transfer(
        id, kind, debit, credit, amount, pending, timeout, true, reason, explanation);
  }

  /** All of these or none: each bound to the next. */
  static List<Transfer> together(Transfer... parts) {
    List<Transfer> chain = new ArrayList<>();
    for (int i = 0; i < parts.length; i++) {
      chain.add(i + 1 < parts.length ? parts[i].chained() : parts[i]);
    }
    return List.copyOf(chain);
  }

  /**
   * The id that follows from what an order is for, so that whoever orders it again after a crash
   * orders the same: the SHA-256 of the words as a UUID of version 8 (RFC 9562).
   */
  public static UUID id(String... words) {
    byte[] hash = HexFormat.of().parseHex(Digest.of(String.join("\u001f", words)).hex());
    hash[6] = (byte) ((hash[6] & 0x0f) | 0x80);
    hash[8] = (byte) ((hash[8] & 0x3f) | 0x80);
    ByteBuffer bytes = ByteBuffer.wrap(hash);
    return new UUID(bytes.getLong(), bytes.getLong());
  }
}
