package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the proxy does with each request, byte by byte, as a guest's agent carries them. */
class EgressProxyTest extends EgressFixture {
  @Test
  void fetchesAnAllowedPageAndRecordsIt() throws Exception {
    GuestSide.Heard heard = send(get("http://a.example/page?q=1"));
    assertThat(heard.text())
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("Connection: close")
        .endsWith("\r\n\r\nwelcome");
    assertThat(web.heads)
        .containsExactly("GET /page?q=1 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
    assertThat(network.connected).containsExactly("93.184.216.34:80");
    assertThat(log).hasSize(2);
    assertThat(log.getFirst().phase()).isEqualTo(EgressLog.Phase.OPENED);
    EgressLog.Dial closed = log.getLast();
    assertThat(closed.phase()).isEqualTo(EgressLog.Phase.CLOSED);
    assertThat(closed.id()).isEqualTo(log.getFirst().id());
    assertThat(closed.verdict()).isEqualTo("ALLOW");
    assertThat(closed.reason()).isEqualTo("allowed");
    assertThat(closed.uid()).isEqualTo(1001);
    assertThat(closed.host()).isEqualTo("a.example");
    assertThat(closed.port()).isEqualTo(80);
    assertThat(closed.address()).isEqualTo("93.184.216.34");
    assertThat(closed.sent()).isEqualTo(web.heads.getFirst().length());
    assertThat(closed.received()).isEqualTo(heard.bytes().length);
  }

  @Test
  void refusesWhatIsNotListed() throws Exception {
    refused(get("http://c.example/"), 403, "egress_not_allowed");
    refused(get("http://a.example:8081/"), 403, "egress_not_allowed");
    refused(get("http://b.example/"), 403, "egress_not_allowed");
    refused("CONNECT c.example:443 HTTP/1.1\r\n\r\n", 403, "egress_not_allowed");
    refused("CONNECT 93.184.216.34:443 HTTP/1.1\r\n\r\n", 403, "egress_not_allowed");
    refused(get("http://[2606:2800::1]/"), 403, "egress_not_allowed");
    assertThat(network.resolved).isEmpty(); // not even its name: no tunnel through DNS
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "100.64.0.1"
      })
  void refusesAnAllowedNameThatLeadsInside(String address) throws Exception {
    network.name("x.b.example", address);
    refused(get("http://x.b.example/"), 403, "egress_private_address");
    refused("CONNECT x.b.example:443 HTTP/1.1\r\n\r\n", 403, "egress_private_address");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]"
      })
  void refusesALoopbackAddressHoweverItIsWrittenEvenIfListed(String host) throws Exception {
    policy = EgressPolicy.allowing(TENANT, List.of("127.0.0.1", "0.0.0.0", "[::1]"));
    refused(get("http://" + host + "/"), 403, "egress_private_address");
  }

  @Test
  void refusesThisMachinesOwnAddresses() throws Exception {
    InetAddress own =
        java.net.NetworkInterface.networkInterfaces()
            .flatMap(java.net.NetworkInterface::inetAddresses)
            .filter(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress())
            .findFirst()
            .orElse(InetAddress.getLoopbackAddress());
    network.name("x.b.example", own.getHostAddress().replaceFirst("%.*", ""));
    refused(get("http://x.b.example/"), 403, "egress_private_address");
  }

  @Test
  void ofSeveralAddressesOnlyPublicOnesAreTried() throws Exception {
    network.name("x.b.example", "10.0.0.1", "93.184.216.34", "::1");
    assertThat(send(get("http://x.b.example/")).text()).endsWith("welcome");
    assertThat(network.connected).containsExactly("93.184.216.34:80");
  }

  @Test
  void aNameThatChangesItsAddressMeanwhileGainsNothing() throws Exception {
    network.name("x.b.example", "93.184.216.34").name("x.b.example", "127.0.0.1");
    assertThat(send(get("http://x.b.example/")).text()).endsWith("welcome");
    assertThat(network.resolved).containsExactly("x.b.example");
    assertThat(network.connected).containsExactly("93.184.216.34:80");
    // The next connection is checked anew.
    refused(get("http://x.b.example/"), 403, "egress_private_address");
  }

  @Test
  void onlyTheConfiguredExceptionReachesAPrivateAddress() throws Exception {
    network.name("lan.b.example", "127.0.0.1");
    policy = EgressPolicy.allowing(TENANT, List.of("lan.b.example:" + web.port()));
    String url = "http://lan.b.example:" + web.port() + "/";
    refused(get(url), 403, "egress_private_address");
    allowPrivate = List.of("lan.b.example:1");
    refused(get(url), 403, "egress_private_address");
    allowPrivate = List.of("lan.b.example:" + web.port());
    assertThat(send(get(url)).text()).endsWith("welcome");
    // An exception for the address is none from the list.
    policy = EgressPolicy.nothing(TENANT);
    refused(get(url), 403, "egress_not_allowed");
    assertThatThrownBy(
            () ->
                new Egress(List.of("x.example"), LIMITS, network, log::add, InstantSource.system()))
        .isInstanceOfSatisfying(
            EgressException.class, e -> assertThat(e.code()).isEqualTo("egress_bad_rule"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "GET https://a.example/ HTTP/1.1\r\n\r\n",
        "GET http://u:p@a.example/ HTTP/1.1\r\n\r\n",
        "GET http://a.example/x y HTTP/1.1\r\n\r\n",
        "GET http://a.example/ HTTP/2.0\r\n\r\n",
        "GET http://a.example:99999/ HTTP/1.1\r\n\r\n",
        "get http://a.example/ HTTP/1.1\r\n\r\n",
        "CONNECT http://a.example/ HTTP/1.1\r\n\r\n",
        "CONNECT a.example HTTP/1.1\r\n\r\n",
        "CONNECT a.example:0 HTTP/1.1\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nA : b\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nA: b\nHost: evil\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nA: \u0000\r\n\r\n",
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "POST http://a.example/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nx",
        "\u0016\u0003\u0001\u0000\u0005hello\r\n\r\n",
      })
  void refusesWhatTwoProgramsCouldReadDifferently(String bytes) throws Exception {
    refused(bytes, 400, "egress_bad_request");
  }

  @Test
  void refusesAHeadWithoutAnEnd() throws Exception {
    refused(
        "GET http://a.example/ HTTP/1.1\r\nA: " + "x".repeat(40_000), 400, "egress_bad_request");
  }

  @Test
  void aSecondRequestOnTheConnectionIsNeverSent() throws Exception {
    GuestSide.Heard heard =
        send(
            "POST http://a.example/one HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
                + get("http://c.example/two"));
    assertThat(heard.text()).endsWith("welcome");
    assertThat(web.heads).hasSize(1);
    assertThat(web.heads.getFirst()).startsWith("POST /one ").doesNotContain("two");
  }

  @Test
  void bodiesPassInBothFramingsAndFieldsForTheProxyDoNot() throws Exception {
    StringBuilder got = new StringBuilder();
    web.close();
    web =
        new LocalWeb(
            (asked, out) -> {
              byte[] body = asked.body().readNBytes(asked.head().contains("chunked") ? 21 : 5);
              got.append(new String(body, StandardCharsets.US_ASCII)).append('|');
              out.write(
                  lines(
                          "HTTP/1.1 100 Continue",
                          "",
                          "HTTP/1.1 201 Made",
                          "Transfer-Encoding: chunked",
                          "Proxy-Authenticate: x",
                          "",
                          "3;ext=1",
                          "yes",
                          "0",
                          "Trailer: 1",
                          "",
                          "")
                      .getBytes(StandardCharsets.US_ASCII));
            });
    network.lead("93.184.216.34", web.port());
    GuestSide.Heard heard =
        send(
            lines(
                "PUT http://a.example/ HTTP/1.1",
                "Connection: X-Hop, close",
                "X-Hop: 1",
                "Proxy-Authorization: secret",
                "X-End: 2",
                "Transfer-Encoding: chunked",
                "",
                "5;x=y",
                "hello",
                "1",
                "!",
                "0",
                "X: y",
                "",
                ""));
    assertThat(heard.text()).startsWith("HTTP/1.1 201 Made\r\n").contains("3\r\nyes\r\n0\r\n\r\n");
    assertThat(heard.text()).doesNotContain("Proxy-Authenticate").doesNotContain("Trailer");
    assertThat(got.toString()).isEqualTo("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n|");
    assertThat(web.heads.getFirst())
        .contains("X-End: 2")
        .doesNotContain("X-Hop")
        .doesNotContain("secret");
    assertThat(
            send("PUT http://a.example/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
                .text())
        .startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made");
    assertThat(got.toString()).endsWith("|hello|");
  }

  @Test
  void aRedirectIsTheGuestsToFollowAndCheckedLikeAnyRequest() throws Exception {
    web.close();
    web =
        new LocalWeb(
            (asked, out) ->
                out.write(
                    lines(
                            "HTTP/1.1 302 Found",
                            "Location: http://169.254.169.254/",
                            "Content-Length: 0",
                            "",
                            "")
                        .getBytes(StandardCharsets.US_ASCII)));
    network.lead("93.184.216.34", web.port());
    assertThat(send(get("http://a.example/")).text()).contains("Location: http://169.254.169.254/");
    assertThat(network.connected).containsExactly("93.184.216.34:80");
    refused(get("http://169.254.169.254/"), 403, "egress_not_allowed");
  }
}
