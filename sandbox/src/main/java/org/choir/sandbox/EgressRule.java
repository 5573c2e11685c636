package org.choir.sandbox;

import java.util.Optional;
import org.choir.core.Text;

/**
 * One line of an allow list: {@code example.org} (this host, ports 80 and 443), {@code
 * *.example.org} (every host below it, not itself), {@code example.org:8443} (this port alone), an
 * IP address likewise ({@code 192.0.2.7:8080}, {@code [2001:db8::1]:443}).
 *
 * @param host in its one form, without the {@code *.}
 * @param below whether hosts below it are meant, and not itself
 * @param port empty for 80 and 443
 */
public record EgressRule(String host, boolean below, Optional<Integer> port) {
  private static final int SHOWN_MAX = 80;

  /**
   * Reads a line.
   *
   * @throws EgressException {@code egress_bad_rule} with what is wrong
   */
  public static EgressRule of(String line) {
    String text = line.strip();
    int colon = text.lastIndexOf(':');
    boolean bare = text.indexOf(':') != colon && !text.endsWith("]") && !text.contains("]:");
    Optional<Integer> port = Optional.empty();
    if (colon >= 0 && !bare && !text.endsWith("]")) {
      port = Optional.of(port(line, text.substring(colon + 1)));
      text = text.substring(0, colon);
    }
    boolean below = text.startsWith("*.");
    HostName host;
    try {
      host = HostName.of(below ? text.substring(2) : text);
    } catch (EgressException e) {
      throw bad(line, e.failure().message());
    }
    if (below && (host.address() || !host.text().contains("."))) {
      throw bad(line, "'*.' stands before a domain of at least two labels");
    }
    return new EgressRule(host.text(), below, port);
  }

  private static int port(String line, String text) {
    if (text.matches("[0-9]{1,5}")) {
      int port = Integer.parseInt(text);
      if (port >= 1 && port <= 65_535) {
        return port;
      }
    }
    throw bad(line, "a port is a number from 1 to 65535");
  }

  private static EgressException bad(String line, String why) {
    return new EgressException(
        "egress_bad_rule",
        400,
        "'" + Text.visible(line, SHOWN_MAX) + "' is no rule of an allow list: " + why,
        "write example.org, *.example.org or example.org:8443");
  }

  boolean allows(HostName name, int toPort) {
    boolean same =
        below ? !name.address() && name.text().endsWith("." + host) : name.text().equals(host);
    return same && (port.isPresent() ? port.get() == toPort : toPort == 80 || toPort == 443);
  }

  /** As {@link #of} reads it. */
  @Override
  public String toString() {
    String name = (below ? "*." : "") + (host.contains(":") ? "[" + host + "]" : host);
    return port.map(p -> name + ":" + p).orElse(name);
  }
}
