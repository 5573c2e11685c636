package org.choir.economy.sui;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.choir.core.Json;
import org.choir.economy.PricePoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A pool of CHIP as a market, over Sui's GraphQL form. */
class SuiPoolFeedTest {
  private static final SuiAddress CONTRACT = SuiAddress.parse("0xc0");
  private static final String CHIP = CONTRACT + "::chip::CHIP";
  private static final String DOLLAR = "0xda1::usdc::USDC";
  private static final String CHAIN = Hashes.base58(new byte[32]);
  private static final BigInteger ONE = BigInteger.ONE.shiftLeft(64);

  private final HttpServer server;
  private Instant now = Instant.parse("2026-11-21T08:00:00Z");
  private String type = "0xce::pool::Pool<" + CHIP + ", " + DOLLAR + ">";
  private String chain = CHAIN;
  private byte[] contents = pool(2_000_000_000L, 5_000_000_000L, root(25, 10));
  private int busy;

  SuiPoolFeedTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/graphql",
        exchange -> {
          try (exchange) {
            if (busy-- > 0) {
              exchange.sendResponseHeaders(503, -1);
              return;
            }
            byte[] body = Json.write(answer()).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private ObjectNode answer() {
    ObjectNode answer = Json.object();
    answer.withObject("/data/genesis").put("digest", chain);
    ObjectNode inside = answer.withObject("/data/pool/asMoveObject/contents");
    inside.withObject("/type").put("repr", type);
    inside.put("bcs", Base64.getEncoder().encodeToString(contents));
    return answer;
  }

  /** The square root of a fraction with 64 binary places. */
  private static BigInteger root(long over, long under) {
    return BigInteger.valueOf(over).shiftLeft(128).divide(BigInteger.valueOf(under)).sqrt();
  }

  private static byte[] pool(long first, long second, BigInteger root) {
    return new BcsWriter()
        .address(SuiAddress.parse("0x9001"))
        .u64(first)
        .u64(second)
        .u32(60)
        .u64(2_500)
        .u128(BigInteger.valueOf(100_000_000_000L))
        .u128(root)
        .bool(false)
        .done();
  }

  private SuiPoolFeed feed() {
    SuiOptions options =
        new SuiOptions(
            URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/graphql"),
            CHAIN,
            CONTRACT,
            SuiAddress.parse("0x1"),
            SuiAddress.parse("0x2"),
            DOLLAR,
            Duration.ofSeconds(5),
            Duration.ofMillis(5));
    return new SuiPoolFeed(options, SuiAddress.parse("0x9001"), () -> now);
  }

  @Test
  void thePriceIsThatOfThePoolWhicheverCurrencyComesFirst() {
    try (SuiPoolFeed feed = feed()) {
      PricePoint point = feed.after(Instant.EPOCH, 10).getFirst();
      assertThat(point.micros()).isBetween(2_499_999L, 2_500_000L);
      // Its dollars buy 2,000 CHIP, less than its liquidity would bear.
      assertThat(point.depth()).isBetween(2_000_000_000L, 2_000_000_801L);
      type = "0xce::pool::Pool<" + DOLLAR + ", " + CHIP + ">";
      contents = pool(5_000_000_000L, 2_000_000_000L, root(10, 25));
      assertThat(feed.after(Instant.EPOCH, 10).getFirst().micros())
          .isBetween(2_499_999L, 2_500_001L);
    }
  }

  @Test
  void itIsAskedOnceAMinuteAndAgainWhenItIsBusy() {
    try (SuiPoolFeed feed = feed()) {
      assertThat(feed.after(now.minusSeconds(59), 10)).isEmpty();
      busy = 2;
      assertThat(feed.after(now.minusSeconds(60), 10)).hasSize(1);
      assertThat(feed.after(Instant.EPOCH, 0)).isEmpty();
    }
  }

  @Test
  void aPoolOfSomethingElseOrOfAnotherNetworkTellsNoPrice() {
    try (SuiPoolFeed feed = feed()) {
      List<String> others =
          List.of(
              "0xce::pool::Pool<0xbad::chip::CHIP, " + DOLLAR + ">",
              "0xce::pool::Pool<" + CHIP + ">",
              "u64",
              "");
      for (String other : others) {
        type = other;
        assertThatThrownBy(() -> feed.after(Instant.EPOCH, 10))
            .as(other)
            .hasMessageContaining("the pool");
      }
      type = "0xce::pool::Pool<" + CHIP + ", " + DOLLAR + ">";
      contents = new byte[] {1, 2, 3};
      assertThatThrownBy(() -> feed.after(Instant.EPOCH, 10)).hasMessageContaining("contents");
      contents = pool(1, 1, BigInteger.ZERO);
      assertThatThrownBy(() -> feed.after(Instant.EPOCH, 10)).hasMessageContaining("no price");
      contents = pool(1, 1, ONE.shiftLeft(60));
      assertThatThrownBy(() -> feed.after(Instant.EPOCH, 10)).hasMessageContaining("none");
      chain = Hashes.base58(new byte[] {1});
      assertThatThrownBy(() -> feed.after(Instant.EPOCH, 10)).hasMessageContaining("network");
    }
  }
}
