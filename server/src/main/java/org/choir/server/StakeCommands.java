package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.economy.EconomyServices;
import org.choir.economy.Reward;
import org.choir.economy.SignedIntent;
import org.choir.economy.Stake;

/** Stakes and rewards of articles, and what may happen to them. */
final class StakeCommands {
  static final Set<String> NAMES =
      Set.of("stake.list", "stake.take", "stake.accuse", "stake.appeal", "stake.decide");

  private final EconomyRoom economy;
  private final SignedActs signed;
  private final boolean signing;

  StakeCommands(EconomyRoom economy, SignedActs signed, boolean signing) {
    this.economy = economy;
    this.signed = signed;
    this.signing = signing;
  }

  ObjectNode handle(Request request) {
    EconomyServices services = economy.services();
    TenantId user = request.user();
    ObjectNode out =
        switch (request.command()) {
          case "stake.list" -> list(services, user);
          case "stake.take" -> take(services, request);
          case "stake.accuse" -> {
            Stake accused =
                services
                    .cases()
                    .accuse(
                        request.text("article"),
                        user.value(),
                        percent(request.optional("share").orElse("100")),
                        request.text("reason"));
            services.rewards().stop(request.text("article"), user.value(), request.text("reason"));
            yield json(accused);
          }
          case "stake.appeal" ->
              json(services.cases().appeal(request.text("article"), user, request.text("reason")));
          case "stake.decide" ->
              json(
                  services
                      .cases()
                      .decide(
                          request.text("article"),
                          user.value(),
                          request.flag("uphold"),
                          request.text("reason")));
          default -> throw new IllegalArgumentException(request.command());
        };
    economy.settle();
    return out;
  }

  private ObjectNode take(EconomyServices services, Request request) {
    TenantId user = request.user();
    long amount = Amounts.units(request.text("amount"), Currency.CHIP);
    String key = request.text("key");
    services.debts().requireNone(user);
    if (signing && economy.counts(user)) {
      ObjectNode arguments = Json.object().put("amount", Long.toString(amount)).put("key", key);
      signed.perform(
          user,
          SignedIntent.Kind.STAKE,
          arguments,
          once -> services.stakes().take(user, key, amount).key());
    }
    return json(services.stakes().take(user, key, amount));
  }

  /** Parts per million of a written percentage. */
  private static long percent(String written) {
    try {
      long share =
          new BigDecimal(written.replace("%", "").strip()).movePointRight(4).longValueExact();
      if (share > 0 && share <= 1_000_000) {
        return share;
      }
    } catch (ArithmeticException | NumberFormatException e) {
      throw badShare(written, e);
    }
    throw badShare(written, null);
  }

  private static ChoirException badShare(
      String written, @org.jspecify.annotations.Nullable Exception cause) {
    return new ChoirException(
        new org.choir.core.Failure(
            "bad_share",
            "'" + org.choir.core.Text.visible(written, 20) + "' is no share of a stake",
            "write a percentage above 0 and at most 100",
            org.choir.core.ExitStatus.USAGE,
            false),
        cause);
  }

  private static ObjectNode list(EconomyServices services, TenantId user) {
    ObjectNode out = Json.object();
    ArrayNode stakes = out.putArray("stakes");
    ArrayNode rewards = out.putArray("rewards");
    List<String> text = new ArrayList<>();
    for (Stake stake : services.stakes().ofUser(user)) {
      ObjectNode one = json(stake);
      text.add("stake   " + one.path("text").asText());
      one.remove("text");
      stakes.add(one);
    }
    for (Reward reward : services.rewards().ofUser(user)) {
      rewards
          .addObject()
          .put("article", reward.article())
          .put("state", reward.state().name().toLowerCase(Locale.ROOT))
          .put("worth", reward.worth())
          .put("made", reward.made())
          .put("vested", reward.vested())
          .put("reason", reward.reason())
          .set("explanation", reward.why().json());
      text.add("reward  " + reward.article() + "  " + PaidPublishing.words(reward));
    }
    return out.put("text", text.isEmpty() ? "nothing is at stake" : String.join("\n", text));
  }

  private static ObjectNode json(Stake stake) {
    ObjectNode out =
        Json.object()
            .put("key", stake.key())
            .put("article", stake.article().orElse(null))
            .put("amount", stake.amount())
            .put("missing", stake.missing())
            .put("slashed", stake.slashed())
            .put("state", stake.state().name().toLowerCase(Locale.ROOT))
            .put("free_at", stake.freeAt().toString());
    StringBuilder text =
        new StringBuilder(stake.article().orElse("(no article yet)"))
            .append("  ")
            .append(Amounts.text(stake.amount(), Currency.CHIP))
            .append("  ")
            .append(stake.state().name().toLowerCase(Locale.ROOT))
            .append(", free from ")
            .append(stake.freeAt());
    if (stake.missing() > 0) {
      text.append(", ")
          .append(Amounts.text(stake.missing(), Currency.CHIP))
          .append(" of it from the article's own reward");
    }
    if (!stake.accuser().isEmpty()) {
      text.append("\n        accused by ")
          .append(stake.accuser())
          .append(": ")
          .append(stake.reasons());
      stake
          .appealUntil()
          .ifPresent(
              until ->
                  text.append("\n        appeal until ")
                      .append(until)
                      .append(": choir stake appeal"));
    }
    if (!stake.decision().isEmpty()) {
      text.append("\n        decided by ")
          .append(stake.reviewer())
          .append(": ")
          .append(stake.decision());
    }
    return out.put("text", text.toString());
  }
}
