package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.choir.core.Digest;
import org.junit.jupiter.api.Test;

class TreeProofTest {
  private static final int SIZES = 300;

  /** Subtree hashes by the naive definition, over a list of entries. */
  private static TreeSource source(List<byte[]> entries) {
    byte[][][] levels = new byte[10][][];
    TreeHash hash = new TreeHash();
    levels[0] = entries.stream().map(hash::leaf).toArray(byte[][]::new);
    for (int h = 1; h < levels.length; h++) {
      levels[h] = new byte[levels[h - 1].length / 2][];
      for (int i = 0; i < levels[h].length; i++) {
        levels[h][i] = hash.node(levels[h - 1][2 * i], levels[h - 1][2 * i + 1]);
      }
    }
    return (height, index) -> levels[height][(int) index];
  }

  private static List<byte[]> entries(int count) {
    List<byte[]> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(Fixture.entry(i));
    }
    return all;
  }

  @Test
  void rootsAreThoseOfThePublishedVectors() {
    // The leaves and roots that Certificate Transparency's reference tests use.
    List<byte[]> leaves = new ArrayList<>();
    for (String hex :
        List.of(
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f")) {
      leaves.add(HexFormat.of().parseHex(hex));
    }
    List<String> roots =
        List.of(
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    for (int n = 1; n <= roots.size(); n++) {
      assertThat(TreeHash.digest(TreeProof.root(source(leaves.subList(0, n)), n)).hex())
          .isEqualTo(roots.get(n - 1));
    }
    assertThat(TreeHash.ofNothing().hex())
        .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  }

  @Test
  void everyInclusionProofIsTheOneOfTheNaiveDefinitionAndVerifies() {
    List<byte[]> all = entries(SIZES);
    NaiveTree naive = new NaiveTree(all);
    TreeSource source = source(all);
    for (int size = 1; size <= SIZES; size++) {
      Digest root = TreeHash.digest(TreeProof.root(source, size));
      assertThat(root).isEqualTo(naive.hash(size));
      for (int index = 0; index < size; index++) {
        List<Digest> proof = TreeProof.inclusion(source, index, size);
        assertThat(proof).isEqualTo(naive.path(index, size));
        Digest leaf = TreeHash.ofEntry(all.get(index));
        assertThat(TreeProof.includes(leaf, index, size, proof, root)).isTrue();
      }
    }
  }

  @Test
  void everyConsistencyProofIsTheOneOfTheNaiveDefinitionAndVerifies() {
    List<byte[]> all = entries(SIZES);
    NaiveTree naive = new NaiveTree(all);
    TreeSource source = source(all);
    List<Digest> roots = new ArrayList<>();
    for (int size = 0; size <= SIZES; size++) {
      roots.add(TreeHash.digest(TreeProof.root(source, size)));
    }
    for (int to = 1; to <= SIZES; to++) {
      for (int from = 1; from <= to; from++) {
        List<Digest> proof = TreeProof.consistency(source, from, to);
        assertThat(proof).isEqualTo(naive.proof(from, to));
        assertThat(TreeProof.extendsTo(from, to, roots.get(from), roots.get(to), proof)).isTrue();
        if (from < to) {
          Digest other = roots.get(from - 1);
          assertThat(TreeProof.extendsTo(from, to, other, roots.get(to), proof)).isFalse();
          assertThat(TreeProof.extendsTo(from, to, roots.get(from), other, proof)).isFalse();
        }
      }
    }
  }

  @Test
  void aChangedProofVerifiesNothing() {
    List<byte[]> all = entries(40);
    TreeSource source = source(all);
    for (int size = 1; size <= 40; size++) {
      Digest root = TreeHash.digest(TreeProof.root(source, size));
      for (int index = 0; index < size; index++) {
        Digest leaf = TreeHash.ofEntry(all.get(index));
        List<Digest> proof = TreeProof.inclusion(source, index, size);
        for (int i = 0; i < proof.size(); i++) {
          List<Digest> changed = new ArrayList<>(proof);
          changed.set(i, leaf);
          assertThat(TreeProof.includes(leaf, index, size, changed, root)).isFalse();
          changed.remove(i);
          assertThat(TreeProof.includes(leaf, index, size, changed, root)).isFalse();
        }
        List<Digest> longer = new ArrayList<>(proof);
        longer.add(root);
        assertThat(TreeProof.includes(leaf, index, size, longer, root)).isFalse();
        assertThat(TreeProof.includes(leaf, index + 1, size, proof, root)).isFalse();
        assertThat(TreeProof.includes(leaf, -1, size, proof, root)).isFalse();
        assertThat(TreeProof.includes(leaf, index, index, proof, root)).isFalse();
      }
    }
  }

  @Test
  void refusesAConsistencyProofFromSizeZero() {
    TreeSource source = source(entries(5));
    Digest root = TreeHash.digest(TreeProof.root(source, 5));
    assertThat(TreeProof.extendsTo(0, 5, TreeHash.ofNothing(), root, List.of())).isFalse();
    assertThat(TreeProof.extendsTo(0, 0, TreeHash.ofNothing(), TreeHash.ofNothing(), List.of()))
        .isFalse();
    assertThatThrownBy(() -> TreeProof.consistency(source, 0, 5))
        .isInstanceOfSatisfying(
            LogException.class, e -> assertThat(e.code()).isEqualTo("bad_proof_range"));
  }

  @Test
  void aNodeNeverPassesAsALeafNorALeafAsANode() {
    // The classic second preimage: an entry that spells out two child hashes.
    List<byte[]> four = entries(4);
    TreeSource source = source(four);
    Digest root = TreeHash.digest(TreeProof.root(source, 4));
    byte[] forged = new byte[64];
    System.arraycopy(source.subtree(1, 0), 0, forged, 0, 32);
    System.arraycopy(source.subtree(1, 1), 0, forged, 32, 32);
    assertThat(TreeHash.ofEntry(forged)).isNotEqualTo(root);
    assertThat(TreeProof.includes(TreeHash.ofEntry(forged), 0, 1, List.of(), root)).isFalse();
    List<byte[]> two = List.of(source.subtree(1, 0), source.subtree(1, 1));
    assertThat(new NaiveTree(two).hash(2)).isNotEqualTo(root);
    Digest inner = TreeHash.digest(source.subtree(1, 0));
    List<Digest> shorter = List.of(TreeHash.digest(source.subtree(1, 1)));
    assertThat(TreeProof.includes(inner, 0, 4, shorter, root)).isFalse();
  }
}
