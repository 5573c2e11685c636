package org.choir.audit;

import java.util.List;
import org.choir.core.Digest;

/** Compares a log with what its anchors say of it. */
public final class AnchorCheck {
  private AnchorCheck() {}

  /**
   * Returns if the log is at least as large as its last anchor in each store and has its root
   * there.
   *
   * @throws LogException {@code log_rolled_back}, {@code log_forked} or {@code bad_anchor}
   */
  static void requireExtends(
      List<AnchorStore> stores, NoteKey key, String origin, TreeSource tree, long size) {
    for (AnchorStore store : stores) {
      List<Anchor> all = store.all(origin);
      if (all.isEmpty()) {
        continue;
      }
      Anchor last = all.getLast();
      String where = "its anchor " + last.number() + " in " + store.kind();
      if (!last.isSignedBy(key)) {
        throw LogException.untrusted(
            "bad_anchor",
            where + " of log " + origin + " is not signed by the log's key",
            "look at the anchors with: choir audit verify");
      }
      if (last.size() > size) {
        throw LogException.untrusted(
            "log_rolled_back",
            "log " + origin + " has " + size + " entries, but " + where + " saw " + last.size(),
            "restore a backup of the log that is not older than the anchor");
      }
      Digest root = TreeHash.digest(TreeProof.root(tree, last.size()));
      if (!root.equals(last.root())) {
        throw LogException.untrusted(
            "log_forked",
            "log " + origin + " has another history than " + where + " at size " + last.size(),
            "restore the log whose history the anchor saw");
      }
    }
  }
}
