package org.choir.knowledge.formats;

import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;

/** Reads one document format. Implementations hold no state. */
@FunctionalInterface
interface FormatReader {
  /**
   * The blocks of a file.
   *
   * @throws org.choir.knowledge.UnusableSource if nothing can be taken from it
   */
  Extraction read(byte[] file, ReadLimits limits);
}
