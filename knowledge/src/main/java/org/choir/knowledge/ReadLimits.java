package org.choir.knowledge;

/**
 * How much of a file is read at most. A file beyond a limit is skipped as {@code too_large}, never
 * cut.
 *
 * @param fileBytes of one file
 * @param textChars of the text extracted from one file, in UTF-16 units
 * @param unpackedBytes of the entries of one zip container together
 * @param files of one reading; more are refused as a whole
 */
public record ReadLimits(long fileBytes, int textChars, long unpackedBytes, int files) {
  /** What a library uses unless told otherwise. */
  public static final ReadLimits DEFAULT =
      new ReadLimits(50L << 20, 20_000_000, 256L << 20, 200_000);

  /** Refuses a text that has grown beyond the limit. */
  public void checkText(long chars) {
    if (chars > textChars) {
      throw new UnusableSource("too_large", "its text is longer than " + textChars + " characters");
    }
  }
}
