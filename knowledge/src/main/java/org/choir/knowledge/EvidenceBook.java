package org.choir.knowledge;

import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;

/** What the citations of a text stand for: the keys that were issued, or files that can be read. */
@FunctionalInterface
public interface EvidenceBook {

  /** What this citation stands for; never throws for a citation that leads nowhere. */
  Entry find(Citation citation);

  /** What a citation stands for. */
  sealed interface Entry {
    /** A stored source. */
    record Found(Evidence evidence) implements Entry {}

    /** Issued or well formed, but its source cannot be read now. */
    record Unreachable(String reason) implements Entry {}

    /** Never issued: the writer made it up. */
    record Unknown() implements Entry {}

    /** An address under which nothing is and nothing ever was, as far as can be known. */
    record Fabricated(String reason) implements Entry {}
  }

  /** A book of exactly these; every other citation is unknown. */
  static EvidenceBook of(Collection<Evidence> evidence) {
    Map<String, Evidence> byKey =
        evidence.stream().collect(Collectors.toMap(Evidence::key, e -> e, (one, other) -> one));
    return citation -> {
      Evidence found = byKey.get(citation.target());
      return citation.kind() == Citation.Kind.KEY && found != null
          ? new Entry.Found(found)
          : new Entry.Unknown();
    };
  }
}
