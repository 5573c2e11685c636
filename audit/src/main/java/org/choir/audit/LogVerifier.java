package org.choir.audit;

import java.nio.file.Path;
import java.util.List;
import org.choir.core.Digest;

/** Checks a whole log in the C2SP tlog-tiles layout, ours or another's. */
public final class LogVerifier {
  private LogVerifier() {}

  /**
   * What a check found.
   *
   * @param ok whether there is no problem
   * @param size of the checked tree, as its checkpoint says; 0 if that cannot be read
   * @param root of it
   * @param problems at most 100, in the order of the log
   */
  public record Verification(boolean ok, long size, Digest root, List<Problem> problems) {}

  /**
   * One thing that is wrong.
   *
   * @param kind stable and lower case, such as {@code entry_changed}
   * @param file below the log's folder
   * @param index the first entry that is wrong or that nothing proves any more; -1 where it is none
   * @param message one sentence
   */
  public record Problem(String kind, String file, long index, String message) {}

  /** Checks the log in this folder against its public key. */
  public static Verification verify(Path folder, String vkey) {
    throw new UnsupportedOperationException();
  }
}
