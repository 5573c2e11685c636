package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.ReplayClass;
import org.choir.model.ToolSpec;

/**
 * The tool {@code stake_chip}: takes the stake of the article that this run is going to publish. A
 * run has one stake; {@code publish_to_choir} uses it.
 */
final class StakeChip implements Tool {
  static final String NAME = "stake_chip";

  private static final ToolSpec SPEC =
      new ToolSpec(
          NAME,
          "Puts CHIP of the run's user at stake for the article that this run is going to publish;"
              + " publish_to_choir then uses that stake. A person may be asked first. It goes back"
              + " after a day if nothing is published.",
          new Schema().optionalInteger("stake", 10, 1_000, "CHIP, 100 unless told").build());

  private final WalletAccess wallet;

  StakeChip(WalletAccess wallet) {
    this.wallet = wallet;
  }

  @Override
  public ToolSpec spec() {
    return SPEC;
  }

  @Override
  public ReplayClass replay() {
    return ReplayClass.KEYED;
  }

  @Override
  public ToolOutput call(ToolContext context, ObjectNode arguments) {
    WalletOrder.Stake order = (WalletOrder.Stake) WalletOrder.of(NAME, arguments).orElseThrow();
    return ToolOutput.of(wallet.stake(context.tenant(), context.agent().run(), order.amount()));
  }
}
