package org.choir.audit;

import java.nio.file.Path;
import java.util.List;
import org.choir.core.Digest;

/**
 * Checks a whole log in the C2SP tlog-tiles layout, ours or another's, from its files and its
 * public key alone. Memory does not grow with the log, except for eight bytes per kept checkpoint.
 *
 * <p>Files outside {@code checkpoint}, {@code checkpoints/}, {@code log.vkey} and {@code tile/} are
 * not looked at, nor are names that end with {@code .new}, which a running log is still writing.
 */
public final class LogVerifier {
  private LogVerifier() {}

  /**
   * What a check found.
   *
   * @param ok whether there is no problem
   * @param size of the checked tree, as its checkpoint says; 0 if that cannot be read
   * @param root of it
   * @param problems at most 100, those of the newest checkpoint first, then in the order of the log
   */
  public record Verification(boolean ok, long size, Digest root, List<Problem> problems) {
    public Verification {
      problems = List.copyOf(problems);
    }

    /** The smallest index that a problem names, or -1. */
    public long firstBadIndex() {
      return problems.stream().mapToLong(Problem::index).filter(i -> i >= 0).min().orElse(-1);
    }
  }

  /**
   * One thing that is wrong.
   *
   * @param kind stable and lower case: {@code checkpoint_invalid}, {@code checkpoint_inconsistent},
   *     {@code key_differs}, {@code entry_changed}, {@code bundle_unreadable}, {@code
   *     tile_unreadable}, {@code tile_changed}, {@code file_missing}, {@code file_extra}, {@code
   *     folder_unreadable}
   * @param file below the log's folder
   * @param index the first entry that is wrong or that nothing proves any more; -1 where it is none
   * @param message one sentence
   */
  public record Problem(String kind, String file, long index, String message) {}

  /**
   * Checks the log in this folder.
   *
   * @param vkey the text form of its public key, from a place that the log's owner cannot change
   * @throws LogException {@code bad_key} if that is no key; whatever is wrong with the log is a
   *     problem in the result
   */
  public static Verification verify(Path folder, String vkey) {
    return verify(new LogDisk(), folder, vkey);
  }

  static Verification verify(LogFiles files, Path folder, String vkey) {
    return new LogCheck(files, folder, NoteKey.parse(vkey)).run();
  }
}
