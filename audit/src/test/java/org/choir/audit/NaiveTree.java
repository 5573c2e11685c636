package org.choir.audit;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.Digest;

/** RFC 6962, section 2.1, word for word: recursive, over whole lists of entries. */
final class NaiveTree {
  private NaiveTree() {}

  static Digest hash(List<byte[]> d) {
    if (d.isEmpty()) {
      return Digest.of(new byte[0]);
    }
    if (d.size() == 1) {
      return sha(0, d.getFirst());
    }
    int k = split(d.size());
    return node(hash(d.subList(0, k)), hash(d.subList(k, d.size())));
  }

  static List<Digest> path(int m, List<byte[]> d) {
    if (d.size() == 1) {
      return List.of();
    }
    int k = split(d.size());
    List<Digest> path = new ArrayList<>();
    if (m < k) {
      path.addAll(path(m, d.subList(0, k)));
      path.add(hash(d.subList(k, d.size())));
    } else {
      path.addAll(path(m - k, d.subList(k, d.size())));
      path.add(hash(d.subList(0, k)));
    }
    return path;
  }

  static List<Digest> proof(int m, List<byte[]> d) {
    return subproof(m, d, true);
  }

  private static List<Digest> subproof(int m, List<byte[]> d, boolean b) {
    if (m == d.size()) {
      return b ? List.of() : List.of(hash(d));
    }
    int k = split(d.size());
    List<Digest> proof = new ArrayList<>();
    if (m <= k) {
      proof.addAll(subproof(m, d.subList(0, k), b));
      proof.add(hash(d.subList(k, d.size())));
    } else {
      proof.addAll(subproof(m - k, d.subList(k, d.size()), false));
      proof.add(hash(d.subList(0, k)));
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

  static Digest node(Digest left, Digest right) {
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
