package org.choir.audit.timestamp;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.tsp.TSPException;
import org.bouncycastle.tsp.TimeStampToken;
import org.choir.audit.AnchorException;

/** The certificates that timestamps must lead to, and the check that they do. */
final class TimestampTrust {
  private final Set<TrustAnchor> anchors;

  private TimestampTrust(Set<TrustAnchor> anchors) {
    this.anchors = anchors;
  }

  static TimestampTrust read(List<Path> files) {
    Set<TrustAnchor> anchors = new HashSet<>();
    for (Path file : files) {
      try (InputStream in = Files.newInputStream(file)) {
        for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
          anchors.add(new TrustAnchor((X509Certificate) certificate, null));
        }
      } catch (IOException | GeneralSecurityException e) {
        throw AnchorException.refused(
            "timestamp", "the certificate " + file + " cannot be read: " + e.getMessage(), e);
      }
    }
    return new TimestampTrust(anchors);
  }

  TimeStampToken read(byte[] encoded) {
    try {
      return new TimeStampToken(new CMSSignedData(encoded));
    } catch (CMSException | TSPException | IOException | RuntimeException e) {
      throw AnchorException.refused("timestamp", "it is no token: " + e.getMessage(), e);
    }
  }

  /** What keeps these bytes from being a timestamp of this digest; empty if nothing. */
  Optional<String> problem(byte[] encoded, byte[] digest) {
    try {
      return problem(read(encoded), digest);
    } catch (AnchorException e) {
      return Optional.of(e.failure().message());
    }
  }

  Optional<String> problem(TimeStampToken token, byte[] digest) {
    if (!java.util.Arrays.equals(token.getTimeStampInfo().getMessageImprintDigest(), digest)) {
      return Optional.of("it stamps something else");
    }
    try {
      List<X509CertificateHolder> signers =
          token.getCertificates().getMatches(null).stream()
              .filter(c -> token.getSID().match(c))
              .toList();
      if (signers.size() != 1) {
        return Optional.of("it does not bring the certificate of its signer");
      }
      X509CertificateHolder signer = signers.getFirst();
      // Also that the certificate is for time stamping and was valid at that time.
      token.validate(new JcaSimpleSignerInfoVerifierBuilder().build(signer));
      requireTrusted(token, signer);
      return Optional.empty();
    } catch (TSPException | OperatorCreationException | GeneralSecurityException e) {
      return Optional.of("its signature does not check: " + e.getMessage());
    } catch (RuntimeException e) {
      return Optional.of("it is malformed: " + e.getMessage());
    }
  }

  private void requireTrusted(TimeStampToken token, X509CertificateHolder signer)
      throws GeneralSecurityException {
    JcaX509CertificateConverter converter = new JcaX509CertificateConverter();
    X509Certificate leaf = converter.getCertificate(signer);
    if (anchors.stream().anyMatch(a -> leaf.equals(a.getTrustedCert()))) {
      return;
    }
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(leaf);
    for (X509CertificateHolder other : token.getCertificates().getMatches(null)) {
      X509Certificate certificate = converter.getCertificate(other);
      boolean anchor = anchors.stream().anyMatch(a -> certificate.equals(a.getTrustedCert()));
      if (!certificate.equals(leaf) && !anchor) {
        chain.add(certificate);
      }
    }
    CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(chain);
    PKIXParameters parameters = new PKIXParameters(anchors);
    // Old tokens outlive the services that would answer for their certificates.
    parameters.setRevocationEnabled(false);
    parameters.setDate(token.getTimeStampInfo().getGenTime());
    CertPathValidator.getInstance("PKIX").validate(path, parameters);
  }
}
