package org.choir.audit.timestamp;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.tsp.TSPException;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampToken;
import org.choir.audit.Anchor;
import org.choir.audit.AnchorException;
import org.choir.audit.AnchorFiles;
import org.choir.audit.AnchorProofs;
import org.choir.audit.AnchorStore;

/**
 * Anchors with a timestamp of an authority (RFC 3161), kept in files beside their tokens. What an
 * anchor's token dates stays true when the log's key is stolen later.
 */
public final class TimestampAnchors implements AnchorStore {
  private static final String KIND = "timestamp";
  private static final int ANSWER_MAX = 200_000;

  /** How far the authority's clock and ours may differ. */
  private static final Duration TOLERANCE = Duration.ofMinutes(5);

  private final Options options;
  private final AnchorFiles files;
  private final TimestampTrust trust;
  private final InstantSource clock;
  private final SecureRandom random;
  private final HttpClient http;

  /**
   * Which authority.
   *
   * @param folder where anchors and tokens are kept
   * @param authority the address that takes requests by HTTP POST
   * @param certificates PEM files of certificates that a token must lead to
   * @param timeout for one answer
   */
  public record Options(Path folder, URI authority, List<Path> certificates, Duration timeout) {}

  public TimestampAnchors(Options options, InstantSource clock, SecureRandom random) {
    this.options = options;
    this.files = new AnchorFiles(options.folder(), KIND);
    this.trust = TimestampTrust.read(options.certificates());
    this.clock = clock;
    this.random = random;
    this.http =
        HttpClient.newBuilder()
            .connectTimeout(options.timeout())
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public String protects() {
    return "A timestamp shows that the log had this history at that time, whoever holds its key"
        + " later. It does not show that no other history was stamped too (a split view), nor that"
        + " later anchors were not thrown away: compare it with another store or a witness.";
  }

  @Override
  public void put(Anchor anchor, AnchorProofs proofs) {
    byte[] digest = HexFormat.of().parseHex(anchor.digest().hex());
    TimeStampRequestGenerator generator = new TimeStampRequestGenerator();
    generator.setCertReq(true);
    TimeStampRequest request =
        generator.generate(NISTObjectIdentifiers.id_sha256, digest, new BigInteger(64, random));
    Instant asked = clock.instant();
    TimeStampToken token = token(request, send(request));
    Optional<String> wrong = trust.problem(token, digest);
    if (wrong.isPresent()) {
      throw AnchorException.refused(KIND, wrong.get(), null);
    }
    Instant stamped = token.getTimeStampInfo().getGenTime().toInstant();
    if (stamped.isBefore(asked.minus(TOLERANCE))
        || stamped.isAfter(clock.instant().plus(TOLERANCE))) {
      throw AnchorException.refused(
          KIND, "it is stamped " + stamped + ", but was asked for at " + asked, null);
    }
    try {
      files.put(withEvidence(anchor, token.getEncoded()));
    } catch (IOException e) {
      throw AnchorException.refused(KIND, "the token cannot be encoded", e);
    }
  }

  private byte[] send(TimeStampRequest request) {
    try {
      HttpRequest post =
          HttpRequest.newBuilder(options.authority())
              .timeout(options.timeout())
              .header("Content-Type", "application/timestamp-query")
              .header("Accept", "application/timestamp-reply")
              .POST(HttpRequest.BodyPublishers.ofByteArray(request.getEncoded()))
              .build();
      HttpResponse<InputStream> answer = http.send(post, HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream body = answer.body()) {
        if (answer.statusCode() != 200) {
          throw AnchorException.unreachable(KIND, "status " + answer.statusCode(), null);
        }
        byte[] bytes = body.readNBytes(ANSWER_MAX + 1);
        if (bytes.length > ANSWER_MAX) {
          throw AnchorException.refused(KIND, "it is longer than " + ANSWER_MAX + " bytes", null);
        }
        return bytes;
      }
    } catch (IOException e) {
      throw AnchorException.unreachable(KIND, e.toString(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AnchorException.unreachable(KIND, "the wait was interrupted", e);
    }
  }

  private static TimeStampToken token(TimeStampRequest request, byte[] answer) {
    try {
      TimeStampResponse response = new TimeStampResponse(answer);
      // Compares nonce, digest and policy with what was asked.
      response.validate(request);
      TimeStampToken token = response.getTimeStampToken();
      if (token == null) {
        throw AnchorException.refused(
            KIND, "the authority refused with status " + response.getStatus(), null);
      }
      return token;
    } catch (TSPException | IOException | RuntimeException e) {
      if (e instanceof AnchorException known) {
        throw known;
      }
      throw AnchorException.refused(KIND, "" + e.getMessage(), e);
    }
  }

  @Override
  public List<Anchor> all(String origin) {
    return files.all(origin);
  }

  @Override
  public Optional<String> problem(Anchor anchor) {
    return trust.problem(anchor.evidence(), HexFormat.of().parseHex(anchor.digest().hex()));
  }

  /** When the authority stamped this anchor. */
  public Instant stampedAt(Anchor anchor) {
    return trust.read(anchor.evidence()).getTimeStampInfo().getGenTime().toInstant();
  }

  private static Anchor withEvidence(Anchor anchor, byte[] token) {
    return Anchor.parse(anchor.note(), token);
  }

  @Override
  public void close() {
    http.close();
  }
}
