package org.choir.sandbox;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a request to the proxy wants to go (RFC 9112, section 3.2): {@code CONNECT host:port} or
 * the absolute form {@code METHOD http://host[:port]/path}.
 *
 * @param host as written
 * @param path with query, empty for {@code CONNECT}
 */
record HttpTarget(String method, String host, int port, String path) {
  private static final String HOST = "(\\[[0-9A-Fa-f:.]+\\]|[^\\[\\]:/?#@\\s]+)";
  private static final Pattern CONNECT =
      Pattern.compile("CONNECT " + HOST + ":([0-9]{1,5}) HTTP/1\\.[01]");
  private static final Pattern ABSOLUTE =
      Pattern.compile(
          "([A-Z][A-Z-]{0,19}) (?i:http)://"
              + HOST
              + "(?::([0-9]{1,5})?)?((?:[/?][\\x21-\\x7e&&[^#]]*)?) HTTP/1\\.[01]");

  /**
   * Reads a request's first line.
   *
   * @throws EgressException {@code egress_bad_request}
   */
  static HttpTarget of(String line) {
    Matcher tunnel = CONNECT.matcher(line);
    if (tunnel.matches()) {
      return new HttpTarget("CONNECT", tunnel.group(1), port(tunnel.group(2)), "");
    }
    Matcher plain = ABSOLUTE.matcher(line);
    if (!plain.matches() || plain.group(1).equals("CONNECT")) {
      throw HttpHead.bad("its first line is neither CONNECT host:port nor METHOD http://host/path");
    }
    String path = plain.group(4);
    return new HttpTarget(
        plain.group(1),
        plain.group(2),
        plain.group(3) == null ? 80 : port(plain.group(3)),
        path.startsWith("/") ? path : "/" + path);
  }

  private static int port(String digits) {
    int port = Integer.parseInt(digits);
    if (port < 1 || port > 65_535) {
      throw HttpHead.bad("port " + port);
    }
    return port;
  }

  boolean tunnel() {
    return method.equals("CONNECT");
  }
}
