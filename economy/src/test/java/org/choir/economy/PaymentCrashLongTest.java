package org.choir.economy;

import org.junit.jupiter.api.Tag;

/** As {@link PaymentCrashTest}, at every boundary. */
@Tag("long")
class PaymentCrashLongTest extends PaymentCrashTest {
  @Override
  int stride() {
    return 1;
  }
}
