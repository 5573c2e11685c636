package org.choir.economy;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** As {@link PaymentCrashTest}, at every boundary. */
@Tag("long")
class PaymentCrashLongTest extends PaymentCrashTest {
  PaymentCrashLongTest(@TempDir Path folder) {
    super(folder);
  }

  @Override
  int stride() {
    return 1;
  }
}
