package org.choir.knowledge;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The charset that a server names rules over what a page says of itself (WHATWG HTML, 13.2.3.2),
 * unless the page's bytes are none of it: servers are configured once and pages written by many.
 */
final class PageCharset {
  private static final Pattern SAYS_OTHERWISE =
      Pattern.compile(
          "(?:charset|encoding)\\s*=\\s*[\"']?(?!utf-?8)[a-z0-9]", Pattern.CASE_INSENSITIVE);

  /** As far as the web looks for a declaration (WHATWG HTML, 13.2.3.2). */
  private static final int PRESCAN_BYTES = 1_024;

  private static final byte[] MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private PageCharset() {}

  /**
   * The page in UTF-8, with a mark that says so; the bytes as they are if the server names no
   * charset, one that nobody knows, or one that they are not in.
   */
  static byte[] utf8(byte[] page, String named) {
    if (named.isEmpty() || isMarked(page)) {
      return page;
    }
    String text;
    try {
      text =
          charset(named)
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(page))
              .toString();
    } catch (IllegalCharsetNameException
        | UnsupportedCharsetException
        | UnsupportedOperationException
        | CharacterCodingException notThat) {
      return page;
    }
    if (named.equalsIgnoreCase("utf-8") && !SAYS_OTHERWISE.matcher(head(page)).find()) {
      return page; // as it would be read anyway, under the digest of the bytes that were served
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(page.length + MARK.length);
    out.writeBytes(MARK);
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    return out.toByteArray();
  }

  private static String head(byte[] page) {
    return new String(page, 0, Math.min(page.length, PRESCAN_BYTES), StandardCharsets.ISO_8859_1);
  }

  /** The labels that the web reads as windows-1252 (WHATWG Encoding) are read so here too. */
  private static Charset charset(String named) {
    String label = named.toLowerCase(Locale.ROOT);
    boolean western =
        label.equals("iso-8859-1") || label.equals("latin1") || label.equals("us-ascii");
    return Charset.forName(western ? "windows-1252" : label);
  }

  private static boolean isMarked(byte[] page) {
    boolean utf8 =
        page.length > 2 && page[0] == MARK[0] && page[1] == MARK[1] && page[2] == MARK[2];
    boolean utf16 =
        page.length > 1
            && ((page[0] == (byte) 0xFE && page[1] == (byte) 0xFF)
                || (page[0] == (byte) 0xFF && page[1] == (byte) 0xFE));
    return utf8 || utf16;
  }
}
