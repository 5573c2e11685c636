package org.choir.knowledge;

import java.util.Optional;
import org.choir.core.Digest;

/** Where the bodies of articles lie, by digest. */
public interface Bodies {
  /** Stores a body; without effect if it is there. */
  void put(Digest digest, byte[] body);

  /** A body, its digest checked by whoever keeps it. */
  Optional<byte[]> get(Digest digest);
}
