package org.choir.core;

import java.util.List;
import java.util.Optional;

/**
 * Which IP addresses are the public internet's, so that a server may connect to them on behalf of
 * someone it does not trust. A pure function over the bytes of an address that was already
 * resolved; after IANA's registries of special-purpose addresses (RFC 6890 and its updates), and
 * stricter where an address only wraps another.
 */
public final class PublicAddresses {
  private static final int V4_BITS = 32;

  /** A block of addresses: the first {@code bits} of {@code start} are common to all of it. */
  private record Block(byte[] start, int bits, String what) {
    boolean holds(byte[] address) {
      for (int i = 0; i < bits; i++) {
        int mask = 0x80 >> (i % 8);
        if ((address[i / 8] & mask) != (start[i / 8] & mask)) {
          return false;
        }
      }
      return true;
    }
  }

  private static final List<Block> V4 =
      List.of(
          v4("an unspecified address", 8, 0, 0, 0, 0),
          v4("a private address", 8, 10, 0, 0, 0),
          v4("an address shared behind a carrier's NAT", 10, 100, 64, 0, 0),
          v4("a loopback address", 8, 127, 0, 0, 0),
          v4("a cloud's metadata address", V4_BITS, 169, 254, 169, 254),
          v4("a link-local address", 16, 169, 254, 0, 0),
          v4("a private address", 12, 172, 16, 0, 0),
          v4("a cloud's metadata address", V4_BITS, 168, 63, 129, 16),
          v4("an address reserved for protocols", 24, 192, 0, 0, 0),
          v4("an address for documentation", 24, 192, 0, 2, 0),
          v4("a relay into 6to4", 24, 192, 88, 99, 0),
          v4("a private address", 16, 192, 168, 0, 0),
          v4("an address for benchmarks", 15, 198, 18, 0, 0),
          v4("an address for documentation", 24, 198, 51, 100, 0),
          v4("an address for documentation", 24, 203, 0, 113, 0),
          v4("a multicast address", 4, 224, 0, 0, 0),
          v4("a reserved address", 4, 240, 0, 0, 0));

  /** The first that holds an address names it; what is left is public only below 2000::/3. */
  private static final List<Block> V6 =
      List.of(
          v6("an unspecified address", 128),
          v6("a loopback address", 128, 0, 0, 0, 0, 0, 0, 0, 1),
          v6("an IPv4 address in IPv6 form", 96, 0, 0, 0, 0, 0, 0xffff),
          v6("an IPv4 address in IPv6 form", 96),
          v6("an IPv4 address behind NAT64", 96, 0x64, 0xff9b),
          v6("an IPv4 address behind NAT64", 48, 0x64, 0xff9b, 1),
          v6("an address that discards", 64, 0x100),
          v6("a tunnel or another protocol's address", 23, 0x2001),
          v6("an address for documentation", 32, 0x2001, 0xdb8),
          v6("an IPv4 address behind 6to4", 16, 0x2002),
          v6("an address for documentation", 20, 0x3fff),
          v6("a private address", 7, 0xfc00),
          v6("a link-local address", 10, 0xfe80),
          v6("a private address", 10, 0xfec0),
          v6("a multicast address", 8, 0xff00));

  private static final Block V6_GLOBAL = v6("a public address", 3, 0x2000);

  private PublicAddresses() {}

  /**
   * What an address is if it is not public, for example {@code a loopback address}; empty if a
   * connection to it may be made.
   *
   * @param address 4 bytes, or 16 in network order
   * @throws IllegalArgumentException for any other length
   */
  public static Optional<String> refusal(byte[] address) {
    List<Block> blocks =
        switch (address.length) {
          case 4 -> V4;
          case 16 -> V6;
          default -> throw new IllegalArgumentException("an address of " + address.length);
        };
    for (Block block : blocks) {
      if (block.holds(address)) {
        return Optional.of(block.what());
      }
    }
    return address.length == 4 || V6_GLOBAL.holds(address)
        ? Optional.empty()
        : Optional.of("a reserved address");
  }

  private static Block v4(String what, int bits, int a, int b, int c, int d) {
    return new Block(new byte[] {(byte) a, (byte) b, (byte) c, (byte) d}, bits, what);
  }

  /**
   * @param groups of 16 bits, the missing ones are 0
   */
  private static Block v6(String what, int bits, int... groups) {
    byte[] start = new byte[16];
    for (int i = 0; i < groups.length; i++) {
      start[2 * i] = (byte) (groups[i] >> 8);
      start[2 * i + 1] = (byte) groups[i];
    }
    return new Block(start, bits, what);
  }
}
