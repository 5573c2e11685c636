package org.choir.audit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.choir.core.Digest;

/**
 * Roots, inclusion proofs and consistency proofs of RFC 6962, sections 2.1 to 2.1.2, and their
 * verification as RFC 9162, sections 2.1.3.2 and 2.1.4.2 spell it out. Pure.
 */
public final class TreeProof {
  private TreeProof() {}

  /** Whether the proof leads from this leaf at this index to the root of a tree of this size. */
  public static boolean includes(
      Digest leaf, long index, long size, List<Digest> proof, Digest root) {
    if (index < 0 || index >= size) {
      return false;
    }
    TreeHash hash = new TreeHash();
    long fn = index;
    long sn = size - 1;
    byte[] r = TreeHash.bytes(leaf);
    for (Digest next : proof) {
      if (sn == 0) {
        return false;
      }
      byte[] p = TreeHash.bytes(next);
      if ((fn & 1) == 1 || fn == sn) {
        r = hash.node(p, r);
        int zeros = fn == 0 ? 0 : Long.numberOfTrailingZeros(fn);
        fn >>= zeros;
        sn >>= zeros;
      } else {
        r = hash.node(r, p);
      }
      fn >>= 1;
      sn >>= 1;
    }
    return sn == 0 && Arrays.equals(r, TreeHash.bytes(root));
  }

  /**
   * Whether the proof shows that the tree of size {@code from} is a prefix of the one of size
   * {@code to}. Nothing can be shown from size 0, so that is never true.
   */
  public static boolean extendsTo(
      long from, long to, Digest fromRoot, Digest toRoot, List<Digest> proof) {
    if (from <= 0 || from > to) {
      return false;
    }
    if (from == to) {
      return proof.isEmpty() && fromRoot.equals(toRoot);
    }
    List<byte[]> path = new ArrayList<>(proof.size() + 1);
    if (Long.bitCount(from) == 1) {
      path.add(TreeHash.bytes(fromRoot));
    }
    proof.forEach(p -> path.add(TreeHash.bytes(p)));
    if (path.isEmpty()) {
      return false;
    }
    TreeHash hash = new TreeHash();
    int ones = Long.numberOfTrailingZeros(~(from - 1));
    long fn = (from - 1) >> ones;
    long sn = (to - 1) >> ones;
    byte[] fr = path.getFirst();
    byte[] sr = fr;
    for (byte[] c : path.subList(1, path.size())) {
      if (sn == 0) {
        return false;
      }
      if ((fn & 1) == 1 || fn == sn) {
        fr = hash.node(c, fr);
        sr = hash.node(c, sr);
        int zeros = fn == 0 ? 0 : Long.numberOfTrailingZeros(fn);
        fn >>= zeros;
        sn >>= zeros;
      } else {
        sr = hash.node(sr, c);
      }
      fn >>= 1;
      sn >>= 1;
    }
    return sn == 0
        && Arrays.equals(fr, TreeHash.bytes(fromRoot))
        && Arrays.equals(sr, TreeHash.bytes(toRoot));
  }

  static byte[] root(TreeSource tree, long size) {
    return size == 0 ? TreeHash.bytes(TreeHash.ofNothing()) : new Walk(tree).range(0, size);
  }

  static List<Digest> inclusion(TreeSource tree, long index, long size) {
    if (index < 0 || index >= size) {
      throw LogException.refused(
          "no_such_entry",
          "there is no entry " + index + " in a log of " + size,
          "the last one is " + (size - 1));
    }
    Walk walk = new Walk(tree);
    walk.inclusion(index, 0, size);
    return walk.proof();
  }

  static List<Digest> consistency(TreeSource tree, long from, long to) {
    if (from <= 0 || from > to) {
      throw LogException.refused(
          "bad_proof_range",
          "there is no consistency proof from size " + from + " to size " + to,
          "ask from 1 or more to the same size or a larger one");
    }
    Walk walk = new Walk(tree);
    if (from < to) {
      walk.consistency(from, 0, to, true);
    }
    return walk.proof();
  }

  /** The recursions of the RFC, which meet only ranges that begin at a multiple of their width. */
  private static final class Walk {
    private final TreeSource tree;
    private final TreeHash hash = new TreeHash();
    private final List<Digest> proof = new ArrayList<>();

    Walk(TreeSource tree) {
      this.tree = tree;
    }

    List<Digest> proof() {
      return List.copyOf(proof);
    }

    byte[] range(long low, long high) {
      long width = high - low;
      if (Long.bitCount(width) == 1) {
        int height = Long.numberOfTrailingZeros(width);
        return tree.subtree(height, low >> height);
      }
      long middle = low + Long.highestOneBit(width);
      return hash.node(range(low, middle), range(middle, high));
    }

    void inclusion(long index, long low, long high) {
      if (high - low == 1) {
        return;
      }
      long middle = low + split(high - low);
      if (index < middle) {
        inclusion(index, low, middle);
        proof.add(TreeHash.digest(range(middle, high)));
      } else {
        inclusion(index, middle, high);
        proof.add(TreeHash.digest(range(low, middle)));
      }
    }

    void consistency(long from, long low, long high, boolean whole) {
      if (from == high) {
        if (!whole) {
          proof.add(TreeHash.digest(range(low, high)));
        }
        return;
      }
      long middle = low + split(high - low);
      if (from <= middle) {
        consistency(from, low, middle, whole);
        proof.add(TreeHash.digest(range(middle, high)));
      } else {
        consistency(from, middle, high, false);
        proof.add(TreeHash.digest(range(low, middle)));
      }
    }

    /** The largest power of two below the width. */
    private static long split(long width) {
      return Long.highestOneBit(width - 1);
    }
  }
}
