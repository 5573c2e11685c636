package org.choir.audit.timestamp;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoGeneratorBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TSPAlgorithms;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampResponseGenerator;
import org.bouncycastle.tsp.TimeStampTokenGenerator;
import org.jspecify.annotations.Nullable;

/** A time stamping authority of BouncyCastle on loopback: a root, a signer, and tricks. */
final class LocalAuthority implements AutoCloseable {
  /** What it does instead of an honest answer. */
  enum Trick {
    OTHER_NONCE,
    OTHER_DIGEST,
    OLD_TIME,
    OTHER_CERTIFICATE,
    REJECTION,
    GARBAGE,
    CUT_OFF,
    ENDLESS,
    LATE,
    BROKEN
  }

  private final KeyPair rootKeys = keys();
  private final KeyPair signerKeys = keys();
  private final X509Certificate root;
  private final X509Certificate signer;
  private final X509Certificate unfit;
  private final Path folder;
  private final HttpServer server;
  private final CountDownLatch closing = new CountDownLatch(1);
  private volatile @Nullable Trick trick;

  LocalAuthority(Path folder) throws Exception {
    this.folder = Files.createDirectories(folder);
    root = certificate("CN=Root " + System.nanoTime(), rootKeys, null, true);
    signer = certificate("CN=Stamper", signerKeys, root, true);
    // The same issuer and serial number, so that the token's reference leads to it.
    unfit = certificate("CN=Web server", signerKeys, root, false);
    write(root(), root);
    write(signer(), signer);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/tsa", this::answer);
    server.start();
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      return generator.generateKeyPair();
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private X509Certificate certificate(
      String name, KeyPair keys, @Nullable X509Certificate issuer, boolean stamping)
      throws Exception {
    Instant now = Instant.now();
    X500Name subject = new X500Name(name);
    X500Name by =
        issuer == null
            ? subject
            : X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded());
    var builder =
        new JcaX509v3CertificateBuilder(
            by,
            BigInteger.TWO,
            Date.from(now.minusSeconds(864_000)),
            Date.from(now.plusSeconds(864_000)),
            subject,
            keys.getPublic());
    if (issuer == null) {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
    } else {
      KeyPurposeId use = stamping ? KeyPurposeId.id_kp_timeStamping : KeyPurposeId.id_kp_serverAuth;
      builder.addExtension(Extension.extendedKeyUsage, true, new ExtendedKeyUsage(use));
    }
    var sign = new JcaContentSignerBuilder("SHA256withECDSA").build(rootKeys.getPrivate());
    return new JcaX509CertificateConverter().getCertificate(builder.build(sign));
  }

  private static void write(Path file, X509Certificate certificate) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
      pem.writeObject(certificate);
    }
    Files.writeString(file, text.toString());
  }

  Path root() {
    return folder.resolve("root.pem");
  }

  Path signer() {
    return folder.resolve("signer.pem");
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/tsa");
  }

  void play(Trick next) {
    trick = next;
  }

  private void answer(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    Trick now = trick;
    try {
      if (now == Trick.LATE) {
        closing.await();
        exchange.close();
        return;
      }
      int status = now == Trick.BROKEN ? 503 : 200;
      byte[] response = response(new TimeStampRequest(body), now);
      exchange.getResponseHeaders().set("Content-Type", "application/timestamp-reply");
      exchange.sendResponseHeaders(status, response.length);
      exchange.getResponseBody().write(response);
    } catch (IOException e) {
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      throw new UncheckedIOException(new IOException(e));
    } finally {
      exchange.close();
    }
  }

  private byte[] response(TimeStampRequest asked, @Nullable Trick now) throws Exception {
    if (now == Trick.GARBAGE) {
      return "<html>not a timestamp</html>".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }
    if (now == Trick.ENDLESS) {
      return new byte[300_000];
    }
    TimeStampRequest request = asked;
    TimeStampRequestGenerator other = new TimeStampRequestGenerator();
    other.setCertReq(true);
    byte[] digest = asked.getMessageImprintDigest();
    if (now == Trick.OTHER_NONCE) {
      request = other.generate(NISTObjectIdentifiers.id_sha256, digest, BigInteger.TEN);
    } else if (now == Trick.OTHER_DIGEST) {
      request = other.generate(NISTObjectIdentifiers.id_sha256, new byte[32], asked.getNonce());
    }
    var digests = new JcaDigestCalculatorProviderBuilder().build();
    var tokens =
        new TimeStampTokenGenerator(
            new JcaSimpleSignerInfoGeneratorBuilder()
                .build("SHA256withECDSA", signerKeys.getPrivate(), signer),
            digests.get(
                new org.bouncycastle.asn1.x509.AlgorithmIdentifier(
                    NISTObjectIdentifiers.id_sha256)),
            new ASN1ObjectIdentifier("1.2.3.4.1"));
    tokens.addCertificates(
        new JcaCertStore(now == Trick.OTHER_CERTIFICATE ? List.of(unfit) : List.of(signer)));
    TimeStampResponseGenerator responses =
        new TimeStampResponseGenerator(tokens, TSPAlgorithms.ALLOWED);
    Instant time = now == Trick.OLD_TIME ? Instant.now().minusSeconds(3_600) : Instant.now();
    byte[] response =
        now == Trick.REJECTION
            ? responses.generateRejectedResponse(new Exception("no")).getEncoded()
            : responses.generate(request, BigInteger.ONE, Date.from(time)).getEncoded();
    return now == Trick.CUT_OFF ? Arrays.copyOf(response, response.length / 2) : response;
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
  }
}
