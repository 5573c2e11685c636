package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What agents may do in a day without asking: the parts of {@code choir wallet} that say it. */
final class AllowanceActions {
  private AllowanceActions() {}

  /** Both print the allowance as it stands then. */
  abstract static class OnAllowance extends Action {
    OnAllowance(Context context) {
      super(context);
    }

    final int shown(String command, ObjectNode request) {
      ObjectNode result = ask(command, request);
      StringBuilder out =
          new StringBuilder(
              "What agents of "
                  + result.path("user").asText()
                  + " may do without asking, on "
                  + result.path("day").asText()
                  + " (UTC):");
      for (String name : List.of("chip", "usdc", "publications")) {
        String what =
            switch (name) {
              case "chip" -> "stake";
              case "usdc" -> "send";
              default -> "publish";
            };
        var row = result.path(name);
        out.append(
            String.format(
                "%n  %-8s %s a day, %s used, %s left",
                what,
                row.path("a_day").asText(),
                row.path("used_today").asText(),
                row.path("left_today").asText()));
      }
      print(result, out.toString());
      return 0;
    }
  }

  /** {@code choir wallet allow}. */
  @Command(
      name = "allow",
      description = {
        "Say what your agents may do in a day without asking you; the rest asks.",
        "All runs of a day (UTC) count together. What you do not name stays as it is, 0 takes it"
            + " back."
      },
      footer = {
        "",
        "Examples:",
        "  choir wallet allow --chip 200 --usdc 5 --publish 2",
        "  choir wallet allow --usdc 0"
      })
  static final class Allow extends OnAllowance {
    @Option(names = "--chip", paramLabel = "CHIP", description = "To stake, at most 1000.")
    String chip = "";

    @Option(names = "--usdc", paramLabel = "USDC", description = "To send to others, at most 5000.")
    String usdc = "";

    @Option(names = "--publish", paramLabel = "N", description = "Articles, at most 100.")
    @Nullable Integer publish;

    @Option(names = "--per-day", description = "A day is what counts; may be left out.")
    boolean perDay;

    Allow(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = Json.object();
      if (!chip.isEmpty()) {
        request.put("chip", chip);
      }
      if (!usdc.isEmpty()) {
        request.put("usdc", usdc);
      }
      if (publish != null) {
        request.put("publications", publish);
      }
      if (request.isEmpty()) {
        throw ChoirException.usage(
            "nothing_named",
            "nothing is named",
            "name --chip, --usdc or --publish, or look with: choir wallet allowance");
      }
      return shown("wallet.allow", request);
    }
  }

  /** {@code choir wallet allowance}. */
  @Command(
      name = "allowance",
      description = "Show what your agents may do in a day without asking you, and what is left.",
      footer = {"", "Example:", "  choir wallet allowance"})
  static final class Allowance extends OnAllowance {
    Allowance(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return shown("wallet.allowance", Json.object());
    }
  }
}
