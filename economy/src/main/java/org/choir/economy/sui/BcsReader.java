package org.choir.economy.sui;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Reads BCS as {@link BcsWriter} writes it, and nothing else: a length or variant in more bytes
 * than needed, a bool that is neither 0 nor 1 and what ends too early are refused with {@link
 * IllegalArgumentException}.
 */
final class BcsReader {
  private final byte[] bytes;
  private int at;

  BcsReader(byte[] bytes) {
    this.bytes = bytes;
  }

  int u8() {
    return unsigned(1).intValueExact();
  }

  int u16() {
    return unsigned(2).intValueExact();
  }

  long u32() {
    return unsigned(4).longValueExact();
  }

  /** The 64 bits as they are: a negative value is one of 2^63 or more. */
  long u64() {
    return unsigned(8).longValue();
  }

  /** An amount or version, which the house counts in 63 bits. */
  long u63() {
    long value = u64();
    if (value < 0) {
      throw new IllegalArgumentException("more than 63 bits at " + (at - 8));
    }
    return value;
  }

  BigInteger u128() {
    return unsigned(16);
  }

  BigInteger u256() {
    return unsigned(32);
  }

  private BigInteger unsigned(int length) {
    byte[] big = fixed(length);
    for (int i = 0; i < length / 2; i++) {
      byte low = big[i];
      big[i] = big[length - 1 - i];
      big[length - 1 - i] = low;
    }
    return new BigInteger(1, big);
  }

  boolean bool() {
    int value = u8();
    if (value > 1) {
      throw new IllegalArgumentException("a bool of " + value);
    }
    return value == 1;
  }

  int uleb() {
    long value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      int part = u8();
      value |= (long) (part & 0x7f) << shift;
      if (part < 0x80) {
        if ((part == 0 && shift > 0) || value > Integer.MAX_VALUE) {
          break;
        }
        return (int) value;
      }
    }
    throw new IllegalArgumentException("no canonical length before " + at);
  }

  byte[] fixed(int length) {
    if (length > bytes.length - at) {
      throw new IllegalArgumentException("ends after " + bytes.length + " bytes, too early");
    }
    byte[] part = Arrays.copyOfRange(bytes, at, at + length);
    at += length;
    return part;
  }

  byte[] bytes() {
    return fixed(uleb());
  }

  String string() {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes())).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("a string that is not UTF-8", e);
    }
  }

  SuiAddress address() {
    return SuiAddress.of(fixed(SuiAddress.BYTES));
  }

  <T> List<T> vector(Supplier<T> each) {
    int length = uleb();
    List<T> items = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      items.add(each.get());
    }
    return items;
  }

  <T> Optional<T> option(Supplier<T> each) {
    List<T> items = vector(each);
    if (items.size() > 1) {
      throw new IllegalArgumentException("an option of " + items.size());
    }
    return items.stream().findFirst();
  }

  /** Expects that nothing is left. */
  void end() {
    if (at != bytes.length) {
      throw new IllegalArgumentException((bytes.length - at) + " bytes too many");
    }
  }
}
