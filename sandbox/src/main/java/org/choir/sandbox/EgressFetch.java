package org.choir.sandbox;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.choir.core.Text;

/**
 * Fetches a page for a guest by the guest's own policy: every address on the way, each redirect's
 * too, is asked for and checked like a connection of the guest itself.
 */
final class EgressFetch {
  static final int BYTES_MAX = 10 << 20;
  private static final int REDIRECTS_MAX = 5;
  private static final int SHOWN_MAX = 120;
  private static final Set<String> MOVED = Set.of("301", "302", "303", "307", "308");

  private final Egress egress;
  private final Egress.Client client;
  private final SSLSocketFactory tls;

  EgressFetch(Egress egress, Egress.Client client, SSLSocketFactory tls) {
    this.egress = egress;
    this.client = client;
    this.tls = tls;
  }

  /**
   * Fetches.
   *
   * @throws EgressException {@code egress_bad_request} for what is no http or https address, or why
   *     the page cannot be had
   */
  GuestCalls.Page fetch(String url) {
    String next = url;
    for (int hop = 0; hop <= REDIRECTS_MAX; hop++) {
      URI at = uri(next);
      Answer answer = ask(at);
      if (answer.location().isEmpty()) {
        return new GuestCalls.Page(at.toString(), answer.type(), answer.body());
      }
      try {
        next = at.resolve(answer.location().get()).toString();
      } catch (IllegalArgumentException e) {
        throw HttpHead.bad("a redirect to nowhere");
      }
    }
    throw HttpHead.bad("more than " + REDIRECTS_MAX + " redirects");
  }

  private record Answer(Optional<String> location, String type, byte[] body) {}

  private static URI uri(String text) {
    try {
      URI uri = new URI(text);
      boolean known = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (known && uri.getHost() != null && uri.getRawUserInfo() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      throw HttpHead.bad("'" + Text.visible(text, SHOWN_MAX) + "' is no address");
    }
    throw HttpHead.bad("'" + Text.visible(text, SHOWN_MAX) + "' is no http or https address");
  }

  private Answer ask(URI uri) {
    boolean secure = "https".equals(uri.getScheme());
    int port = uri.getPort() > 0 ? uri.getPort() : secure ? 443 : 80;
    try (Dialed dialed = egress.dial(client, uri.getHost(), port)) {
      try {
        return answer(uri, dialed, secure, port);
      } catch (EgressException e) {
        dialed.because(e.code());
        throw e;
      } catch (SocketTimeoutException e) {
        dialed.because("egress_timeout");
        throw unreachable(dialed, "no answer in time");
      } catch (IOException e) {
        dialed.because("cut");
        throw unreachable(dialed, String.valueOf(e.getMessage()));
      }
    } catch (IOException e) {
      throw new EgressException(
          "egress_unreachable", 502, "the connection broke: " + e.getMessage(), "try again later");
    }
  }

  private Answer answer(URI uri, Dialed dialed, boolean secure, int port) throws IOException {
    Socket socket = dialed.socket();
    socket.setSoTimeout((int) Math.max(1, egress.limits().idle().toMillis()));
    if (secure) {
      SSLSocket wrapped = (SSLSocket) tls.createSocket(socket, dialed.host().text(), port, false);
      SSLParameters parameters = wrapped.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      wrapped.setSSLParameters(parameters);
      wrapped.startHandshake();
      socket = wrapped;
    }
    String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
    String authority = dialed.host().inUrl() + (port == (secure ? 443 : 80) ? "" : ":" + port);
    byte[] request =
        new HttpHead(
                "GET " + path + query + " HTTP/1.1",
                List.of(
                    new HttpHead.Field("Host", authority),
                    new HttpHead.Field("User-Agent", "choir"),
                    new HttpHead.Field(
                        "Accept", "text/html, text/plain, application/pdf, */*;q=0.5"),
                    new HttpHead.Field("Accept-Encoding", "identity"),
                    new HttpHead.Field("Connection", "close")))
            .bytes();
    OutputStream out = socket.getOutputStream();
    dialed.send(out, request, request.length);
    out.flush();
    InputStream in = new BufferedInputStream(socket.getInputStream(), Frame.CHUNK);
    HttpHead head = HttpHead.read(in).orElseThrow(() -> unreachable(dialed, "no answer"));
    dialed.receive(head.bytes().length);
    String[] words = head.first().split(" ", 3);
    String status = words.length > 1 ? words[1] : "";
    if (MOVED.contains(status) && head.field("location").isPresent()) {
      return new Answer(head.field("location"), "", new byte[0]);
    }
    if (!status.equals("200")) {
      throw unreachable(dialed, "it answers " + Text.visible(head.first(), SHOWN_MAX));
    }
    return new Answer(
        Optional.empty(), head.field("content-type").orElse(""), body(head, in, dialed));
  }

  private static byte[] body(HttpHead head, InputStream in, Dialed dialed) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    HttpBody.Sink sink =
        (bytes, n) -> {
          if (dialed.patience().isZero()) {
            throw new SocketTimeoutException("the page takes too long");
          }
          if (body.size() + n > BYTES_MAX) {
            throw new EgressException(
                "egress_too_large", 502, "the page has more than " + BYTES_MAX + " bytes", "");
          }
          dialed.receive(n);
          body.write(bytes, 0, n);
        };
    switch (head.body().orElse(null)) {
      case HttpHead.Body.Sized sized -> HttpBody.copy(in, sized.bytes(), sink);
      case HttpHead.Body.Chunked chunked -> HttpBody.chunks(in, sink, false);
      case null -> HttpBody.toTheEnd(in, sink);
    }
    return body.toByteArray();
  }

  private static EgressException unreachable(Dialed dialed, String why) {
    return new EgressException(
        "egress_unreachable",
        502,
        dialed.host() + ":" + dialed.port() + ": " + why,
        "try again later");
  }
}
