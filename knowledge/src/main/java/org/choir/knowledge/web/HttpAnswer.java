package org.choir.knowledge.web;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * One HTTP/1.1 answer, read from its bytes (RFC 9112): a length, chunks, or until the end.
 *
 * @param headers by name in lower case; the last of a name counts
 */
record HttpAnswer(int status, Map<String, String> headers, byte[] body) {
  private static final Pattern CHARSET =
      Pattern.compile(
          ";\\s*charset\\s*=\\s*[\"']?([A-Za-z0-9_:.-]{2,40})", Pattern.CASE_INSENSITIVE);

  private static final int LINE_BYTES = 16 << 10;
  private static final int HEADERS_MAX = 200;
  private static final int INTERIM_MAX = 5;

  static HttpAnswer read(InputStream from, int bodyBytes) throws IOException {
    InputStream in = new BufferedInputStream(from);
    for (int i = 0; i < INTERIM_MAX; i++) {
      int status = status(line(in));
      Map<String, String> headers = headers(in);
      if (status >= 200) {
        byte[] body =
            status == 204 || status == 304 || status / 100 == 3
                ? new byte[0]
                : decoded(body(in, headers, bodyBytes), headers, bodyBytes);
        return new HttpAnswer(status, headers, body);
      }
    }
    throw new WebFetcher.Refused("bad_answer", "interim answers without end");
  }

  /** Where it redirects to, if it does. */
  Optional<String> redirect() {
    boolean redirects =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    return redirects ? Optional.ofNullable(headers.get("location")) : Optional.empty();
  }

  String mediaType() {
    String type = headers.getOrDefault("content-type", "");
    int end = type.indexOf(';');
    return (end < 0 ? type : type.substring(0, end)).strip().toLowerCase(Locale.ROOT);
  }

  /** The charset that the server names; empty if it names none. */
  String charset() {
    Matcher named = CHARSET.matcher(headers.getOrDefault("content-type", ""));
    return named.find() ? named.group(1) : "";
  }

  private static int status(String line) throws IOException {
    if (!line.matches("HTTP/1\\.[01] \\d{3}(?: .*)?")) {
      throw new WebFetcher.Refused("bad_answer", "it does not speak HTTP/1.1");
    }
    return Integer.parseInt(line.substring(9, 12));
  }

  private static Map<String, String> headers(InputStream in) throws IOException {
    Map<String, String> headers = new HashMap<>();
    for (int i = 0; i < HEADERS_MAX; i++) {
      String line = line(in);
      if (line.isEmpty()) {
        return headers;
      }
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.put(
            line.substring(0, colon).strip().toLowerCase(Locale.ROOT),
            line.substring(colon + 1).strip());
      }
    }
    throw new WebFetcher.Refused("bad_answer", "too many header lines");
  }

  private static byte[] body(InputStream in, Map<String, String> headers, int most)
      throws IOException {
    if (headers
        .getOrDefault("transfer-encoding", "")
        .toLowerCase(Locale.ROOT)
        .contains("chunked")) {
      return chunked(in, most);
    }
    String length = headers.get("content-length");
    if (length == null) {
      return bounded(in, most);
    }
    if (!length.matches("\\d{1,18}")) {
      throw new WebFetcher.Refused("bad_answer", "its length is not a number");
    }
    if (Long.parseLong(length) > most) {
      throw tooLarge(most);
    }
    byte[] body = in.readNBytes(Integer.parseInt(length));
    if (body.length < Integer.parseInt(length)) {
      throw new WebFetcher.Refused("bad_answer", "it was cut off");
    }
    return body;
  }

  private static byte[] chunked(InputStream in, int most) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while (true) {
      String size = line(in).replaceAll(";.*", "").strip();
      if (!size.matches("[0-9a-fA-F]{1,8}")) {
        throw new WebFetcher.Refused("bad_answer", "a chunk without a size");
      }
      long length = Long.parseLong(size, 16);
      if (length == 0) {
        return all.toByteArray();
      }
      if (all.size() + length > most) {
        throw tooLarge(most);
      }
      byte[] chunk = in.readNBytes((int) length);
      if (chunk.length < length) {
        throw new WebFetcher.Refused("bad_answer", "it was cut off");
      }
      all.write(chunk);
      if (!line(in).isEmpty()) {
        throw new WebFetcher.Refused("bad_answer", "a chunk longer than its size");
      }
    }
  }

  /** Asked for or not, some servers compress. */
  private static byte[] decoded(byte[] body, Map<String, String> headers, int most)
      throws IOException {
    String encoding = headers.getOrDefault("content-encoding", "identity").toLowerCase(Locale.ROOT);
    return switch (encoding) {
      case "identity", "" -> body;
      case "gzip", "x-gzip" -> {
        try (InputStream plain = new GZIPInputStream(new ByteArrayInputStream(body))) {
          yield bounded(plain, most);
        }
      }
      default -> throw new WebFetcher.Refused("bad_answer", "it is encoded in a way not read here");
    };
  }

  private static byte[] bounded(InputStream in, int most) throws IOException {
    byte[] body = in.readNBytes(most + 1);
    if (body.length > most) {
      throw tooLarge(most);
    }
    return body;
  }

  private static IOException tooLarge(int most) {
    return new WebFetcher.Refused("too_large", "more than " + most + " bytes");
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("the answer ended in its head");
      }
      if (b == '\n') {
        String text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
      }
      if (line.size() == LINE_BYTES) {
        throw new WebFetcher.Refused("bad_answer", "a header line without end");
      }
      line.write(b);
    }
  }
}
