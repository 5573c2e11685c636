package org.choir.knowledge.web;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.choir.core.PublicAddresses;
import org.choir.core.Text;

/**
 * Gets a page over HTTP/1.1 from an address that a stranger wrote. The name is resolved once, every
 * address it has must be a public one, and the connection is made to the address that was checked,
 * so that a name cannot turn into another address in between; each redirect goes through the same.
 * No cookies, no credentials, no scripts. Thread-safe.
 */
public final class WebFetcher {
  /** As a plain reader; a server that wants more is not a source that a reader can check. */
  private static final String AGENT = "Mozilla/5.0 (compatible; Choir; source check)";

  private final Resolver resolver;
  private final Set<String> allowPrivate;
  private final WebLimits limits;
  private final Dials dials;

  /** Finds the addresses of a name. */
  @FunctionalInterface
  public interface Resolver {
    /** All of them, at least one. */
    InetAddress[] addresses(String host) throws UnknownHostException;
  }

  /**
   * @param allowPrivate {@code host:port}, in lower case, that may be reached although their
   *     addresses are not public
   */
  public WebFetcher(Resolver resolver, Set<String> allowPrivate, WebLimits limits) {
    this(resolver, Set.copyOf(allowPrivate), limits, Dials.NONE);
  }

  private WebFetcher(Resolver resolver, Set<String> allowPrivate, WebLimits limits, Dials dials) {
    this.resolver = resolver;
    this.allowPrivate = allowPrivate;
    this.limits = limits;
    this.dials = dials;
  }

  /** With the machine's resolver and the usual limits. */
  public static WebFetcher of(Set<String> allowPrivate) {
    return of(allowPrivate, WebLimits.DEFAULT);
  }

  /** With the machine's resolver. */
  public static WebFetcher of(Set<String> allowPrivate, WebLimits limits) {
    return new WebFetcher(InetAddress::getAllByName, allowPrivate, limits);
  }

  /** The same, telling somebody of every connection. */
  public WebFetcher telling(Dials other) {
    return new WebFetcher(resolver, allowPrivate, limits, other);
  }

  /** Asks for a page and follows its redirects. */
  public WebAnswer fetch(URI asked) {
    long deadline = System.nanoTime() + limits.total().toNanos();
    List<URI> redirects = new ArrayList<>();
    URI at = asked;
    try {
      while (true) {
        HttpAnswer answer = get(at, deadline);
        Optional<String> next = answer.redirect();
        if (next.isEmpty()) {
          return new WebAnswer.Page(
              asked,
              at,
              redirects,
              answer.status(),
              answer.mediaType(),
              answer.charset(),
              answer.body());
        }
        if (redirects.size() == limits.redirects()) {
          return failed(asked, "too_many_redirects", "more than " + limits.redirects());
        }
        URI target = at.resolve(address(next.get()));
        redirects.add(target);
        at = target;
      }
    } catch (Refused e) {
      return failed(asked, e.code, at.equals(asked) ? e.reason : "after a redirect: " + e.reason);
    } catch (SocketTimeoutException e) {
      return failed(
          asked, "timeout", "no whole answer within " + limits.total().toSeconds() + " s");
    } catch (UnknownHostException e) {
      return failed(asked, "unknown_host", "there is no host " + Text.visible(host(at), 100));
    } catch (IOException | IllegalArgumentException e) {
      String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      return failed(asked, "no_connection", Text.visible(why, 160));
    }
  }

  private static WebAnswer failed(URI asked, String code, String reason) {
    return new WebAnswer.Failed(asked, code, reason);
  }

  /** Why an address is not asked, or an answer not used. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1;
    private final String code;
    private final String reason;

    Refused(String code, String reason) {
      super(reason);
      this.code = code;
      this.reason = reason;
    }
  }

  private static URI address(String written) throws Refused {
    try {
      return URI.create(written.strip().replace(" ", "%20"));
    } catch (IllegalArgumentException e) {
      throw new Refused("bad_address", "not an address: " + Text.visible(written, 100));
    }
  }

  private static String host(URI at) {
    String host = at.getHost();
    return host == null ? "" : host.toLowerCase(Locale.ROOT);
  }

  private HttpAnswer get(URI at, long deadline) throws IOException {
    String scheme = at.getScheme() == null ? "" : at.getScheme().toLowerCase(Locale.ROOT);
    boolean secure = scheme.equals("https");
    if (!secure && !scheme.equals("http")) {
      throw new Refused("bad_address", "only http and https are fetched");
    }
    if (at.getUserInfo() != null || host(at).isEmpty()) {
      throw new Refused("bad_address", "an address with a host and without a user is needed");
    }
    int port = at.getPort() >= 0 ? at.getPort() : secure ? 443 : 80;
    InetAddress address;
    try {
      address = checked(host(at), port);
    } catch (Refused e) {
      dials.refused(host(at), port, e.code);
      throw e;
    }
    Dials.Open open = dials.open(host(at), port, address.getHostAddress());
    String reason = "no_connection";
    byte[] request = request(at, port, secure);
    long sent = 0;
    Timed in = null;
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, port), left(deadline));
      Socket channel = secure ? secured(socket, host(at), port, deadline) : socket;
      channel.getOutputStream().write(request);
      channel.getOutputStream().flush();
      sent = request.length;
      in = new Timed(channel, deadline);
      HttpAnswer answer = HttpAnswer.read(in, limits.bodyBytes());
      reason = "allowed";
      return answer;
    } catch (Refused e) {
      reason = e.code;
      throw e;
    } catch (SocketTimeoutException e) {
      reason = "timeout";
      throw e;
    } finally {
      open.closed(reason, sent, in == null ? 0 : in.received);
    }
  }

  /** One of the host's addresses, all of which may be connected to. */
  private InetAddress checked(String host, int port) throws IOException {
    String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    InetAddress[] all = resolver.addresses(bare);
    if (all.length == 0) {
      throw new UnknownHostException(bare);
    }
    boolean exempt =
        allowPrivate.contains(bare + ":" + port) || allowPrivate.contains(host + ":" + port);
    for (InetAddress address : all) {
      Optional<String> refusal = PublicAddresses.refusal(address.getAddress());
      if (refusal.isPresent() && !exempt) {
        throw new Refused(
            "private_address",
            Text.visible(bare, 100) + " is " + refusal.get() + ", not a public one");
      }
    }
    return all[0];
  }

  private static Socket secured(Socket socket, String host, int port, long deadline)
      throws IOException {
    SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
    SSLSocket secured = (SSLSocket) factory.createSocket(socket, host, port, true);
    SSLParameters parameters = secured.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    if (!host.startsWith("[") && !host.matches("[0-9.]+")) {
      parameters.setServerNames(List.of(new SNIHostName(host)));
    }
    secured.setSSLParameters(parameters);
    secured.setSoTimeout(left(deadline));
    secured.startHandshake();
    return secured;
  }

  private static byte[] request(URI at, int port, boolean secure) {
    String path = at.getRawPath() == null || at.getRawPath().isEmpty() ? "/" : at.getRawPath();
    String query = at.getRawQuery() == null ? "" : "?" + at.getRawQuery();
    boolean usual = port == (secure ? 443 : 80);
    String head =
        "GET "
            + path
            + query
            + " HTTP/1.1\r\nHost: "
            + host(at)
            + (usual ? "" : ":" + port)
            + "\r\nUser-Agent: "
            + AGENT
            + "\r\nAccept: text/html,application/xhtml+xml,text/plain,application/pdf;q=0.9"
            + "\r\nAccept-Language: en\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n";
    // A URI's raw form is ASCII, but for letters that a server or a writer left unescaped.
    return ascii(head);
  }

  private static byte[] ascii(String head) {
    StringBuilder out = new StringBuilder();
    for (byte b : head.getBytes(StandardCharsets.UTF_8)) {
      out.append(b < 0 ? String.format("%%%02X", b & 0xff) : String.valueOf((char) b));
    }
    return out.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static int left(long deadline) throws SocketTimeoutException {
    long millis = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
    if (millis <= 0) {
      throw new SocketTimeoutException("the time is over");
    }
    return (int) Math.min(millis, Integer.MAX_VALUE);
  }

  /** A socket's input whose every read ends at the deadline, however slowly the bytes drip. */
  private static final class Timed extends InputStream {
    private final Socket socket;
    private final long deadline;
    private long received;

    Timed(Socket socket, long deadline) {
      this.socket = socket;
      this.deadline = deadline;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int from, int length) throws IOException {
      socket.setSoTimeout(left(deadline));
      int read = socket.getInputStream().read(to, from, length);
      received += Math.max(0, read);
      return read;
    }
  }
}
