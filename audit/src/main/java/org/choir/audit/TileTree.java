package org.choir.audit;

import java.io.IOException;

/** The tree that the tiles of a folder make, up to one size. */
final class TileTree implements TreeSource {
  private final TileReader reader;
  private final long size;
  private final TreeHash hash = new TreeHash();

  TileTree(TileReader reader, long size) {
    this.reader = reader;
    this.size = size;
  }

  @Override
  public byte[] subtree(int height, long index) {
    int level = height / 8;
    int within = height % 8;
    long tile = index >> (8 - within);
    int first = (int) (index & ((1L << (8 - within)) - 1)) << within;
    long rest = TilePath.hashes(level, size) - tile * TilePath.FULL;
    try {
      byte[] hashes = reader.tile(level, tile, (int) Math.min(TilePath.FULL, rest));
      return hash.perfect(hashes, first, 1 << within);
    } catch (IOException e) {
      throw LogException.untrusted(
          "log_damaged",
          "tile " + level + "/" + tile + " cannot be read: " + e.getMessage(),
          "check the log with: choir audit verify",
          e);
    }
  }
}
