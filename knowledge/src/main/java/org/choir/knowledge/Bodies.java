package org.choir.knowledge;

import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Digest;

/** Where the bodies of articles lie, by digest. */
public interface Bodies {
  /** Stores a body; without effect if it is there. */
  void put(Digest digest, byte[] body);

  /** A body, its digest checked by whoever keeps it. */
  Optional<byte[]> get(Digest digest);

  /**
   * A body that must be there.
   *
   * @param whose for the message, for example {@code of a0123456789ab}
   * @throws ChoirException {@code body_lost}
   */
  default byte[] require(Digest digest, String whose) {
    return get(digest)
        .orElseThrow(
            () ->
                ChoirException.fatal(
                    "body_lost",
                    "the body " + whose + " is gone",
                    "restore a backup: choir restore FILE"));
  }
}
