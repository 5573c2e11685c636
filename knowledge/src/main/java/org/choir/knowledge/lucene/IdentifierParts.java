package org.choir.knowledge.lucene;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.apache.lucene.analysis.TokenFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;
import org.apache.lucene.util.AttributeSource;
import org.jspecify.annotations.Nullable;

/**
 * Adds the parts of {@code max_wal_size}, {@code postgresql.conf} and {@code sourceLibrary} to the
 * whole, at the same position, and takes the possessive off a word. {@code PostgreSQL} stays whole:
 * a part is begun by a capital before a small letter only.
 */
final class IdentifierParts extends TokenFilter {
  private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
  private final PositionIncrementAttribute step = addAttribute(PositionIncrementAttribute.class);
  private final Deque<String> waiting = new ArrayDeque<>();
  private AttributeSource.@Nullable State whole;

  IdentifierParts(TokenStream input) {
    super(input);
  }

  @Override
  public boolean incrementToken() throws IOException {
    if (!waiting.isEmpty()) {
      restoreState(whole);
      term.setEmpty().append(waiting.pop());
      step.setPositionIncrement(0);
      return true;
    }
    if (!input.incrementToken()) {
      return false;
    }
    String text = term.toString();
    if (text.endsWith("'s") || text.endsWith("’s")) {
      text = text.substring(0, text.length() - 2);
      term.setLength(text.length());
    }
    List<String> parts = parts(text);
    if (parts.size() > 1) {
      waiting.addAll(parts);
      whole = captureState();
    }
    return true;
  }

  @Override
  public void reset() throws IOException {
    super.reset();
    waiting.clear();
    whole = null;
  }

  private static List<String> parts(String text) {
    List<String> parts = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      boolean separator =
          i < text.length()
              && !Character.isLetterOrDigit(text.charAt(i))
              && !Character.isSurrogate(text.charAt(i));
      boolean camel =
          i > start
              && i + 1 < text.length()
              && Character.isUpperCase(text.charAt(i))
              && Character.isLowerCase(text.charAt(i - 1))
              && Character.isLowerCase(text.charAt(i + 1));
      if (i == text.length() || separator || camel) {
        if (i > start) {
          parts.add(text.substring(start, i));
        }
        start = separator ? i + 1 : i;
      }
    }
    return parts;
  }
}
