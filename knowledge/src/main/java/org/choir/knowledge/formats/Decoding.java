package org.choir.knowledge.formats;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bytes to text when nobody says how: a byte order mark, then what the document declares, then
 * strict UTF-8, else windows-1252, in which every old western file reads.
 */
final class Decoding {
  private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");
  // The WHATWG standard's prescan looks at the first 1024 bytes.
  private static final int PRESCAN_BYTES = 1024;
  private static final Pattern META_CHARSET =
      Pattern.compile("<meta[^>]{0,200}?charset\\s*=\\s*[\"']?([A-Za-z0-9_:.-]{2,40})");
  private static final Pattern XML_ENCODING =
      Pattern.compile("^<\\?xml[^>]{0,200}?encoding\\s*=\\s*[\"']([A-Za-z0-9_:.-]{2,40})");

  private Decoding() {}

  /** Text that declares nothing about itself. */
  static String text(byte[] bytes) {
    return marked(bytes).orElseGet(() -> undeclared(bytes));
  }

  /** HTML or XML, which may name its charset. */
  static String markup(byte[] bytes) {
    return marked(bytes)
        .or(() -> declared(bytes).map(charset -> new String(bytes, charset)))
        .orElseGet(() -> undeclared(bytes));
  }

  private static Optional<String> marked(byte[] b) {
    if (starts(b, 0xEF, 0xBB, 0xBF)) {
      return Optional.of(new String(b, 3, b.length - 3, StandardCharsets.UTF_8));
    }
    if (starts(b, 0xFE, 0xFF)) {
      return Optional.of(new String(b, 2, b.length - 2, StandardCharsets.UTF_16BE));
    }
    if (starts(b, 0xFF, 0xFE)) {
      return Optional.of(new String(b, 2, b.length - 2, StandardCharsets.UTF_16LE));
    }
    return Optional.empty();
  }

  private static boolean starts(byte[] bytes, int... mark) {
    if (bytes.length < mark.length) {
      return false;
    }
    for (int i = 0; i < mark.length; i++) {
      if ((bytes[i] & 0xFF) != mark[i]) {
        return false;
      }
    }
    return true;
  }

  private static Optional<Charset> declared(byte[] bytes) {
    String head =
        new String(bytes, 0, Math.min(bytes.length, PRESCAN_BYTES), StandardCharsets.ISO_8859_1);
    for (Pattern pattern : new Pattern[] {XML_ENCODING, META_CHARSET}) {
      Matcher matcher = pattern.matcher(head);
      if (matcher.find()) {
        return charset(matcher.group(1)).filter(found -> decodes(bytes, found));
      }
    }
    return Optional.empty();
  }

  private static Optional<Charset> charset(String name) {
    String label = name.toLowerCase(Locale.ROOT);
    // The labels that the web reads as windows-1252 (WHATWG Encoding standard).
    if (label.equals("iso-8859-1") || label.equals("latin1") || label.equals("us-ascii")) {
      return Optional.of(WINDOWS_1252);
    }
    // A prescan that could read the declaration rules UTF-16 out (same standard).
    if (label.startsWith("utf-16")) {
      return Optional.of(StandardCharsets.UTF_8);
    }
    try {
      return Optional.of(Charset.forName(label));
    } catch (IllegalCharsetNameException | UnsupportedCharsetException unknown) {
      return Optional.empty();
    }
  }

  private static boolean decodes(byte[] bytes, Charset charset) {
    return !charset.equals(StandardCharsets.UTF_8) || strict(bytes).isPresent();
  }

  private static String undeclared(byte[] bytes) {
    return strict(bytes).orElseGet(() -> new String(bytes, WINDOWS_1252));
  }

  private static Optional<String> strict(byte[] bytes) {
    try {
      return Optional.of(
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes))
              .toString());
    } catch (CharacterCodingException notUtf8) {
      return Optional.empty();
    }
  }
}
