package org.choir.economy.sui;

import java.net.URI;
import java.time.Duration;
import org.choir.core.ChoirException;

/**
 * Which network and which contract.
 *
 * @param endpoint the GraphQL interface; HTTPS, or HTTP on this machine
 * @param chain the network's identifier: the digest of its first checkpoint, in Base58
 * @param contract the package {@code choir}
 * @param treasury its shared treasury
 * @param payer the treasury key's right to pay
 * @param dollar the type of the currency in which citations are paid
 * @param deadline for one question with all its attempts
 * @param pause before the second attempt, twice as long before each further one
 */
public record SuiOptions(
    URI endpoint,
    String chain,
    SuiAddress contract,
    SuiAddress treasury,
    SuiAddress payer,
    String dollar,
    Duration deadline,
    Duration pause) {
  /** With a deadline of 30 seconds and a first pause of half a second. */
  public static SuiOptions of(
      URI endpoint,
      String chain,
      SuiAddress contract,
      SuiAddress treasury,
      SuiAddress payer,
      String dollar) {
    return new SuiOptions(
        endpoint,
        chain,
        contract,
        treasury,
        payer,
        dollar,
        Duration.ofSeconds(30),
        Duration.ofMillis(500));
  }

  public SuiOptions {
    String host = String.valueOf(endpoint.getHost());
    boolean here = host.equals("localhost") || host.equals("127.0.0.1") || host.equals("[::1]");
    if (!("https".equals(endpoint.getScheme()) || ("http".equals(endpoint.getScheme()) && here))) {
      throw ChoirException.usage(
          "bad_sui_endpoint",
          "the address of Sui's GraphQL interface is not HTTPS: " + endpoint,
          "set economy.sui.endpoint to an https address");
    }
    TypeTag.parse(dollar);
    Hashes.digest(chain);
  }
}
