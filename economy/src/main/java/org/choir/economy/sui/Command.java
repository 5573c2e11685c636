package org.choir.economy.sui;

import java.util.List;
import java.util.Optional;

/** A step of a programmable transaction. */
sealed interface Command {
  /** Writes the variant and what it holds. */
  void write(BcsWriter out);

  private static void arguments(BcsWriter out, List<Argument> arguments) {
    out.vector(arguments, each -> each.write(out));
  }

  private static void code(BcsWriter out, List<byte[]> modules, List<SuiAddress> dependencies) {
    out.vector(modules, out::bytes).vector(dependencies, out::address);
  }

  /** Calls a function of a package. */
  record MoveCall(
      SuiAddress target,
      String module,
      String function,
      List<TypeTag> types,
      List<Argument> arguments)
      implements Command {
    @Override
    public void write(BcsWriter out) {
      out.uleb(0)
          .address(target)
          .string(module)
          .string(function)
          .vector(types, each -> each.write(out));
      Command.arguments(out, arguments);
    }
  }

  /** Gives objects to an address. */
  record TransferObjects(List<Argument> objects, Argument recipient) implements Command {
    @Override
    public void write(BcsWriter out) {
      Command.arguments(out.uleb(1), objects);
      recipient.write(out);
    }
  }

  /** Takes amounts out of a coin, each as a coin of its own. */
  record SplitCoins(Argument coin, List<Argument> amounts) implements Command {
    @Override
    public void write(BcsWriter out) {
      coin.write(out.uleb(2));
      Command.arguments(out, amounts);
    }
  }

  /** Puts coins into one. */
  record MergeCoins(Argument target, List<Argument> sources) implements Command {
    @Override
    public void write(BcsWriter out) {
      target.write(out.uleb(3));
      Command.arguments(out, sources);
    }
  }

  /** Puts a new package on the chain. */
  record Publish(List<byte[]> modules, List<SuiAddress> dependencies) implements Command {
    @Override
    public void write(BcsWriter out) {
      Command.code(out.uleb(4), modules, dependencies);
    }
  }

  /** Makes a vector of values; the type is needed if there are none. */
  record MakeMoveVec(Optional<TypeTag> type, List<Argument> elements) implements Command {
    @Override
    public void write(BcsWriter out) {
      out.uleb(5).option(type, each -> each.write(out));
      Command.arguments(out, elements);
    }
  }

  /** Replaces a package by its next version. */
  record Upgrade(
      List<byte[]> modules, List<SuiAddress> dependencies, SuiAddress target, Argument ticket)
      implements Command {
    @Override
    public void write(BcsWriter out) {
      Command.code(out.uleb(6), modules, dependencies);
      ticket.write(out.address(target));
    }
  }
}
