package org.choir.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.jspecify.annotations.Nullable;

/**
 * Checks entries as events: each is one in its canonical form, of one tenant, says its own index,
 * and links to the one before. The tree is checked by {@link LogVerifier}; this shows what the tree
 * cannot: a log whose entries were proved but never made by a chain. Unknown kinds are no problem.
 */
final class EventCheck {
  private static final int PROBLEMS_MAX = 100;

  private final List<LogVerifier.Problem> problems = new ArrayList<>();
  private @Nullable String tenant;
  private long next = -1;
  private String hash = TreeHash.ofNothing().hex();

  /** Checks the entry at this index; where indexes are left out, the link is not checked. */
  Optional<Leaf> add(long index, byte[] entry) {
    String before = index == 0 ? TreeHash.ofNothing().hex() : index == next ? hash : "";
    next = index + 1;
    hash = Leaf.hash(entry).hex();
    Leaf leaf;
    try {
      leaf = Leaf.parse(entry);
    } catch (ChoirException e) {
      add("not_an_event", index, "entry " + index + " is no event in its canonical form");
      return Optional.empty();
    }
    if (leaf.seq() != index) {
      add("event_moved", index, "entry " + index + " says that it is event " + leaf.seq());
    }
    if (!before.isEmpty() && !leaf.prev().equals(before)) {
      add("link_broken", index, "event " + index + " does not link to the event before it");
    }
    if (tenant == null) {
      tenant = leaf.tenant();
    } else if (!leaf.tenant().equals(tenant)) {
      add("tenant_differs", index, "event " + index + " is of the tenant " + leaf.tenant());
    }
    return Optional.of(leaf);
  }

  void add(String kind, long index, String message) {
    if (problems.size() < PROBLEMS_MAX) {
      problems.add(new LogVerifier.Problem(kind, "", index, message));
    }
  }

  List<LogVerifier.Problem> problems() {
    return List.copyOf(problems);
  }
}
