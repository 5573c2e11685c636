package org.choir.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The first line and the fields of an HTTP/1 message, read strictly (RFC 9112): what two programs
 * might read differently is refused, because one of them is the checker.
 *
 * @param fields in their order; names as written
 */
record HttpHead(String first, List<Field> fields) {
  static final int BYTES_MAX = 32 << 10;

  private static final int FIELDS_MAX = 100;
  private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  /** Meant for the next hop alone (RFC 9110, section 7.6.1), and what this proxy answers itself. */
  private static final Set<String> HOP =
      Set.of(
          "connection",
          "keep-alive",
          "proxy-connection",
          "proxy-authorization",
          "proxy-authenticate",
          "te",
          "trailer",
          "upgrade",
          "expect",
          "http2-settings");

  record Field(String name, String value) {
    boolean is(String lower) {
      return name.toLowerCase(Locale.ROOT).equals(lower);
    }
  }

  /** How the body of a message is framed. */
  sealed interface Body {
    /** So many bytes. */
    record Sized(long bytes) implements Body {}

    /** In chunks, each with its size. */
    record Chunked() implements Body {}
  }

  /**
   * Reads up to the empty line; empty if the connection ended before the first byte.
   *
   * @throws EgressException {@code egress_bad_request} for what is no clean HTTP
   */
  static Optional<HttpHead> read(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int tail = 0; // the last four bytes
    for (int b = in.read(); b >= 0; b = in.read()) {
      head.write(b);
      tail = tail << 8 | b;
      if (tail == 0x0d0a0d0a) {
        return Optional.of(parse(head.toString(StandardCharsets.ISO_8859_1)));
      }
      if (head.size() >= BYTES_MAX) {
        throw bad("a head of more than " + BYTES_MAX + " bytes");
      }
    }
    if (head.size() > 0) {
      throw bad("it ended in the middle of its head");
    }
    return Optional.empty();
  }

  private static HttpHead parse(String text) {
    String[] lines = text.substring(0, text.length() - 4).split("\r\n", -1);
    List<Field> fields = new ArrayList<>();
    for (String line : lines) {
      if (!line.chars().allMatch(c -> c == '\t' || (c >= 0x20 && c != 0x7f))) {
        throw bad("a control character in its head");
      }
    }
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      if (colon < 1 || !NAME.matcher(lines[i].substring(0, colon)).matches()) {
        throw bad("a field without a name");
      }
      fields.add(new Field(lines[i].substring(0, colon), lines[i].substring(colon + 1).strip()));
    }
    if (fields.size() > FIELDS_MAX) {
      throw bad("more than " + FIELDS_MAX + " fields");
    }
    return new HttpHead(lines[0], List.copyOf(fields));
  }

  /** How this message's body is framed; nothing if it says nothing of one. */
  Optional<Body> body() {
    OptionalLong length = OptionalLong.empty();
    boolean chunked = false;
    for (Field field : fields) {
      if (field.is("content-length")) {
        if (length.isPresent() || !field.value().matches("[0-9]{1,15}")) {
          throw bad("a content-length of '" + field.value() + "'");
        }
        length = OptionalLong.of(Long.parseLong(field.value()));
      } else if (field.is("transfer-encoding")) {
        if (chunked || !field.value().equalsIgnoreCase("chunked")) {
          throw bad("a transfer-encoding of '" + field.value() + "'");
        }
        chunked = true;
      }
    }
    if (chunked && length.isPresent()) {
      throw bad("both a content-length and a transfer-encoding");
    }
    return chunked
        ? Optional.of(new Body.Chunked())
        : length.isPresent() ? Optional.of(new Body.Sized(length.getAsLong())) : Optional.empty();
  }

  Optional<String> field(String lower) {
    return fields.stream().filter(f -> f.is(lower)).map(Field::value).findFirst();
  }

  /**
   * The fields to pass on: none that is for one hop, named so by this message or by the protocol.
   */
  List<Field> endToEnd() {
    Set<String> dropped = new HashSet<>(HOP);
    for (Field field : fields) {
      if (field.is("connection")) {
        for (String name : field.value().split(",", -1)) {
          dropped.add(name.strip().toLowerCase(Locale.ROOT));
        }
      }
    }
    // Whoever names these as its own hop's would change how the body is read.
    dropped.remove("content-length");
    dropped.remove("transfer-encoding");
    return fields.stream()
        .filter(f -> !dropped.contains(f.name().toLowerCase(Locale.ROOT)))
        .toList();
  }

  /** As it goes over the wire. */
  byte[] bytes() {
    StringBuilder out = new StringBuilder(first).append("\r\n");
    fields.forEach(f -> out.append(f.name()).append(": ").append(f.value()).append("\r\n"));
    return out.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  static EgressException bad(String what) {
    return new EgressException(
        "egress_bad_request", 400, "not a request this proxy understands: " + what, "");
  }
}
