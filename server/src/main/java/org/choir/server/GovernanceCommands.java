package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.core.Text;
import org.choir.economy.AccountId;
import org.choir.economy.EconomyServices;
import org.choir.economy.Parameter;
import org.choir.economy.Proposal;
import org.choir.economy.SignedIntent;

/** Proposals and votes. */
final class GovernanceCommands {
  static final Set<String> NAMES =
      Set.of(
          "governance",
          "governance.parameters",
          "governance.propose",
          "governance.allocate",
          "governance.upgrade",
          "governance.vote",
          "governance.show");

  private final EconomyRoom economy;
  private final SignedActs signed;
  private final boolean signing;
  private final java.time.InstantSource clock;

  GovernanceCommands(
      EconomyRoom economy, SignedActs signed, boolean signing, java.time.InstantSource clock) {
    this.economy = economy;
    this.signed = signed;
    this.signing = signing;
    this.clock = clock;
  }

  ObjectNode handle(Request request) {
    EconomyServices services = economy.services();
    TenantId user = request.user();
    ObjectNode out =
        switch (request.command()) {
          case "governance" -> list(services);
          case "governance.parameters" -> parameters(services);
          case "governance.propose" -> {
            Parameter parameter = parameter(request.text("parameter"));
            long value = value(parameter, request.text("value"));
            yield show(
                services,
                services.governance().propose(user, parameter, value, request.text("key")).id());
          }
          case "governance.allocate" ->
              show(
                  services,
                  services
                      .governance()
                      .propose(
                          user,
                          AccountId.parse(request.text("to")),
                          Amounts.units(
                              request.text("amount"),
                              AccountId.parse(request.text("to")).currency()),
                          request.text("purpose"),
                          request.text("key"))
                      .id());
          case "governance.upgrade" ->
              show(
                  services,
                  services
                      .governance()
                      .propose(
                          user, request.text("title"), request.text("text"), request.text("key"))
                      .id());
          case "governance.vote" -> vote(services, request);
          case "governance.show" -> show(services, request.text("id"));
          default -> throw new IllegalArgumentException(request.command());
        };
    economy.settle();
    return out;
  }

  private static Parameter parameter(String word) {
    return Parameter.of(word)
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_parameter",
                    "there is no parameter '" + Text.visible(word, 40) + "'",
                    "see them with: choir governance parameters"));
  }

  private static long value(Parameter parameter, String written) {
    if (parameter.unit() == Parameter.Unit.CHIP) {
      return Amounts.units(written, Currency.CHIP);
    }
    if (!written.matches("[0-9]{1,15}")) {
      throw ChoirException.usage(
          "bad_value",
          "'" + Text.visible(written, 30) + "' is no value of " + parameter.word(),
          "write a whole number of " + parameter.unit().name().toLowerCase(Locale.ROOT));
    }
    return Long.parseLong(written);
  }

  private ObjectNode vote(EconomyServices services, Request request) {
    TenantId user = request.user();
    String id = request.text("id");
    boolean yes = request.flag("yes");
    if (signing && economy.counts(user)) {
      ObjectNode arguments = Json.object().put("proposal", id).put("yes", yes);
      signed.perform(
          user,
          SignedIntent.Kind.VOTE,
          arguments,
          once -> {
            services.governance().vote(user, id, yes);
            return id;
          });
    } else {
      services.governance().vote(user, id, yes);
    }
    return show(services, id);
  }

  private ObjectNode parameters(EconomyServices services) {
    var now = services.parameters().at(clock.instant());
    ObjectNode out = Json.object();
    List<String> text = new ArrayList<>();
    for (Parameter parameter : Parameter.values()) {
      out.put(parameter.word(), now.of(parameter));
      text.add(
          "%-24s %24s   between %s and %s"
              .formatted(
                  parameter.word(),
                  amount(parameter, now.of(parameter)),
                  amount(parameter, parameter.least()),
                  amount(parameter, parameter.most())));
    }
    return out.put("text", String.join("\n", text));
  }

  private static String amount(Parameter parameter, long value) {
    return switch (parameter.unit()) {
      case CREDITS -> Amounts.text(value, Currency.CREDITS);
      case CHIP -> Amounts.text(value, Currency.CHIP);
      case PPM -> value / 10_000.0 + " %";
      case SECONDS -> value % 86_400 == 0 ? value / 86_400 + " days" : value / 3_600 + " hours";
      default -> Long.toString(value);
    };
  }

  private static ObjectNode list(EconomyServices services) {
    ObjectNode out = Json.object();
    ArrayNode list = out.putArray("proposals");
    List<String> text = new ArrayList<>();
    for (Proposal proposal : services.governance().proposals()) {
      list.add(json(proposal));
      text.add(
          proposal.id()
              + "  "
              + proposal.state().name().toLowerCase(Locale.ROOT)
              + "  "
              + proposal.content().subject()
              + "  (closes "
              + proposal.closesAt()
              + ")");
    }
    return out.put("text", text.isEmpty() ? "nothing was proposed" : String.join("\n", text));
  }

  private static ObjectNode json(Proposal proposal) {
    return Json.object()
        .put("proposal", proposal.id())
        .put("state", proposal.state().name().toLowerCase(Locale.ROOT))
        .put("kind", proposal.content().kind())
        .put("subject", proposal.content().subject())
        .put("proposer", proposal.proposer().value())
        .put("closes_at", proposal.closesAt().toString())
        .put("effective_at", proposal.effectiveAt().toString())
        .put("reason", proposal.reason());
  }

  private static ObjectNode show(EconomyServices services, String id) {
    Proposal.Count count = services.governance().count(id);
    ObjectNode out = json(count.proposal());
    List<String> text = new ArrayList<>();
    text.add(id + "  " + count.proposal().content().subject());
    text.add(
        "  "
            + count.proposal().state().name().toLowerCase(Locale.ROOT)
            + (count.proposal().reason().isEmpty() ? "" : ": " + count.proposal().reason()));
    text.add(
        "  closes "
            + count.proposal().closesAt()
            + ", in force from "
            + count.proposal().effectiveAt());
    out.put("voters", count.voters());
    count
        .decision()
        .ifPresent(
            d -> {
              out.put("for", d.yes()).put("against", d.no()).put("needed", d.needed());
              text.add(
                  "  for "
                      + Amounts.text(d.yes(), Currency.CHIP)
                      + ", against "
                      + Amounts.text(d.no(), Currency.CHIP)
                      + ", needed "
                      + Amounts.text(d.needed(), Currency.CHIP));
            });
    return out.put("text", String.join("\n", text));
  }
}
