package org.choir.model;

import java.util.List;

/** A complete answer. */
public record ModelAnswer(String text, List<ToolCall> calls, Usage usage, Stop stop) {
  public ModelAnswer {
    calls = List.copyOf(calls);
  }

  /** Why the model stopped. */
  public enum Stop {
    /** It has said all. */
    END,
    /** It waits for tool results. */
    TOOLS,
    /** {@code maxOutputTokens} was reached; the text is cut. */
    LENGTH,
    /** The provider refused the content. */
    FILTERED
  }

  /**
   * What the call consumed.
   *
   * @param cachedInputTokens the part of {@code inputTokens} read from the provider's cache
   */
  public record Usage(long inputTokens, long cachedInputTokens, long outputTokens) {
    /** Nothing consumed. */
    public static final Usage NONE = new Usage(0, 0, 0);

    /** The sum. */
    public Usage plus(Usage other) {
      return new Usage(
          inputTokens + other.inputTokens,
          cachedInputTokens + other.cachedInputTokens,
          outputTokens + other.outputTokens);
    }

    /** Input and output together. */
    public long total() {
      return inputTokens + outputTokens;
    }
  }
}
