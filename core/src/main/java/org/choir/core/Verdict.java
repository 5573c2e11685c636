package org.choir.core;

/**
 * What the gate says of an action. Every verdict is recorded with the intent before anything is
 * done.
 */
public sealed interface Verdict {

  /** The identifier of the rule that decided, for the record. */
  String rule();

  /**
   * Do it now.
   *
   * @param reason the facts it was decided by, where they are not the rule's alone; may be empty
   */
  record Allow(String rule, String reason) implements Verdict {
    /** By the rule alone. */
    public Allow(String rule) {
      this(rule, "");
    }
  }

  /** It was done before as the same logical action: answer with that receipt. */
  record Replay(String rule, String receipt) implements Verdict {}

  /** Do it after the action with this id has settled. */
  record OrderAfter(String rule, String actionId) implements Verdict {}

  /** A person must decide. */
  record Hold(String rule, String reason) implements Verdict {}

  /** Do not do it; the agent is told why. */
  record Deny(String rule, String reason) implements Verdict {}

  /**
   * The verdict's word in events and tables: {@code ALLOW}, {@code REPLAY}, {@code ORDER_AFTER},
   * {@code HOLD}, {@code DENY}.
   */
  default String word() {
    return switch (this) {
      case Allow a -> "ALLOW";
      case Replay r -> "REPLAY";
      case OrderAfter o -> "ORDER_AFTER";
      case Hold h -> "HOLD";
      case Deny d -> "DENY";
    };
  }
}
