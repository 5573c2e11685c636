package org.choir.audit;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.core.ChoirException;

/**
 * Checks a chain where it lies: the log's files as anybody would check them, then each event, its
 * link and its personal fields, then every anchor pairwise.
 */
public final class AuditCheck {
  private AuditCheck() {}

  /**
   * What was found.
   *
   * @param said what was checked, in words; of each kind of anchor, what it protects
   * @param root of the log, in hexadecimal
   */
  public record Found(
      long size, String root, List<String> said, List<LogVerifier.Problem> problems) {
    public Found {
      said = List.copyOf(said);
      problems = List.copyOf(problems);
    }

    /** The smallest event that is wrong, or -1. */
    public long firstBadIndex() {
      return problems.stream()
          .mapToLong(LogVerifier.Problem::index)
          .filter(i -> i >= 0)
          .min()
          .orElse(-1);
    }
  }

  /**
   * Checks a chain.
   *
   * @param folder of the chain
   * @param anchors where its anchors lie
   */
  public static Found check(AuditChain chain, Path folder, List<AnchorStore> anchors) {
    Checkpoint head = Checkpoint.verified(chain.checkpoint(), chain.shown());
    LogVerifier.Verification tree =
        LogVerifier.verify(AuditChain.logFolder(folder), chain.shown().vkey());
    List<String> said = new ArrayList<>();
    said.add(
        "Log "
            + head.origin()
            + " of "
            + tree.size()
            + " events, root "
            + tree.root()
            + ", signed by "
            + chain.shown().vkey());
    List<LogVerifier.Problem> problems = new ArrayList<>(tree.problems());
    if (tree.ok()) {
      EventCheck events = new EventCheck();
      events(chain, head.size(), events, said);
      anchors(chain, folder, anchors, events, said);
      problems.addAll(events.problems());
    }
    return new Found(tree.size(), tree.root().hex(), said, problems);
  }

  private static void events(AuditChain chain, long size, EventCheck events, List<String> said) {
    Map<String, Map<String, Payload>> payloads = new HashMap<>();
    long open = 0;
    long erased = 0;
    for (long i = 0; i < size; i++) {
      Optional<Leaf> leaf = events.add(i, chain.entry(i));
      if (leaf.isEmpty() || leaf.get().payload().isEmpty()) {
        continue;
      }
      try {
        Map<String, Payload> known = payloads.computeIfAbsent(leaf.get().intent(), chain::payloads);
        switch (chain.personal(leaf.get(), known)) {
          case Prose.Personal.Known k -> open++;
          case Prose.Personal.Erased e -> erased++;
          default ->
              events.add(
                  "payload_missing",
                  i,
                  "the personal fields of event " + i + " are gone, and no event says erased");
        }
      } catch (ChoirException e) {
        events.add("payload_changed", i, "event " + i + ": " + e.getMessage());
        payloads.put(leaf.get().intent(), Map.of());
      }
      if (payloads.size() > 16) {
        payloads.clear();
      }
    }
    said.add(
        size
            + " events link to each other; personal fields: "
            + open
            + " open and as committed to, "
            + erased
            + " erased");
  }

  private static void anchors(
      AuditChain chain,
      Path folder,
      List<AnchorStore> stores,
      EventCheck events,
      List<String> said) {
    if (stores.isEmpty()) {
      said.add("Anchors: none");
    }
    AnchorCheck.Report report =
        AnchorCheck.check(AuditChain.logFolder(folder), chain.shown().vkey(), stores);
    for (AnchorCheck.Held held : report.stores()) {
      int count = held.anchors().size();
      said.add(
          "Anchors at "
              + held.store()
              + ": "
              + count
              + (count == 0
                  ? ""
                  : ", the last one of " + held.anchors().getLast().size() + " events")
              + ". It protects: "
              + held.protects());
    }
    report
        .findings()
        .forEach(f -> events.add(f.kind(), -1, "anchors at " + f.store() + ": " + f.message()));
  }
}
