package org.choir.audit;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.choir.core.Digest;

/**
 * RFC 6962, section 2.1, word for word: recursive, over ranges {@code D[from:to]} of one list of
 * entries. What a range hashes to is remembered, so that every size can be asked.
 */
final class NaiveTree {
  private final List<byte[]> d;
  private final Map<List<Integer>, Digest> known = new HashMap<>();

  NaiveTree(List<byte[]> entries) {
    this.d = entries;
  }

  /** MTH(D[0:n]). */
  Digest hash(int n) {
    return hash(0, n);
  }

  /** PATH(m, D[0:n]). */
  List<Digest> path(int m, int n) {
    return path(m, 0, n);
  }

  /** PROOF(m, D[0:n]). */
  List<Digest> proof(int m, int n) {
    return subproof(m, 0, n, true);
  }

  private Digest hash(int from, int to) {
    List<Integer> range = List.of(from, to);
    Digest hash = known.get(range);
    if (hash == null) {
      hash = compute(from, to);
      known.put(range, hash);
    }
    return hash;
  }

  private Digest compute(int from, int to) {
    if (from == to) {
      return Digest.of(new byte[0]);
    }
    if (to - from == 1) {
      return sha(0, d.get(from));
    }
    int k = split(to - from);
    return node(hash(from, from + k), hash(from + k, to));
  }

  private List<Digest> path(int m, int from, int to) {
    if (to - from == 1) {
      return List.of();
    }
    int k = split(to - from);
    List<Digest> path = new ArrayList<>();
    if (m < k) {
      path.addAll(path(m, from, from + k));
      path.add(hash(from + k, to));
    } else {
      path.addAll(path(m - k, from + k, to));
      path.add(hash(from, from + k));
    }
    return path;
  }

  private List<Digest> subproof(int m, int from, int to, boolean b) {
    if (m == to - from) {
      return b ? List.of() : List.of(hash(from, to));
    }
    int k = split(to - from);
    List<Digest> proof = new ArrayList<>();
    if (m <= k) {
      proof.addAll(subproof(m, from, from + k, b));
      proof.add(hash(from + k, to));
    } else {
      proof.addAll(subproof(m - k, from + k, to, false));
      proof.add(hash(from, from + k));
    }
    return proof;
  }

  private static int split(int n) {
    int k = 1;
    while (2 * k < n) {
      k *= 2;
    }
    return k;
  }

  private static Digest node(Digest left, Digest right) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(TreeHash.bytes(left));
    out.writeBytes(TreeHash.bytes(right));
    return sha(1, out.toByteArray());
  }

  private static Digest sha(int prefix, byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(prefix);
    out.writeBytes(bytes);
    return Digest.of(out.toByteArray());
  }
}
