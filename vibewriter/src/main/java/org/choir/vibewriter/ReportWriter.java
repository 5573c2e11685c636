package org.choir.vibewriter;

import org.choir.knowledge.SourceLibrary;
import org.choir.model.ModelClient;

final class ReportWriter {
  ReportWriter(SourceLibrary l, ModelClient m) {}
}
