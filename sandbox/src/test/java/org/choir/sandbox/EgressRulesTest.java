package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.choir.core.TenantId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which hosts a list allows, however they are written. */
class EgressRulesTest {
  @ParameterizedTest
  @CsvSource({
    "Example.ORG, example.org",
    "example.org., example.org",
    "bücher.example, xn--bcher-kva.example",
    "BÜCHER.example, xn--bcher-kva.example",
    "xn--bcher-kva.example, xn--bcher-kva.example",
    "example。org, example.org",
    "localhost, localhost",
    "127.0.0.1, 127.0.0.1",
    "127.1, 127.0.0.1",
    "2130706433, 127.0.0.1",
    "0x7f000001, 127.0.0.1",
    "0X7F.1, 127.0.0.1",
    "0177.0.0.1, 127.0.0.1",
    "0177.0x0.0.01, 127.0.0.1",
    "127.0.0.1., 127.0.0.1",
    "１２７.0.0.1, 127.0.0.1",
    "127。0。0。1, 127.0.0.1",
    "0, 0.0.0.0",
    "0x, 0.0.0.0",
    "169.254.43518, 169.254.169.254",
    "0xa9fea9fe, 169.254.169.254",
    "[::1], 0:0:0:0:0:0:0:1",
    "[::ffff:127.0.0.1], 127.0.0.1",
    "[::FFFF:7f00:1], 127.0.0.1",
  })
  void everySpellingHasOneForm(String written, String form) {
    assertThat(HostName.of(written).text()).isEqualTo(form);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "a@b",
        "a\\b",
        "a%2eb",
        "a\u0000b",
        "a\nb",
        "-a.example",
        "a-.example",
        "a_b.example",
        "256.0.0.1",
        "1.2.3.4.5",
        "1.2.3.4x.5",
        "0x1ffffffff",
        "09.1.1.1",
        "4294967296",
        "[::1",
        "::1]",
        "[::1%lo]",
        "[fe80::1%25eth0]",
        "[1.2.3.4]",
        "[]",
        "[:]",
        "*",
        "*.example.org",
        "a:b"
      })
  void whatIsNoHostIsRefused(String written) {
    assertThatThrownBy(() -> HostName.of(written))
        .isInstanceOfSatisfying(
            EgressException.class, e -> assertThat(e.code()).isEqualTo("egress_bad_host"));
    assertThatThrownBy(() -> HostName.of("a".repeat(64) + ".example"))
        .isInstanceOf(EgressException.class);
    assertThatThrownBy(() -> HostName.of("a.".repeat(127) + "example"))
        .isInstanceOf(EgressException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "example.org, example.org, 443, true",
    "example.org, example.org, 80, true",
    "example.org, example.org, 22, false",
    "example.org, EXAMPLE.org., 443, true",
    "example.org, www.example.org, 443, false",
    "example.org, notexample.org, 443, false",
    "example.org, example.org.evil.example, 443, false",
    "*.example.org, www.example.org, 443, true",
    "*.example.org, a.b.example.org, 443, true",
    "*.example.org, example.org, 443, false",
    "*.example.org, evilexample.org, 443, false",
    "*.EXAMPLE.org., Www.Example.Org, 443, true",
    "*.bücher.example, a.xn--bcher-kva.example, 443, true",
    "example.org:8443, example.org, 8443, true",
    "example.org:8443, example.org, 443, false",
    "*.example.org:8443, a.example.org, 8443, true",
    "192.0.2.7, 192.0.2.7, 443, true",
    "192.0.2.7, 0xc0000207, 443, true",
    "192.0.2.7, 192.0.2.8, 443, false",
    "[2001:db8::1]:8080, [2001:DB8:0::1], 8080, true",
    "2001:db8::1, [2001:db8::1], 443, true",
    "[2001:db8::1], [2001:db8::1], 443, true",
    "*.2.7.example, 192.0.2.7, 443, false",
  })
  void aRuleAllowsWhatItSays(String rule, String host, int port, boolean allowed) {
    EgressRule read = EgressRule.of(rule);
    assertThat(read.allows(HostName.of(host), port)).isEqualTo(allowed);
    assertThat(EgressRule.of(read.toString())).isEqualTo(read);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "*.org",
        "*.com:443",
        "*.192.0.2.7",
        "example.org:0",
        "example.org:65536",
        "example.org:x",
        "example.org:",
        "http://example.org",
        "example.org/path",
        "a.*.example",
        "*example.org",
        "**.example.org"
      })
  void aRuleThatWouldSayTooMuchOrNothingIsRefused(String rule) {
    assertThatThrownBy(() -> EgressRule.of(rule))
        .isInstanceOfSatisfying(
            EgressException.class, e -> assertThat(e.code()).isEqualTo("egress_bad_rule"));
  }

  @Test
  void anEmptyListAllowsNothing() {
    EgressPolicy none = EgressPolicy.nothing(TenantId.LOCAL);
    assertThat(none.allows(HostName.of("example.org"), 443, 1000)).isFalse();
  }

  @Test
  void aUsersListOnlyTakesAway() {
    EgressPolicy policy =
        EgressPolicy.allowing(TenantId.LOCAL, List.of("a.example", "b.example"))
            .narrowed(1001, List.of("b.example", "c.example"));
    assertThat(policy.allows(HostName.of("a.example"), 443, 1000)).isTrue();
    assertThat(policy.allows(HostName.of("a.example"), 443, 1001)).isFalse();
    assertThat(policy.allows(HostName.of("b.example"), 443, 1001)).isTrue();
    // Not on the VM's list: no user gets it, whoever the guest says it is.
    for (int uid : new int[] {-1, 0, 1000, 1001, 1002}) {
      assertThat(policy.allows(HostName.of("c.example"), 443, uid)).isFalse();
    }
  }

  @Test
  void aPolicyIsReadAsItWasWritten() {
    EgressPolicy policy =
        EgressPolicy.allowing(new TenantId("acme"), List.of("*.example.org", "[2001:db8::1]:99"))
            .narrowed(1002, List.of("www.example.org:8443"));
    assertThat(EgressPolicy.of(policy.json())).isEqualTo(policy);
    assertThatThrownBy(() -> EgressPolicy.of(policy.json().put("schema", "choir.egress/2")))
        .isInstanceOf(EgressException.class);
  }
}
