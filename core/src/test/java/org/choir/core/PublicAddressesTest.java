package org.choir.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PublicAddressesTest {
  @ParameterizedTest
  @CsvSource({
    "0.0.0.0, unspecified",
    "0.1.2.3, unspecified",
    "10.0.0.1, private",
    "10.255.255.255, private",
    "100.64.0.1, carrier",
    "100.100.100.200, carrier",
    "100.127.255.255, carrier",
    "127.0.0.1, loopback",
    "127.255.255.255, loopback",
    "168.63.129.16, metadata",
    "169.254.0.1, link-local",
    "169.254.169.254, metadata",
    "172.16.0.1, private",
    "172.31.255.255, private",
    "192.0.0.8, protocols",
    "192.0.2.1, documentation",
    "192.88.99.1, 6to4",
    "192.168.1.1, private",
    "198.18.0.1, benchmarks",
    "198.19.255.255, benchmarks",
    "198.51.100.7, documentation",
    "203.0.113.7, documentation",
    "224.0.0.1, multicast",
    "239.255.255.255, multicast",
    "240.0.0.1, reserved",
    "255.255.255.255, reserved",
    "::, unspecified",
    "::1, loopback",
    "::2, IPv6 form",
    "::8.8.8.8, IPv6 form",
    "64:ff9b::7f00:1, NAT64",
    "64:ff9b::808:808, NAT64",
    "64:ff9b:1::1, NAT64",
    "100::1, discards",
    "2001::1, tunnel",
    "2001:1ff::1, tunnel",
    "2001:db8::1, documentation",
    "2002:7f00:1::, 6to4",
    "2002:808:808::1, 6to4",
    "3fff::1, documentation",
    "4000::1, reserved",
    "1::1, reserved",
    "fc00::1, private",
    "fd00:ec2::254, private",
    "fe80::1, link-local",
    "febf::1, link-local",
    "fec0::1, private",
    "ff02::1, multicast",
  })
  void refuses(String address, String why) {
    assertThat(PublicAddresses.refusal(InetAddress.ofLiteral(address).getAddress()))
        .hasValueSatisfying(what -> assertThat(what).contains(why));
  }

  /** Java makes four bytes of the written form, so this one is given as bytes. */
  @ParameterizedTest
  @ValueSource(strings = {"7f000001", "08080808", "a9fea9fe"})
  void refusesAnIpv4AddressMappedIntoIpv6(String v4) {
    byte[] mapped = HexFormat.of().parseHex("00000000000000000000ffff" + v4);
    assertThat(PublicAddresses.refusal(mapped)).hasValue("an IPv4 address in IPv6 form");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "168.63.129.15",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700::1111",
        "2a00::1",
        "3ffe::1"
      })
  void letsThePublicThrough(String address) {
    assertThat(PublicAddresses.refusal(InetAddress.ofLiteral(address).getAddress())).isEmpty();
  }

  @Test
  void agreesWithThePlatformWhereThatKnowsTheKind() throws Exception {
    long seed = Long.getLong("choir.seed", System.nanoTime());
    Random random = new Random(seed);
    for (int i = 0; i < 200_000; i++) {
      byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
      random.nextBytes(bytes);
      if (random.nextInt(4) == 0) {
        bytes[0] = (byte) new int[] {0, 10, 127, 169, 172, 192, 224, 0xfc, 0xfe}[random.nextInt(9)];
      }
      InetAddress address = InetAddress.getByAddress(bytes);
      boolean special =
          address.isAnyLocalAddress()
              || address.isLoopbackAddress()
              || address.isLinkLocalAddress()
              || address.isSiteLocalAddress()
              || address.isMulticastAddress();
      if (special) {
        assertThat(PublicAddresses.refusal(bytes)).as("seed %s: %s", seed, address).isPresent();
      }
    }
  }

  @Test
  void knowsNoOtherLengths() {
    assertThatThrownBy(() -> PublicAddresses.refusal(new byte[5]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
