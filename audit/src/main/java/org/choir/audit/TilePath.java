package org.choir.audit;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The place of a tile or an entry bundle in a log's folder (C2SP tlog-tiles): {@code
 * tile/<L>/<N>[.p/<W>]} and {@code tile/entries/<N>[.p/<W>]}.
 *
 * @param level 0 to 63, or {@link #ENTRIES} for a bundle of entries
 * @param index of the tile in its level
 * @param width 1 to 256 hashes or entries; 256 is a full tile
 */
record TilePath(int level, long index, int width) {
  static final int ENTRIES = -1;
  static final int FULL = 256;
  private static final Pattern FORM =
      Pattern.compile(
          "tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\\.p/([1-9][0-9]{0,2}))?");

  TilePath {
    if (level < ENTRIES || level > 63 || index < 0 || width < 1 || width > FULL) {
      throw new IllegalArgumentException("no tile " + level + "/" + index + " of width " + width);
    }
  }

  /** The path below the log's folder, with {@code /} between its parts. */
  String text() {
    StringBuilder number = new StringBuilder(String.format("%03d", index % 1000));
    for (long rest = index / 1000; rest > 0; rest /= 1000) {
      number.insert(0, String.format("x%03d/", rest % 1000));
    }
    String name = level == ENTRIES ? "entries" : Integer.toString(level);
    return "tile/" + name + "/" + number + (width == FULL ? "" : ".p/" + width);
  }

  /** The place that this path names, or empty if it is none in its one canonical spelling. */
  static Optional<TilePath> parse(String path) {
    Matcher form = FORM.matcher(path);
    if (path.length() > 60 || !form.matches()) {
      return Optional.empty();
    }
    int level = form.group(1).equals("entries") ? ENTRIES : Integer.parseInt(form.group(1));
    String digits = form.group(2).replace("x", "").replace("/", "");
    int width = form.group(3) == null ? FULL : Integer.parseInt(form.group(3));
    if (level > 63 || digits.length() > 18 || (form.group(3) != null && width >= FULL)) {
      return Optional.empty();
    }
    TilePath tile = new TilePath(level, Long.parseLong(digits), width);
    return tile.text().equals(path) ? Optional.of(tile) : Optional.empty();
  }

  /** How many hashes level {@code level} has in a tree of this size. */
  static long hashes(int level, long size) {
    int shift = 8 * Math.max(level, 0);
    return shift >= 64 ? 0 : size >>> shift;
  }

  @Override
  public String toString() {
    return text();
  }
}
