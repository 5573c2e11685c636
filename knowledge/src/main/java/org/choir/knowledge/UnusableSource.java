package org.choir.knowledge;

import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/** A file that cannot be used; code and message are those of {@link SourceSet.Skipped}. */
public final class UnusableSource extends ChoirException {
  public UnusableSource(String code, String reason) {
    this(code, reason, null);
  }

  public UnusableSource(String code, String reason, @Nullable Throwable cause) {
    super(new Failure(code, reason, "", ExitStatus.FAILED, false), cause);
  }
}
