package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import org.choir.core.AuditSink;

/** The commands over money; each answer has a {@code text} for people. */
final class EconomyCommands {
  /** What {@link #handle} knows. */
  static final Set<String> NAMES = names();

  private final WalletCommands wallet;
  private final AllowanceCommands allowance;
  private final TradeCommands trade;
  private final StakeCommands stakes;
  private final TreasuryCommands treasury;
  private final GovernanceCommands governance;

  EconomyCommands(
      EconomyRoom economy,
      SignedActs signed,
      SharedDatabase database,
      EconomySettings settings,
      AuditSink audit,
      InstantSource clock) {
    this.wallet = new WalletCommands(economy);
    this.allowance = new AllowanceCommands(() -> economy.services().allowances(), audit, clock);
    this.trade = new TradeCommands(economy, signed, settings);
    this.stakes = new StakeCommands(economy, signed, settings.signed());
    this.treasury = new TreasuryCommands(economy, database, settings.operators(), clock);
    this.governance = new GovernanceCommands(economy, signed, settings.signed(), clock);
  }

  private static Set<String> names() {
    Set<String> names = new HashSet<>();
    names.addAll(WalletCommands.NAMES);
    names.addAll(AllowanceCommands.NAMES);
    names.addAll(TradeCommands.NAMES);
    names.addAll(StakeCommands.NAMES);
    names.addAll(TreasuryCommands.NAMES);
    names.addAll(GovernanceCommands.NAMES);
    return Set.copyOf(names);
  }

  ObjectNode handle(Request request) {
    String command = request.command();
    if (WalletCommands.NAMES.contains(command)) {
      return wallet.handle(request);
    }
    if (AllowanceCommands.NAMES.contains(command)) {
      return allowance.handle(request);
    }
    if (TradeCommands.NAMES.contains(command)) {
      return trade.handle(request);
    }
    if (StakeCommands.NAMES.contains(command)) {
      return stakes.handle(request);
    }
    return TreasuryCommands.NAMES.contains(command)
        ? treasury.handle(request)
        : governance.handle(request);
  }
}
