package org.choir.economy;

import java.util.Locale;

/** How deep a run goes, which is what its flat price depends on. */
public enum RunClass {
  QUICK(Parameter.RUN_QUICK),
  STANDARD(Parameter.RUN_STANDARD),
  DEEP(Parameter.RUN_DEEP);

  private final Parameter price;

  RunClass(Parameter price) {
    this.price = price;
  }

  /** The price in credits. */
  public long price(Parameters parameters) {
    return parameters.of(price);
  }

  /** As the command line and tables have it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
