package org.choir.audit;

import java.util.List;
import org.choir.core.Digest;

/** What a store may need beside an anchor: the checkpoint of the same size, and proofs up to it. */
public interface AnchorProofs {
  /** The log's signed checkpoint that the anchor speaks of. */
  String checkpoint();

  /** The consistency proof from this size, at least 1, to the checkpoint's. */
  List<Digest> consistencyFrom(long size);
}
