package org.choir.audit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import org.choir.core.ChoirException;
import org.choir.core.Digest;

/**
 * Reads every anchor of a log and compares it with the log, with the anchor before it in the same
 * store, and with those of the other stores.
 */
public final class AnchorCheck {
  private final NoteKey key;
  private final String origin;
  private final TreeSource tree;
  private final long size;
  private final List<Finding> findings = new ArrayList<>();

  private AnchorCheck(NoteKey key, String origin, TreeSource tree, long size) {
    this.key = key;
    this.origin = origin;
    this.tree = tree;
    this.size = size;
  }

  /**
   * One thing that is wrong.
   *
   * @param store its kind
   * @param kind stable: {@code anchor_forged}, {@code anchor_overwritten}, {@code anchor_missing},
   *     {@code anchor_reordered}, {@code anchor_evidence}, {@code anchor_unreadable}, {@code
   *     log_rolled_back}, {@code log_forked}
   * @param number of the anchor, or -1
   * @param message one sentence
   */
  public record Finding(String store, String kind, long number, String message) {}

  /**
   * What one store holds.
   *
   * @param anchors in the order of the store
   * @param protects what it is good for
   */
  public record Held(String store, List<Anchor> anchors, String protects) {}

  /** The whole result. */
  public record Report(boolean ok, List<Held> stores, List<Finding> findings) {}

  /**
   * Checks the anchors of the log in this folder. The log itself is checked by {@link LogVerifier}.
   *
   * @throws LogException if the folder's checkpoint does not check
   */
  public static Report check(Path folder, String vkey, List<AnchorStore> stores) {
    return check(new LogDisk(), folder, vkey, stores);
  }

  static Report check(LogFiles files, Path folder, String vkey, List<AnchorStore> stores) {
    NoteKey key = NoteKey.parse(vkey);
    Checkpoint head;
    try {
      byte[] note = files.read(folder.resolve(LogPublisher.HEAD), Note.BYTES_MAX);
      head = Checkpoint.verified(Note.parse(note), key);
    } catch (IOException e) {
      throw LogException.untrusted(
          "log_damaged",
          "the checkpoint in " + folder + " cannot be read: " + e.getMessage(),
          "check the log with: choir audit verify",
          e);
    }
    TreeSource tree = new TileTree(new TileReader(files, folder), head.size());
    return new AnchorCheck(key, head.origin(), tree, head.size()).run(stores);
  }

  private Report run(List<AnchorStore> stores) {
    List<Held> held = new ArrayList<>();
    for (AnchorStore store : stores) {
      List<Anchor> anchors = read(store);
      held.add(new Held(store.kind(), anchors, store.protects()));
      chain(store, anchors);
      for (Anchor anchor : anchors) {
        compareWithLog(store, anchor);
      }
    }
    across(held);
    return new Report(findings.isEmpty(), List.copyOf(held), List.copyOf(findings));
  }

  private List<Anchor> read(AnchorStore store) {
    try {
      return store.all(origin);
    } catch (ChoirException e) {
      find(store.kind(), "anchor_unreadable", -1, "" + e.getMessage());
      return List.of();
    }
  }

  private void chain(AnchorStore store, List<Anchor> anchors) {
    Anchor before = null;
    for (Anchor anchor : anchors) {
      String name = "anchor " + anchor.number();
      if (!anchor.origin().equals(origin) || !anchor.isSignedBy(key)) {
        find(store.kind(), "anchor_forged", anchor.number(), name + " is not signed for this log");
      }
      store
          .problem(anchor)
          .ifPresent(p -> find(store.kind(), "anchor_evidence", anchor.number(), name + ": " + p));
      follow(store.kind(), before, anchor);
      before = anchor;
    }
  }

  private void follow(
      String store, @org.jspecify.annotations.Nullable Anchor before, Anchor anchor) {
    long expected = before == null ? 0 : before.number() + 1;
    Digest link = before == null ? TreeHash.ofNothing() : before.digest();
    String name = "anchor " + anchor.number();
    if (anchor.number() > expected) {
      find(
          store,
          "anchor_missing",
          expected,
          "between anchor " + (expected - 1) + " and " + name + " there is nothing");
    } else if (anchor.number() < expected || (before != null && anchor.size() <= before.size())) {
      find(store, "anchor_reordered", anchor.number(), name + " lies behind a later one");
    } else if (!anchor.previous().equals(link)) {
      find(
          store,
          "anchor_overwritten",
          expected - 1,
          name + " links to another anchor " + (expected - 1) + " than the one that is there");
    } else if (before != null && anchor.at().isBefore(before.at())) {
      find(store, "anchor_reordered", anchor.number(), name + " is older than the one before it");
    }
    if (before != null
        && before.size() > 0
        && before.size() < anchor.size()
        && anchor.size() <= size) {
      List<Digest> proof = TreeProof.consistency(tree, before.size(), anchor.size());
      if (!TreeProof.extendsTo(before.size(), anchor.size(), before.root(), anchor.root(), proof)) {
        find(
            store,
            "log_forked",
            anchor.number(),
            name + " does not extend anchor " + before.number() + " in this log");
      }
    }
  }

  private void compareWithLog(AnchorStore store, Anchor anchor) {
    String name = "anchor " + anchor.number();
    if (anchor.size() > size) {
      find(
          store.kind(),
          "log_rolled_back",
          anchor.number(),
          name + " saw " + anchor.size() + " entries, the log has " + size);
    } else if (!TreeHash.digest(TreeProof.root(tree, anchor.size())).equals(anchor.root())) {
      find(
          store.kind(),
          "log_forked",
          anchor.number(),
          name + " has another root than the log at size " + anchor.size());
    }
  }

  /** Two stores that disagree about one size show a split view even where the log is gone. */
  private void across(List<Held> held) {
    for (int i = 0; i < held.size(); i++) {
      for (int j = i + 1; j < held.size(); j++) {
        for (Anchor one : held.get(i).anchors()) {
          for (Anchor other : held.get(j).anchors()) {
            if (one.size() == other.size() && !one.root().equals(other.root())) {
              find(
                  held.get(j).store(),
                  "log_forked",
                  other.number(),
                  "at size " + one.size() + " it saw another root than " + held.get(i).store());
            }
          }
        }
      }
    }
  }

  private void find(String store, String kind, long number, String message) {
    findings.add(new Finding(store, kind, number, message));
  }

  /**
   * Returns if the log is at least as large as this anchor, the last in its store, and has its root
   * there.
   *
   * @throws LogException {@code log_rolled_back}, {@code log_forked} or {@code bad_anchor}
   */
  static void requireExtends(
      AnchorStore store, Anchor last, NoteKey key, long size, LongFunction<Digest> roots) {
    String where = "its anchor " + last.number() + " in " + store.kind();
    if (!last.isSignedBy(key)) {
      throw LogException.untrusted(
          "bad_anchor",
          where + " of log " + last.origin() + " is not signed by the log's key",
          "look at the anchors with: choir audit verify");
    }
    if (last.size() > size) {
      throw LogException.untrusted(
          "log_rolled_back",
          "log "
              + last.origin()
              + " has "
              + size
              + " entries, but "
              + where
              + " saw "
              + last.size(),
          "restore a backup of the log that is not older than the anchor");
    }
    if (!roots.apply(last.size()).equals(last.root())) {
      throw LogException.untrusted(
          "log_forked",
          "log " + last.origin() + " has another history than " + where + " at size " + last.size(),
          "restore the log whose history the anchor saw");
    }
  }
}
