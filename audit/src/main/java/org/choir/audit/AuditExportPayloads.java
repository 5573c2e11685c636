package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * Checks the personal fields of an exported folder: those that are disclosed are what the events
 * commit to, those that are said to be erased were erased by an event.
 */
final class AuditExportPayloads {
  private final Map<Long, Leaf> leaves;
  private final EventCheck check;
  private final List<String> said;

  /**
   * @param leaves the events of the folder, by index
   * @param check is told of problems
   * @param said is told what was checked
   */
  AuditExportPayloads(Map<Long, Leaf> leaves, EventCheck check, List<String> said) {
    this.leaves = leaves;
    this.check = check;
    this.said = said;
  }

  /**
   * Checks the file.
   *
   * @return what is known of the personal fields of the events that it names
   */
  Map<Long, Prose.Personal> read(List<String> lines) {
    Map<Long, Prose.Personal> personal = new HashMap<>();
    Set<String> erased = erased();
    int open = 0;
    int gone = 0;
    for (String line : lines) {
      long index = -1;
      try {
        JsonNode json = Json.parse(line);
        index = json.path("index").asLong(-1);
        Leaf leaf = leaves.get(index);
        if (leaf == null) {
          check.add("payload_extra", index, "there is no event " + index);
        } else if (json.path("erased").asBoolean()) {
          personal.put(index, new Prose.Personal.Erased());
          gone++;
          // In the export of one run, erasures of single payloads are events of the run, too.
          if (!erased.contains(leaf.payload()) && !erased.contains(leaf.intent())) {
            check.add(
                "payload_missing",
                index,
                "the payload of event " + index + " is said to be erased, but no event says so");
          }
        } else {
          Payload payload = Payload.parse(json);
          if (payload.opens(leaf.payload())) {
            personal.put(index, new Prose.Personal.Known(payload.fields()));
            open++;
          } else {
            check.add(
                "payload_changed",
                index,
                "the personal fields of event " + index + " are not those it commits to");
          }
        }
      } catch (ChoirException | IllegalArgumentException e) {
        check.add("payload_changed", index, "a line of payloads.jsonl cannot be read");
      }
    }
    long committed = leaves.values().stream().filter(l -> !l.payload().isEmpty()).count();
    said.add(
        "Personal fields of "
            + committed
            + " events: "
            + open
            + " disclosed and what the events commit to, "
            + gone
            + " erased, "
            + (committed - open - gone)
            + " not disclosed");
    return personal;
  }

  /** What the events say was erased: commitments and runs. */
  private Set<String> erased() {
    Set<String> erased = new HashSet<>();
    leaves.values().stream()
        .filter(leaf -> leaf.kind().equals("payload.erased"))
        .forEach(leaf -> erased.add(leaf.subject()));
    return erased;
  }
}
