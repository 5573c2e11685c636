package org.choir.economy;

import java.util.EnumMap;
import java.util.Map;

/** The governed numbers as they stand at one moment. Immutable. */
public final class Parameters {
  /** As they are before any vote. */
  public static final Parameters STANDARD = new Parameters(Map.of());

  private final Map<Parameter, Long> changed;

  private Parameters(Map<Parameter, Long> changed) {
    this.changed = changed;
  }

  /** The value of one. */
  public long of(Parameter parameter) {
    return changed.getOrDefault(parameter, parameter.standard());
  }

  /**
   * These with one changed.
   *
   * @throws IllegalArgumentException outside the bounds
   */
  public Parameters with(Parameter parameter, long value) {
    if (value < parameter.least() || value > parameter.most()) {
      throw new IllegalArgumentException(parameter.word() + " of " + value);
    }
    EnumMap<Parameter, Long> next = new EnumMap<>(Parameter.class);
    next.putAll(changed);
    next.put(parameter, value);
    return new Parameters(next);
  }
}
