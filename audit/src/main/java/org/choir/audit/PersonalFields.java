package org.choir.audit;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The personal fields of many events of a chain, read run by run: those of the newest few runs are
 * kept. For one reader and one pass; not thread-safe.
 */
public final class PersonalFields {
  private static final int RUNS_MAX = 16;

  private final AuditChain chain;
  private final Map<String, Map<String, Payload>> byRun =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Map<String, Payload>> eldest) {
          return size() > RUNS_MAX;
        }
      };

  public PersonalFields(AuditChain chain) {
    this.chain = chain;
  }

  /** What is known of an event's personal fields. */
  public Prose.Personal of(Leaf leaf) {
    return chain.personal(leaf, known(leaf));
  }

  /** What an event commits to; empty if that is nothing, or is not there any more. */
  Optional<Payload> payload(Leaf leaf) {
    return Optional.ofNullable(known(leaf).get(leaf.payload()));
  }

  private Map<String, Payload> known(Leaf leaf) {
    return leaf.payload().isEmpty()
        ? Map.of()
        : byRun.computeIfAbsent(leaf.intent(), chain::payloads);
  }
}
