package org.choir.audit;

import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/** An anchor that could not be put or read. */
public final class AnchorException extends ChoirException {
  private AnchorException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }

  /** There is an anchor of this log and size already; it is never overwritten. */
  public static AnchorException exists(String kind, Anchor anchor, @Nullable Throwable cause) {
    return new AnchorException(
        new Failure(
            "anchor_exists",
            kind
                + " has an anchor of "
                + anchor.origin()
                + " at size "
                + anchor.size()
                + " already",
            "read the anchors again before putting the next",
            ExitStatus.FAILED,
            true),
        cause);
  }

  /** The store did not answer, or not in time. */
  public static AnchorException unreachable(String kind, String why, @Nullable Throwable cause) {
    return new AnchorException(
        new Failure(
            "anchor_unreachable",
            "the anchors in " + kind + " cannot be reached: " + why,
            "see to the store; the log is not continued past its anchors without it",
            ExitStatus.FAILED,
            true),
        cause);
  }

  /** The store answered with something that does not prove what it should. */
  public static AnchorException refused(String kind, String why, @Nullable Throwable cause) {
    return new AnchorException(
        new Failure(
            "anchor_refused",
            "what " + kind + " answered is no anchor: " + why,
            "compare its address and key with what its operator publishes",
            ExitStatus.FAILED,
            false),
        cause);
  }
}
