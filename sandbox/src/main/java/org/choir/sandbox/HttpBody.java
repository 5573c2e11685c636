package org.choir.sandbox;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Passes the body of an HTTP/1 message on, exactly as long as its head says (RFC 9112). */
final class HttpBody {
  private static final int CHUNK_LINE_MAX = 256;

  /** Takes what was read. */
  interface Sink {
    void take(byte[] bytes, int length) throws IOException;
  }

  private HttpBody() {}

  /** Copies the body; none if the head names none. */
  static void copy(Optional<HttpHead.Body> body, InputStream in, Sink sink) throws IOException {
    if (body.isEmpty()) {
      return;
    }
    switch (body.get()) {
      case HttpHead.Body.Sized sized -> copy(in, sized.bytes(), sink);
      case HttpHead.Body.Chunked chunked -> chunks(in, sink, true);
    }
  }

  /** Copies up to the end of the stream. */
  static void toTheEnd(InputStream in, Sink sink) throws IOException {
    byte[] buffer = new byte[Frame.CHUNK];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      sink.take(buffer, n);
    }
  }

  static void copy(InputStream in, long count, Sink sink) throws IOException {
    byte[] buffer = new byte[Math.clamp(count, 1, Frame.CHUNK)];
    for (long left = count; left > 0; ) {
      int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (n < 0) {
        throw new EOFException("the body ended " + left + " bytes early");
      }
      sink.take(buffer, n);
      left -= n;
    }
  }

  /**
   * Copies chunks up to the last one; extensions and trailers are dropped.
   *
   * @param framed whether the sizes are passed on too
   */
  static void chunks(InputStream in, Sink sink, boolean framed) throws IOException {
    while (true) {
      String size = line(in).replaceFirst("[ \t]*;.*", "");
      if (!size.matches("[0-9A-Fa-f]{1,8}")) {
        throw HttpHead.bad("a chunk of '" + size + "'");
      }
      long bytes = Long.parseLong(size, 16);
      if (framed) {
        text(sink, Long.toHexString(bytes) + "\r\n");
      }
      if (bytes == 0) {
        while (!line(in).isEmpty()) {
          // a trailer, for nobody
        }
        if (framed) {
          text(sink, "\r\n");
        }
        return;
      }
      copy(in, bytes, sink);
      if (!line(in).isEmpty()) {
        throw HttpHead.bad("a chunk longer than its size");
      }
      if (framed) {
        text(sink, "\r\n");
      }
    }
  }

  private static void text(Sink sink, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    sink.take(bytes, bytes.length);
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    while (line.length() < CHUNK_LINE_MAX) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("the body ended in the middle of its chunks");
      }
      if (b == '\r') {
        if (in.read() != '\n') {
          throw HttpHead.bad("a line of its chunks without an end");
        }
        return line.toString();
      }
      line.append((char) b);
    }
    throw HttpHead.bad("a line of its chunks longer than " + CHUNK_LINE_MAX);
  }
}
