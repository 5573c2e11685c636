package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.choir.core.Action;
import org.choir.core.AgentId;
import org.choir.core.CanonicalJson;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.TenantId;
import org.choir.core.Verdict;
import org.jspecify.annotations.Nullable;

/**
 * Makes recorded decisions again: the same action, to a gate with the rules that the chain
 * recorded, and compares the verdicts byte for byte. Needs the personal fields, because the
 * arguments are in them.
 */
public final class Replay {
  private final Gates gates;
  private final Map<String, Optional<Gate>> byRules = new HashMap<>();
  private long decisions;
  private long again;
  private long unasked;
  private long unreadable;
  private long unknownRules;
  private @Nullable Difference first;

  /** Makes a gate again. */
  @FunctionalInterface
  public interface Gates {
    /** The gate with these rules; empty if it is not known how to make it. */
    Optional<Gate> of(JsonNode configuration);
  }

  /**
   * A decision that does not come out as it was recorded.
   *
   * @param index of the event
   * @param what {@code verdict}, {@code arguments} (not those of the recorded digest) or {@code
   *     rules} (not those of the recorded digest)
   */
  public record Difference(
      long index, String action, String what, JsonNode recorded, JsonNode now) {}

  /**
   * What came out.
   *
   * @param decisions recorded in all
   * @param again decided again with the same verdict
   * @param unasked never asked of the gate: refused by a check before it, or the gate failed
   * @param unreadable without their arguments: erased, or not disclosed
   * @param unknownRules decided by rules that the chain or this program does not know
   */
  public record Outcome(
      long decisions,
      long again,
      long unasked,
      long unreadable,
      long unknownRules,
      Optional<Difference> first) {

    /** As commands print it. */
    public ObjectNode json() {
      ObjectNode out =
          Json.object()
              .put("decisions", decisions)
              .put("same", again)
              .put("unasked", unasked)
              .put("unreadable", unreadable)
              .put("unknown_rules", unknownRules);
      first.ifPresent(
          d -> {
            ObjectNode difference =
                out.putObject("difference")
                    .put("index", d.index())
                    .put("action", d.action())
                    .put("what", d.what());
            difference.set("recorded", d.recorded());
            difference.set("now", d.now());
          });
      return out;
    }
  }

  public Replay(Gates gates) {
    this.gates = gates;
  }

  /** Learns the rules that an event records; others are passed over. */
  public void learn(Leaf leaf) {
    if (!leaf.kind().equals("gate.configured")) {
      return;
    }
    String digest = leaf.digests().path("configuration").asText();
    JsonNode rules = leaf.data().path("rules");
    if (CanonicalJson.digest(rules).hex().equals(digest)) {
      byRules.put(digest, gates.of(rules));
    } else if (first == null) {
      first =
          new Difference(
              leaf.seq(),
              "",
              "rules",
              Json.object().put("digest", digest),
              Json.object().put("digest", CanonicalJson.digest(rules).hex()));
    }
  }

  /**
   * Makes a decision again, if the event records one; after the first difference it only counts.
   */
  public void decide(Leaf leaf, Prose.Personal personal) {
    if (!leaf.kind().equals("action.decided")) {
      return;
    }
    decisions++;
    String rule = leaf.data().path("rule").asText();
    if (rule.startsWith("choir/") || rule.equals("gate/failed")) {
      unasked++;
      return;
    }
    if (!(personal instanceof Prose.Personal.Known known
        && known.fields().get("arguments") instanceof ObjectNode arguments
        && !arguments.has("sha256"))) {
      unreadable++;
      return;
    }
    Optional<Gate> gate =
        byRules.getOrDefault(leaf.digests().path("gate").asText(), Optional.empty());
    if (gate.isEmpty()) {
      unknownRules++;
      return;
    }
    Action action =
        new Action(
            new TenantId(leaf.tenant()),
            new AgentId(leaf.actor()),
            leaf.subject(),
            leaf.data().path("operation").asText(),
            arguments,
            ReplayClass.valueOf(leaf.data().path("replay").asText()));
    compare(leaf, known.fields(), action, gate.get());
  }

  private void compare(Leaf leaf, ObjectNode personal, Action action, Gate gate) {
    String digest = leaf.digests().path("digest").asText();
    ObjectNode recorded =
        Json.object().put("verdict", leaf.verdict()).put("rule", leaf.data().path("rule").asText());
    if (personal.has("reason")) {
      recorded.set("reason", personal.get("reason"));
    }
    ObjectNode now = json(gate.again(action, personal.path("reason").asText("")));
    if (!action.digest().hex().equals(digest)) {
      differs(
          leaf,
          "arguments",
          Json.object().put("digest", digest),
          Json.object().put("digest", action.digest().hex()));
    } else if (Arrays.equals(CanonicalJson.bytes(recorded), CanonicalJson.bytes(now))) {
      again++;
    } else {
      differs(leaf, "verdict", recorded, now);
    }
  }

  private void differs(Leaf leaf, String what, ObjectNode recorded, ObjectNode now) {
    if (first == null) {
      first = new Difference(leaf.seq(), leaf.subject(), what, recorded, now);
    }
  }

  private static ObjectNode json(Verdict verdict) {
    ObjectNode out = Json.object().put("verdict", verdict.word()).put("rule", verdict.rule());
    return switch (verdict) {
      case Verdict.Allow a -> a.reason().isEmpty() ? out : out.put("reason", a.reason());
      case Verdict.Replay r -> out.put("reason", r.receipt());
      case Verdict.OrderAfter o -> out.put("reason", o.actionId());
      case Verdict.Hold h -> out.put("reason", h.reason());
      case Verdict.Deny d -> out.put("reason", d.reason());
    };
  }

  /** What has come out so far. */
  public Outcome outcome() {
    return new Outcome(
        decisions, again, unasked, unreadable, unknownRules, Optional.ofNullable(first));
  }
}
