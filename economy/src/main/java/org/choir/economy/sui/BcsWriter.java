package org.choir.economy.sui;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Writes BCS, Sui's canonical serialization: integers little-endian and of fixed length, lengths
 * and variants as ULEB128, no padding and no names, so that a value has exactly one form.
 */
final class BcsWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);

  BcsWriter u8(int value) {
    return unsigned(BigInteger.valueOf(value), 1);
  }

  BcsWriter u16(int value) {
    return unsigned(BigInteger.valueOf(value), 2);
  }

  BcsWriter u32(long value) {
    return unsigned(BigInteger.valueOf(value), 4);
  }

  /** The 64 bits as they are: a negative value is one of 2^63 or more. */
  BcsWriter u64(long bits) {
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      out.write((int) (bits >>> shift));
    }
    return this;
  }

  BcsWriter u128(BigInteger value) {
    return unsigned(value, 16);
  }

  BcsWriter u256(BigInteger value) {
    return unsigned(value, 32);
  }

  private BcsWriter unsigned(BigInteger value, int bytes) {
    if (value.signum() < 0 || value.bitLength() > bytes * Byte.SIZE) {
      throw new IllegalArgumentException(value + " does not fit into " + bytes + " bytes");
    }
    byte[] big = value.toByteArray();
    for (int i = 0; i < bytes; i++) {
      int at = big.length - 1 - i;
      out.write(at < 0 ? 0 : big[at]);
    }
    return this;
  }

  BcsWriter bool(boolean value) {
    out.write(value ? 1 : 0);
    return this;
  }

  /** A length or the number of an enum's variant, at most 32 bits. */
  BcsWriter uleb(int value) {
    if (value < 0) {
      throw new IllegalArgumentException("a length of " + value);
    }
    int left = value;
    while (left >= 0x80) {
      out.write((left & 0x7f) | 0x80);
      left >>>= 7;
    }
    out.write(left);
    return this;
  }

  /** Bytes of a length that the type fixes. */
  BcsWriter fixed(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  /** A vector of bytes. */
  BcsWriter bytes(byte[] bytes) {
    return uleb(bytes.length).fixed(bytes);
  }

  BcsWriter string(String text) {
    return bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  BcsWriter address(SuiAddress address) {
    return fixed(address.bytes());
  }

  <T> BcsWriter vector(List<T> items, Consumer<T> each) {
    uleb(items.size());
    items.forEach(each);
    return this;
  }

  /** An option: a vector of none or one. */
  <T> BcsWriter option(Optional<T> item, Consumer<T> each) {
    return vector(item.stream().toList(), each);
  }

  byte[] done() {
    return out.toByteArray();
  }
}
