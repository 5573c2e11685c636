package org.choir.audit;

import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.choir.core.Digest;

/** Puts anchors of a log into its stores. */
public final class AnchorKeeper {
  private final InstantSource clock;

  public AnchorKeeper(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * Anchors everything acknowledged so far in this store.
   *
   * @return the store's newest anchor: a new one, or the last if the log has not grown since
   * @throws AnchorException if it could not be put
   * @throws LogException {@code log_rolled_back} or {@code log_forked} if the last anchor there is
   *     not of a beginning of this log; nothing is put then
   */
  public Anchor anchor(TenantLog log, AnchorStore store) {
    String note = log.checkpoint();
    Checkpoint head = Checkpoint.verified(note, log.key());
    Optional<Anchor> last = store.last(log.origin());
    if (last.isPresent()) {
      AnchorCheck.requireExtends(store, last.get(), log.key(), head.size(), log::root);
      if (last.get().size() == head.size()) {
        return last.get();
      }
    }
    Anchor next = Anchor.next(log.signingKey(), last, head, clock.instant());
    store.put(next, proofs(log, note, head.size()));
    return next;
  }

  private static AnchorProofs proofs(TenantLog log, String note, long size) {
    return new AnchorProofs() {
      @Override
      public String checkpoint() {
        return note;
      }

      @Override
      public List<Digest> consistencyFrom(long from) {
        return log.proveConsistency(from, size);
      }
    };
  }
}
