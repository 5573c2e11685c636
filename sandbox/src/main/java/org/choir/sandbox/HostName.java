package org.choir.sandbox;

import java.net.IDN;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.choir.core.Text;

/**
 * The name of a host in its one form: lower case, internationalised labels as {@code xn--}, no dot
 * at the end; or an IP address, however it was written. {@code 0x7f.1}, {@code 2130706433} and
 * {@code 0177.0.0.1} are all {@code 127.0.0.1} (the WHATWG URL standard's rule for hosts that end
 * in a number), so that no spelling reaches what another one does not.
 *
 * @param text the form to compare and to resolve; an IPv6 address is without brackets
 * @param address whether it is an IP address and not a name
 */
record HostName(String text, boolean address) {
  private static final int LENGTH_MAX = 253;
  private static final int SHOWN_MAX = 80;
  private static final Pattern NUMBER = Pattern.compile("[0-9]+|0x[0-9a-f]*");
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

  /**
   * Reads a host as it stands in a rule, in {@code CONNECT} or in a URL.
   *
   * @throws EgressException {@code egress_bad_host}
   */
  static HostName of(String written) {
    if (written.startsWith("[") && written.endsWith("]")) {
      return v6(written, written.substring(1, written.length() - 1));
    }
    if (written.contains(":")) {
      return v6(written, written);
    }
    String name;
    try {
      name = IDN.toASCII(written, IDN.USE_STD3_ASCII_RULES).toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException e) {
      throw bad(written);
    }
    name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    if (name.isEmpty() || name.length() > LENGTH_MAX) {
      throw bad(written);
    }
    String[] labels = name.split("\\.", -1);
    if (NUMBER.matcher(labels[labels.length - 1]).matches()) {
      return new HostName(v4(labels).orElseThrow(() -> bad(written)), true);
    }
    for (String label : labels) {
      if (!LABEL.matcher(label).matches()) {
        throw bad(written);
      }
    }
    return new HostName(name, false);
  }

  private static HostName v6(String written, String literal) {
    if (!literal.matches("[0-9A-Fa-f:.]{2,45}") || !literal.contains(":")) {
      throw bad(written);
    }
    try {
      return new HostName(InetAddress.ofLiteral(literal).getHostAddress(), true);
    } catch (IllegalArgumentException e) {
      throw bad(written);
    }
  }

  /** One to four numbers, decimal, octal or hexadecimal; the last fills the bytes that remain. */
  private static Optional<String> v4(String[] parts) {
    if (parts.length > 4) {
      return Optional.empty();
    }
    long value = 0;
    for (int i = 0; i < parts.length; i++) {
      Optional<Long> part = number(parts[i]);
      int bytes = i == parts.length - 1 ? 4 - i : 1;
      if (part.isEmpty() || part.get() >= 1L << (8 * bytes)) {
        return Optional.empty();
      }
      value = (value << (8 * bytes)) | part.get();
    }
    return Optional.of(
        "%d.%d.%d.%d"
            .formatted(value >> 24 & 0xff, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff));
  }

  private static Optional<Long> number(String text) {
    if (!NUMBER.matcher(text).matches() || text.length() > 20) {
      return Optional.empty();
    }
    try {
      if (text.startsWith("0x")) {
        return Optional.of(text.length() == 2 ? 0L : Long.parseLong(text.substring(2), 16));
      }
      boolean octal = text.length() > 1 && text.startsWith("0");
      return Optional.of(Long.parseLong(text, octal ? 8 : 10));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static EgressException bad(String written) {
    return new EgressException(
        "egress_bad_host",
        400,
        "'" + Text.visible(written, SHOWN_MAX) + "' is no name of a host",
        "write it as in example.org");
  }

  /** As a URL has it. */
  String inUrl() {
    return text.contains(":") ? "[" + text + "]" : text;
  }

  @Override
  public String toString() {
    return inUrl();
  }
}
