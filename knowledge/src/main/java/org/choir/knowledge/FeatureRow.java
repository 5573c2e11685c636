package org.choir.knowledge;

import java.util.LinkedHashMap;
import java.util.Map;

/** Measured numbers by name, in the order in which they were put. */
final class FeatureRow {
  private final Map<String, Double> values = new LinkedHashMap<>();

  void put(String name, double value) {
    // Rounded, so that a weights file of five decimals parts rows exactly as training did.
    values.put(name, Double.isFinite(value) ? Math.rint(value * 1e4) / 1e4 : 0);
  }

  Map<String, Double> values() {
    return values;
  }
}
