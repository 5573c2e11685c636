package org.choir.audit;

/**
 * Strings from outside, made safe to stand in a sentence of ours: on one line, without control,
 * bidirectional, invisible, private and tag characters, without anything that looks like a
 * quotation mark, with at most two combining marks in a row, and cut.
 *
 * <p>The tables stand here as numbers and do not ask the Java platform, whose Unicode version
 * changes with the JDK: the same string gives the same bytes everywhere.
 */
final class ProseText {
  /** From the first to the last code point of what is left out, in pairs. */
  private static final int[] LEFT_OUT = {
    0x00AD, 0x00AD, 0x034F, 0x034F, 0x0600, 0x0605, 0x061C, 0x061C, 0x06DD, 0x06DD, 0x070F, 0x070F,
    0x0890, 0x0891, 0x08E2, 0x08E2, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180F, 0x200B, 0x200F,
    0x202A, 0x202E, 0x2060, 0x206F, 0x3164, 0x3164, 0xD800, 0xF8FF, 0xFDD0, 0xFDEF, 0xFE00, 0xFE0F,
    0xFEFF, 0xFEFF, 0xFFA0, 0xFFA0, 0xFFF0, 0xFFFF, 0x110BD, 0x110BD, 0x110CD, 0x110CD, 0x13430,
    0x1345F, 0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A, 0xE0000, 0x10FFFF
  };

  private static final int[] BLANK = {
    0x0000, 0x0020, 0x007F, 0x00A0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x202F,
    0x205F, 0x205F, 0x2800, 0x2800, 0x3000, 0x3000
  };

  /** Quotation marks, and what can be taken for one in some font. */
  private static final int[] QUOTE = {
    0x0022, 0x0022, 0x0060, 0x0060, 0x00AB, 0x00AB, 0x00B4, 0x00B4, 0x00BB, 0x00BB, 0x02B9, 0x02BF,
    0x02C8, 0x02C8, 0x02CA, 0x02CB, 0x02DD, 0x02DD, 0x02EE, 0x02EE, 0x02F4, 0x02F6, 0x0384, 0x0384,
    0x055A, 0x055A, 0x05F3, 0x05F4, 0x07F4, 0x07F5, 0x1FBD, 0x1FBF, 0x1FEF, 0x1FEF, 0x1FFD, 0x1FFE,
    0x2018, 0x201F, 0x2032, 0x2037, 0x2039, 0x203A, 0x2057, 0x2057, 0x275B, 0x2760, 0x276E, 0x276F,
    0x2E00, 0x2E0D, 0x2E1C, 0x2E1D, 0x2E20, 0x2E21, 0x2E42, 0x2E42, 0x3003, 0x3003, 0x300A, 0x300F,
    0x301D, 0x301F, 0xA78B, 0xA78C, 0xFE41, 0xFE44, 0xFF02, 0xFF02, 0xFF07, 0xFF07, 0xFF40, 0xFF40,
    0xFF62, 0xFF63, 0x1F676, 0x1F678
  };

  private static final int[] COMBINING = {
    0x0300, 0x036F, 0x0483, 0x0489, 0x0591, 0x05BD, 0x0610, 0x061A, 0x064B, 0x065F, 0x1AB0, 0x1AFF,
    0x1DC0, 0x1DFF, 0x20D0, 0x20FF, 0x302A, 0x302F, 0x3099, 0x309A, 0xFE20, 0xFE2F
  };

  private static final int COMBINING_MAX = 2;

  private ProseText() {}

  /** The cleaned string of at most {@code max} code points, with an ellipsis where it was cut. */
  static String clean(String untrusted, int max) {
    StringBuilder out = new StringBuilder();
    int count = 0;
    int marks = COMBINING_MAX; // none at the start: it would stand on our own quotation mark
    boolean blank = true;
    for (int i = 0; i < untrusted.length(); ) {
      int point = untrusted.codePointAt(i);
      i += Character.charCount(point);
      if (in(BLANK, point)) {
        point = ' ';
      } else if (in(LEFT_OUT, point) || (point & 0xFFFE) == 0xFFFE) {
        continue;
      } else if (in(QUOTE, point)) {
        point = '\'';
      }
      if (in(COMBINING, point)) {
        if (marks++ >= COMBINING_MAX) {
          continue;
        }
      } else {
        marks = 0;
      }
      if (point == ' ' && blank) {
        marks = COMBINING_MAX;
        continue;
      }
      if (count == max) {
        return out.toString().stripTrailing() + "…";
      }
      blank = point == ' ';
      marks = blank ? COMBINING_MAX : marks;
      out.appendCodePoint(point);
      count++;
    }
    return out.toString().stripTrailing();
  }

  private static boolean in(int[] pairs, int point) {
    for (int i = 0; i < pairs.length; i += 2) {
      if (point >= pairs[i] && point <= pairs[i + 1]) {
        return true;
      }
    }
    return false;
  }
}
