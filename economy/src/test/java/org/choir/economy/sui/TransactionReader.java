package org.choir.economy.sui;

import java.util.List;
import java.util.OptionalLong;

/** Reads transaction data back from its bytes, as a validator must. */
final class TransactionReader {
  private final BcsReader in;

  private TransactionReader(byte[] bytes) {
    this.in = new BcsReader(bytes);
  }

  static TransactionData read(byte[] bytes) {
    TransactionReader reader = new TransactionReader(bytes);
    TransactionData data = reader.data();
    reader.in.end();
    return data;
  }

  private static IllegalArgumentException unknown(String what, int variant) {
    return new IllegalArgumentException("no " + what + " " + variant);
  }

  private void variant(String what, int wanted) {
    int variant = in.uleb();
    if (variant != wanted) {
      throw unknown(what, variant);
    }
  }

  private TransactionData data() {
    variant("version", 0);
    variant("kind", 0);
    List<CallArg> inputs = in.vector(this::input);
    List<Command> commands = in.vector(this::command);
    SuiAddress sender = in.address();
    TransactionData.Gas gas =
        new TransactionData.Gas(in.vector(this::object), in.address(), in.u64(), in.u64());
    int expiration = in.uleb();
    OptionalLong lastEpoch =
        switch (expiration) {
          case 0 -> OptionalLong.empty();
          case 1 -> OptionalLong.of(in.u64());
          default -> throw unknown("expiration", expiration);
        };
    return new TransactionData(inputs, commands, sender, gas, lastEpoch);
  }

  private CallArg input() {
    int variant = in.uleb();
    if (variant == 0) {
      return new CallArg.Pure(in.bytes());
    }
    if (variant != 1) {
      throw unknown("input", variant);
    }
    int kind = in.uleb();
    return switch (kind) {
      case 0 -> new CallArg.Owned(object());
      case 1 -> new CallArg.Shared(in.address(), in.u64(), in.bool());
      case 2 -> new CallArg.Receiving(object());
      default -> throw unknown("object", kind);
    };
  }

  private ObjectRef object() {
    return new ObjectRef(in.address(), in.u64(), Hashes.base58(in.bytes()));
  }

  private Argument argument() {
    int variant = in.uleb();
    return switch (variant) {
      case 0 -> Argument.GAS;
      case 1 -> new Argument.Input(in.u16());
      case 2 -> new Argument.Result(in.u16());
      case 3 -> new Argument.NestedResult(in.u16(), in.u16());
      default -> throw unknown("argument", variant);
    };
  }

  private List<Argument> arguments() {
    return in.vector(this::argument);
  }

  private Command command() {
    int variant = in.uleb();
    return switch (variant) {
      case 0 ->
          new Command.MoveCall(
              in.address(), in.string(), in.string(), in.vector(this::type), arguments());
      case 1 -> new Command.TransferObjects(arguments(), argument());
      case 2 -> new Command.SplitCoins(argument(), arguments());
      case 3 -> new Command.MergeCoins(argument(), arguments());
      case 4 -> new Command.Publish(in.vector(in::bytes), in.vector(in::address));
      case 5 -> new Command.MakeMoveVec(in.option(this::type), arguments());
      case 6 ->
          new Command.Upgrade(
              in.vector(in::bytes), in.vector(in::address), in.address(), argument());
      default -> throw unknown("command", variant);
    };
  }

  private TypeTag type() {
    int variant = in.uleb();
    return switch (variant) {
      case 0 -> TypeTag.Primitive.BOOL;
      case 1 -> TypeTag.Primitive.U8;
      case 2 -> TypeTag.Primitive.U64;
      case 3 -> TypeTag.Primitive.U128;
      case 4 -> TypeTag.Primitive.ADDRESS;
      case 5 -> TypeTag.Primitive.SIGNER;
      case 6 -> new TypeTag.Vector(type());
      case 7 -> new TypeTag.Struct(in.address(), in.string(), in.string(), in.vector(this::type));
      case 8 -> TypeTag.Primitive.U16;
      case 9 -> TypeTag.Primitive.U32;
      case 10 -> TypeTag.Primitive.U256;
      default -> throw unknown("type", variant);
    };
  }
}
