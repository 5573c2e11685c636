package org.choir.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.choir.agent.PlainGate;
import org.choir.core.Action;
import org.choir.core.ChoirException;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.Verdict;
import org.choir.economy.AllowanceRule;
import org.choir.economy.AllowanceRule.Asked;
import org.choir.economy.AllowanceRule.Kind;
import org.choir.vibewriter.WalletOrder;

/**
 * Before another gate: what moves a user's money or speaks in a user's name happens by itself while
 * it fits into what the user has allowed for the day, and else waits for a person. The facts are in
 * the verdict's reason, so that the audit chain has them and the decision can be made again.
 */
final class AllowanceGate implements Gate {
  /** Raised whenever the same configuration and facts would decide otherwise. */
  private static final String NAME = "allowance/1";

  private static final String WITHIN = "allowance/within";
  private static final String ASK = "allowance/ask";
  private static final String REFUSED = "allowance/refused";

  /** Between the facts and what would be done; the facts hold no word of a model. */
  private static final String THEN = "; it would ";

  /** Counts what an action takes. */
  @FunctionalInterface
  interface Claims {
    /** The ruling on an action, the same for the same action. */
    AllowanceRule.Ruling claim(Action action, WalletOrder order);
  }

  private final Gate base;
  private final Set<String> governed;
  private final Claims claims;

  /** Governs every {@link WalletOrder}; the base decides all else. */
  AllowanceGate(Gate base, Claims claims) {
    this(base, WalletOrder.OPERATIONS, claims);
  }

  private AllowanceGate(Gate base, Set<String> governed, Claims claims) {
    this.base = base;
    this.governed = Set.copyOf(governed);
    this.claims = claims;
  }

  /**
   * The gate that makes the decisions of the one with this {@link #configuration} again.
   *
   * @return empty if it is another gate's
   */
  static Optional<Gate> of(JsonNode configuration) {
    if (!configuration.path("gate").asText().equals(NAME)) {
      return PlainGate.of(configuration);
    }
    Set<String> governed = new HashSet<>();
    configuration.path("governed").forEach(g -> governed.add(g.asText()));
    return PlainGate.of(configuration.path("base"))
        .map(
            base ->
                new AllowanceGate(
                    base,
                    governed,
                    (action, order) -> {
                      throw new IllegalStateException("decisions are only made again here");
                    }));
  }

  @Override
  public Gate forRun(JsonNode runStarted) {
    return new AllowanceGate(base.forRun(runStarted), governed, claims);
  }

  @Override
  public JsonNode configuration() {
    ObjectNode out = Json.object().put("gate", NAME);
    new TreeSet<>(governed).forEach(out.putArray("governed")::add);
    out.set("base", base.configuration());
    return out;
  }

  @Override
  public Verdict decide(Action action) {
    return decide(action, base::decide, order -> claims.claim(action, order));
  }

  /** Reads the facts from the reason; where they are not this action's, it is refused. */
  @Override
  public Verdict again(Action action, String reason) {
    int end = reason.indexOf(THEN);
    return decide(
        action,
        a -> base.again(a, reason),
        order ->
            AllowanceRule.read(end < 0 ? reason : reason.substring(0, end))
                .filter(ruling -> asked(order).contains(ruling.asked()))
                .orElseThrow(
                    () ->
                        ChoirException.usage(
                            "other_facts", "the recorded facts are not this action's", "")));
  }

  private interface Base {
    Verdict decide(Action action);
  }

  private interface Facts {
    AllowanceRule.Ruling of(WalletOrder order);
  }

  private Verdict decide(Action action, Base others, Facts facts) {
    if (!governed.contains(action.operation())) {
      return others.decide(action);
    }
    WalletOrder order;
    try {
      order = WalletOrder.of(action.operation(), action.arguments()).orElseThrow();
    } catch (ChoirException e) {
      return new Verdict.Deny(
          REFUSED, e.code() + ": " + e.failure().message() + ". " + e.failure().remedy());
    }
    AllowanceRule.Ruling ruling = facts.of(order);
    String reason = ruling.words() + THEN + order.words();
    return ruling.alone() ? new Verdict.Allow(WITHIN, reason) : new Verdict.Hold(ASK, reason);
  }

  /**
   * What an order may ask of the day's allowance, most first: less where the run's stake is there
   * already, or its user stakes nothing.
   */
  static List<List<Asked>> asked(WalletOrder order) {
    return switch (order) {
      case WalletOrder.Publication p ->
          List.of(
              List.of(new Asked(Kind.PUBLICATIONS, 1), new Asked(Kind.CHIP, p.stake())),
              List.of(new Asked(Kind.PUBLICATIONS, 1)));
      case WalletOrder.Stake s -> List.of(List.of(new Asked(Kind.CHIP, s.amount())), List.of());
      case WalletOrder.Transfer t -> List.of(List.of(new Asked(Kind.USDC, t.amount())));
    };
  }
}
