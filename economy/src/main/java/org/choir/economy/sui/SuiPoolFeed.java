package org.choir.economy.sui;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.economy.PriceFeed;
import org.choir.economy.PricePoint;

/**
 * A pool on Sui in which CHIP is traded for dollars, of the kind with concentrated liquidity whose
 * object begins as Cetus' does: id, both balances, spacing of ticks (u32), fee (u64), liquidity
 * (u128) and the square root of the price (u128, 64 binary places). Both currencies have 6
 * decimals. A price is read at most once a minute; what it is worth {@code PriceRule} decides.
 * Thread-safe.
 */
public final class SuiPoolFeed implements PriceFeed, AutoCloseable {
  private static final Duration EVERY = Duration.ofMinutes(1);
  private static final BigInteger MILLION = BigInteger.valueOf(1_000_000);
  private static final int PLACES = 64;

  private static final String QUESTION =
      """
      query pool($pool: SuiAddress!) {
        genesis: checkpoint(sequenceNumber: 0) { digest }
        pool: object(address: $pool) { asMoveObject { contents { type { repr } bcs } } }
      }
      """;

  private final SuiOptions options;
  private final SuiAddress pool;
  private final InstantSource clock;
  private final GraphQl graphQl;

  /**
   * @param options of the network on which CHIP and the dollar are
   * @param pool the pool's object
   */
  public SuiPoolFeed(SuiOptions options, SuiAddress pool, InstantSource clock) {
    this.options = options;
    this.pool = pool;
    this.clock = clock;
    this.graphQl = new GraphQl(options.endpoint(), options.deadline(), options.pause());
  }

  @Override
  public String source() {
    return "sui-pool";
  }

  @Override
  public List<PricePoint> after(Instant after, int limit) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    if (limit < 1 || now.isBefore(after.plus(EVERY))) {
      return List.of();
    }
    JsonNode data = graphQl.ask(QUESTION, Json.object().put("pool", pool.toString()));
    if (!data.path("genesis").path("digest").asText().equals(options.chain())) {
      throw wrong("is on another network");
    }
    JsonNode contents = data.path("pool").path("asMoveObject").path("contents");
    boolean chipFirst = chipFirst(contents.path("type").path("repr").asText());
    return List.of(point(now, contents.path("bcs").asText(), chipFirst));
  }

  /** Which of its two currencies is CHIP; it must trade CHIP for the dollar that is configured. */
  private boolean chipFirst(String type) {
    TypeTag chip = TypeTag.parse(options.contract() + "::chip::CHIP");
    TypeTag dollar = TypeTag.parse(options.dollar());
    try {
      if (TypeTag.parse(type) instanceof TypeTag.Struct struct && struct.parameters().size() == 2) {
        if (struct.parameters().equals(List.of(chip, dollar))) {
          return true;
        }
        if (struct.parameters().equals(List.of(dollar, chip))) {
          return false;
        }
      }
    } catch (ChoirException | IllegalArgumentException e) {
      throw wrong("has a type that cannot be read: " + e.getMessage());
    }
    throw wrong("does not trade CHIP for " + options.dollar());
  }

  private PricePoint point(Instant now, String bcs, boolean chipFirst) {
    BigInteger first;
    BigInteger second;
    BigInteger liquidity;
    BigInteger root;
    try {
      BcsReader in = new BcsReader(Base64.getDecoder().decode(bcs));
      in.address(); // its own id
      first = BigInteger.valueOf(in.u63());
      second = BigInteger.valueOf(in.u63());
      in.u32(); // spacing of ticks
      in.u64(); // fee
      liquidity = in.u128();
      root = in.u128();
    } catch (ChoirException | IllegalArgumentException e) {
      throw wrong("has contents that cannot be read: " + e.getMessage());
    }
    if (root.signum() == 0) {
      throw wrong("has no price");
    }
    BigInteger square = root.multiply(root);
    BigInteger micros =
        chipFirst
            ? square.multiply(MILLION).shiftRight(2 * PLACES)
            : MILLION.shiftLeft(2 * PLACES).divide(square);
    // What the pool would hold of CHIP if its liquidity had no bounds, and what its dollars buy.
    BigInteger bears =
        chipFirst
            ? liquidity.shiftLeft(PLACES).divide(root)
            : liquidity.multiply(root).shiftRight(PLACES);
    BigInteger dollars = chipFirst ? second : first;
    BigInteger bought =
        micros.signum() == 0 ? BigInteger.ZERO : dollars.multiply(MILLION).divide(micros);
    BigInteger depth = bears.min(bought);
    if (micros.bitLength() > 62 || depth.bitLength() > 62) {
      throw wrong("has a price that is none");
    }
    return new PricePoint(now, micros.longValueExact(), depth.longValueExact());
  }

  private ChoirException wrong(String what) {
    return ChoirException.fatal(
        "bad_sui_pool", "the pool " + pool + " " + what, "set economy.sui.pool to a pool of CHIP");
  }

  @Override
  public void close() {
    graphQl.close();
  }
}
