package org.choir.knowledge.qdrant;

import java.net.URI;
import java.time.Duration;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.choir.model.PlatformCredential;
import org.jspecify.annotations.Nullable;

/**
 * How a Qdrant is reached.
 *
 * @param address {@code http://HOST:PORT} or, with TLS, {@code https://HOST:PORT}; the port of gRPC
 *     is {@value #PORT} where none is named
 * @param key null where the server wants none
 * @param deadline for one question or one batch of changes, with its attempts
 */
public record QdrantServer(URI address, @Nullable PlatformCredential key, Duration deadline) {
  private static final int PORT = 6334;

  /** The address may name nothing but scheme, host and port; a key does not travel in the clear. */
  public QdrantServer {
    String scheme = address.getScheme() == null ? "" : address.getScheme();
    if (!(scheme.equals("http") || scheme.equals("https"))
        || address.getHost() == null
        || address.getRawUserInfo() != null
        || address.getRawQuery() != null
        || !(address.getRawPath().isEmpty() || address.getRawPath().equals("/"))) {
      throw ChoirException.usage(
          "bad_qdrant_url",
          Text.visible(address.toString(), 120) + " is no address of a Qdrant",
          "write knowledge.qdrant.url as http://HOST:6334, or https://HOST:6334 for TLS");
    }
    if (key != null && scheme.equals("http") && !isLoopback(address.getHost())) {
      throw ChoirException.usage(
          "plain_http",
          "the key in " + key.variable() + " would travel unencrypted to " + address.getHost(),
          "write knowledge.qdrant.url with https, or use a server on this machine");
    }
  }

  private static boolean isLoopback(String host) {
    return host.equals("localhost") || host.equals("[::1]") || host.startsWith("127.");
  }

  boolean tls() {
    return address.getScheme().equals("https");
  }

  int port() {
    return address.getPort() < 0 ? PORT : address.getPort();
  }
}
