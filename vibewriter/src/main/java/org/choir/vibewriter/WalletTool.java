package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.choir.agent.LoopException;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.ChoirException;
import org.choir.core.ReplayClass;
import org.choir.model.ToolSpec;

/**
 * A tool that moves money or speaks for the user: what was refused is told to the wallet, which
 * counts it no longer, and stays refused when it is asked again after a crash. A failure that may
 * have happened after all is not told, and keeps counting.
 */
final class WalletTool implements Tool {
  private final Tool tool;
  private final WalletAccess wallet;

  WalletTool(Tool tool, WalletAccess wallet) {
    this.tool = tool;
    this.wallet = wallet;
  }

  @Override
  public ToolSpec spec() {
    return tool.spec();
  }

  @Override
  public ReplayClass replay() {
    return tool.replay();
  }

  @Override
  public ToolOutput call(ToolContext context, ObjectNode arguments) {
    Optional<String> before = wallet.refusal(context.tenant(), context.actionId());
    if (before.isPresent()) {
      return ToolOutput.error(before.get());
    }
    try {
      ToolOutput output = tool.call(context, arguments);
      if (output.failed()) {
        wallet.refused(context.tenant(), context.actionId(), output.text());
      }
      return output;
    } catch (LoopException e) {
      throw e;
    } catch (ChoirException e) {
      if (!e.failure().retryable() && !Thread.currentThread().isInterrupted()) {
        wallet.refused(
            context.tenant(), context.actionId(), e.code() + ": " + e.failure().message());
      }
      throw e;
    }
  }
}
