package org.choir.knowledge.formats;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.UnusableSource;

/**
 * Comma-separated values as in RFC 4180, with line breaks inside quotes. The first record names the
 * columns; each further one becomes a line {@code column: value; ...} whose locator counts records
 * as a spreadsheet does, the header being row 1. Semicolons, tabs and bars are recognised as
 * separators from the header.
 */
final class CsvReader implements FormatReader {
  private static final String SEPARATORS = ",;\t|";

  @Override
  public Extraction read(byte[] file, ReadLimits limits) {
    String text = Decoding.text(file);
    limits.checkText(text.length());
    Records records = new Records(text, separator(text));
    List<String> header = records.next().orElse(List.of());
    List<TextBlock> blocks = new ArrayList<>();
    long chars = 0;
    int row = 1;
    for (Optional<List<String>> next = records.next(); next.isPresent(); next = records.next()) {
      row++;
      String line = render(header, next.get());
      if (!line.isEmpty()) {
        // Each row repeats the names of its columns, so a small file can make a long text.
        limits.checkText(chars += line.length());
        blocks.add(TextBlock.of(TextBlock.Kind.ROW, line, "row=" + row));
      }
    }
    if (blocks.isEmpty()) {
      String only = Clean.line(String.join("; ", header));
      if (only.isEmpty()) {
        throw new UnusableSource("empty", "the table has no rows");
      }
      blocks.add(TextBlock.of(TextBlock.Kind.ROW, only, "row=1"));
    }
    return new Extraction("text/csv", "", blocks);
  }

  private static String render(List<String> header, List<String> row) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      String value = Clean.line(row.get(i));
      if (value.isEmpty()) {
        continue;
      }
      String name = i < header.size() ? Clean.line(header.get(i)) : "";
      out.append(out.isEmpty() ? "" : "; ").append(name).append(name.isEmpty() ? "" : ": ");
      out.append(value);
    }
    return out.toString();
  }

  private static char separator(String text) {
    int[] counts = new int[SEPARATORS.length()];
    boolean quoted = false;
    for (int i = 0; i < text.length() && (quoted || text.charAt(i) != '\n'); i++) {
      char c = text.charAt(i);
      quoted ^= c == '"';
      int separator = quoted ? -1 : SEPARATORS.indexOf(c);
      if (separator >= 0) {
        counts[separator]++;
      }
    }
    int best = 0;
    for (int i = 1; i < counts.length; i++) {
      best = counts[i] > counts[best] ? i : best;
    }
    return SEPARATORS.charAt(best);
  }

  /** Cuts a text into records. */
  private static final class Records {
    private final String text;
    private final char separator;
    private int at;
    private int record;

    Records(String text, char separator) {
      this.text = text;
      this.separator = separator;
    }

    Optional<List<String>> next() {
      if (at >= text.length()) {
        return Optional.empty();
      }
      record++;
      List<String> fields = new ArrayList<>();
      while (true) {
        fields.add(at < text.length() && text.charAt(at) == '"' ? quoted() : plain());
        if (at >= text.length() || endOfRecord()) {
          return Optional.of(fields);
        }
        at++;
        if (at >= text.length()) {
          fields.add("");
          return Optional.of(fields);
        }
      }
    }

    private boolean endOfRecord() {
      char c = text.charAt(at);
      if (c == '\r' || c == '\n') {
        at += c == '\r' && at + 1 < text.length() && text.charAt(at + 1) == '\n' ? 2 : 1;
        return true;
      }
      return false;
    }

    private String plain() {
      int start = at;
      while (at < text.length()) {
        char c = text.charAt(at);
        if (c == separator || c == '\r' || c == '\n') {
          break;
        }
        at++;
      }
      return text.substring(start, at);
    }

    private String quoted() {
      StringBuilder out = new StringBuilder();
      for (at++; at < text.length(); at++) {
        char c = text.charAt(at);
        if (c != '"') {
          out.append(c);
        } else if (at + 1 < text.length() && text.charAt(at + 1) == '"') {
          out.append('"');
          at++;
        } else {
          at++;
          // What stands between the closing quote and the separator is kept, as spreadsheets do.
          return out.append(plain()).toString();
        }
      }
      throw new UnusableSource("broken", "the quote opened in record " + record + " never closes");
    }
  }
}
