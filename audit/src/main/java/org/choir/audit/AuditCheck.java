package org.choir.audit;

import java.io.IOException;
import java.nio.file.Files;
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
      said.addAll(
          anchors(
              AnchorCheck.check(AuditChain.logFolder(folder), chain.shown().vkey(), anchors),
              events));
      problems.addAll(events.problems());
    }
    return new Found(tree.size(), tree.root().hex(), said, problems);
  }

  /**
   * Checks what lies in the folder of a chain that cannot be opened.
   *
   * @param folder of the chain
   * @param refusal why it cannot
   */
  public static Found checkClosed(Path folder, List<AnchorStore> anchors, ChoirException refusal) {
    List<String> said = new ArrayList<>();
    List<LogVerifier.Problem> problems = new ArrayList<>();
    problems.add(problem(refusal));
    Path log = AuditChain.logFolder(folder);
    try {
      String vkey = Files.readString(log.resolve("log.vkey")).strip();
      LogVerifier.Verification tree = LogVerifier.verify(log, vkey);
      said.add("Log of " + tree.size() + " events, root " + tree.root() + ", signed by " + vkey);
      problems.addAll(tree.problems());
      if (tree.ok()) {
        EventCheck events = new EventCheck();
        said.addAll(anchors(AnchorCheck.check(log, vkey, anchors), events));
        problems.addAll(events.problems());
      }
      return new Found(tree.size(), tree.root().hex(), said, problems);
    } catch (IOException e) {
      problems.add(problem(LogException.unavailable("cannot read " + log + ": " + e, e)));
    } catch (ChoirException e) {
      problems.add(problem(e));
    }
    return new Found(0, TreeHash.ofNothing().hex(), said, problems);
  }

  private static LogVerifier.Problem problem(ChoirException e) {
    return new LogVerifier.Problem(e.code(), "", -1, e.failure().message());
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

  private static List<String> anchors(AnchorCheck.Report report, EventCheck events) {
    List<String> said = new ArrayList<>();
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
    return said.isEmpty() ? List.of("Anchors: none") : said;
  }
}
