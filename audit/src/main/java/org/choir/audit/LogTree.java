package org.choir.audit;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The Merkle tree of a log that grows: its right edge and the tiles not yet on disk are in memory,
 * the rest is read. Not thread-safe; its log guards it.
 */
final class LogTree implements TreeSource {
  /** Eight levels of 256 hold more than a long counts. */
  private static final int LEVELS = 8;

  /** The last tile of a level while it has fewer than 256 hashes. */
  private static final class Edge {
    private byte[] hashes = new byte[4 * TreeHash.BYTES];
    private int width;
    private long index;

    void add(byte[] hash) {
      int at = width * TreeHash.BYTES;
      if (at == hashes.length) {
        hashes = Arrays.copyOf(hashes, 2 * hashes.length);
      }
      System.arraycopy(hash, 0, hashes, at, TreeHash.BYTES);
      width++;
    }

    byte[] copy() {
      return Arrays.copyOf(hashes, width * TreeHash.BYTES);
    }
  }

  private final TileReader reader;
  private final TreeHash hash = new TreeHash();
  private final Edge[] edges = new Edge[LEVELS];
  private final Map<TilePath, byte[]> unwritten = new HashMap<>();
  private long size;

  LogTree(TileReader reader) {
    this.reader = reader;
    for (int i = 0; i < LEVELS; i++) {
      edges[i] = new Edge();
    }
  }

  /** Takes over a tree of this size whose tiles are on disk. */
  void load(long published) throws IOException {
    size = published;
    for (int level = 0; level < LEVELS; level++) {
      Edge edge = edges[level];
      long hashes = TilePath.hashes(level, published);
      edge.index = hashes / TilePath.FULL;
      int width = (int) (hashes % TilePath.FULL);
      if (width > 0) {
        byte[] tile = reader.tile(level, edge.index, width);
        for (int i = 0; i < width; i++) {
          edge.add(Arrays.copyOfRange(tile, i * TreeHash.BYTES, (i + 1) * TreeHash.BYTES));
        }
      }
    }
  }

  long size() {
    return size;
  }

  void add(byte[] leaf) {
    size++;
    byte[] next = leaf;
    for (int level = 0; level < LEVELS; level++) {
      Edge edge = edges[level];
      edge.add(next);
      if (edge.width < TilePath.FULL) {
        return;
      }
      byte[] full = edge.copy();
      unwritten.put(new TilePath(level, edge.index, TilePath.FULL), full);
      next = hash.perfect(full, 0, TilePath.FULL);
      edge.index++;
      edge.width = 0;
    }
  }

  /** A tile with its content. */
  record Tile(TilePath path, byte[] hashes) {}

  /** The full tiles that are not on disk yet, then the partial ones of the tree as it is now. */
  List<Tile> unpublished() {
    List<Tile> tiles = new ArrayList<>();
    unwritten.forEach((path, hashes) -> tiles.add(new Tile(path, hashes)));
    for (int level = 0; level < LEVELS; level++) {
      if (edges[level].width > 0) {
        TilePath path = new TilePath(level, edges[level].index, edges[level].width);
        tiles.add(new Tile(path, edges[level].copy()));
      }
    }
    return tiles;
  }

  /** These full tiles are on disk now. */
  void written(List<Tile> tiles) {
    tiles.forEach(t -> unwritten.remove(t.path()));
  }

  @Override
  public byte[] subtree(int height, long index) {
    int level = height / 8;
    int within = height % 8;
    long tile = index >> (8 - within);
    int first = (int) (index & ((1L << (8 - within)) - 1)) << within;
    return hash.perfect(tile(level, tile, first + (1 << within)), first, 1 << within);
  }

  private byte[] tile(int level, long index, int width) {
    if (level < LEVELS && edges[level].index == index && edges[level].width >= width) {
      return edges[level].hashes;
    }
    byte[] held = unwritten.get(new TilePath(level, index, TilePath.FULL));
    if (held != null) {
      return held;
    }
    try {
      return reader.tile(level, index, TilePath.FULL);
    } catch (IOException e) {
      throw LogException.untrusted(
          "log_damaged",
          "tile " + level + "/" + index + " cannot be read: " + e.getMessage(),
          "check the log with: choir audit verify",
          e);
    }
  }
}
