package org.choir.agent;

import java.time.Duration;
import java.util.Optional;
import org.choir.core.Money;

/**
 * What a run may use in all, its subagents included. Reaching one ends the run as {@code
 * budget_exhausted}, resumable with a larger one.
 *
 * @param steps model answers
 * @param time while running, not counting pauses
 * @param tokens input and output, empty for no limit
 * @param money what the provider charges, empty for no limit
 */
public record Limits(int steps, Duration time, Optional<Long> tokens, Optional<Money> money) {}
