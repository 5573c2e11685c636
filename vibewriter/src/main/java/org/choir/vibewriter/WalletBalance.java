package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.stream.Collectors;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.ReplayClass;
import org.choir.model.ToolSpec;

/** The tool {@code wallet_balance}: what the run's user has, and what needs no asking today. */
final class WalletBalance implements Tool {
  static final String NAME = "wallet_balance";

  private static final ToolSpec SPEC =
      new ToolSpec(
          NAME,
          "Shows what the run's user has in credits, CHIP and USDC, what is at stake, not yet"
              + " vested or reserved, and what you may still do today without asking a person.",
          new Schema().build());

  private final WalletAccess wallet;

  WalletBalance(WalletAccess wallet) {
    this.wallet = wallet;
  }

  @Override
  public ToolSpec spec() {
    return SPEC;
  }

  @Override
  public ReplayClass replay() {
    return ReplayClass.READ_ONLY;
  }

  @Override
  public ToolOutput call(ToolContext context, ObjectNode arguments) {
    return ToolOutput.of(
        wallet.standing(context.tenant()).stream()
            .map(s -> s.name() + ": " + s.amount())
            .collect(Collectors.joining("\n")));
  }
}
