package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.agent.*;
import org.choir.core.ReplayClass;
import org.choir.knowledge.SourceLibrary;
import org.choir.model.ToolSpec;

final class SubmitReport implements Tool {
  SubmitReport(SourceLibrary l, Drafts w, boolean lm) {}

  @Override
  public ToolSpec spec() {
    throw new UnsupportedOperationException();
  }

  @Override
  public ReplayClass replay() {
    return ReplayClass.READ_ONLY;
  }

  @Override
  public ToolOutput call(ToolContext c, ObjectNode a) {
    throw new UnsupportedOperationException();
  }
}
