package org.choir.economy.sui;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.choir.core.Json;

/** Transactions of every form, from a seed, and the same in the words of {@code @mysten/sui}. */
final class RandomTransactions {
  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJ0123456789";
  private final SplittableRandom random;

  RandomTransactions(SplittableRandom random) {
    this.random = random;
  }

  TransactionData next() {
    return new TransactionData(
        list(0, 6, this::input),
        list(0, 6, this::command),
        address(),
        new TransactionData.Gas(list(0, 4, this::object), address(), u64(), u64()),
        random.nextBoolean() ? OptionalLong.empty() : OptionalLong.of(random.nextLong(1L << 53)));
  }

  private CallArg input() {
    return switch (random.nextInt(4)) {
      case 0 -> new CallArg.Pure(bytes(random.nextInt(random.nextInt(8) == 0 ? 400 : 40)));
      case 1 -> new CallArg.Owned(object());
      case 2 -> new CallArg.Shared(address(), u64(), random.nextBoolean());
      default -> new CallArg.Receiving(object());
    };
  }

  private Argument argument() {
    return switch (random.nextInt(4)) {
      case 0 -> Argument.GAS;
      case 1 -> new Argument.Input(random.nextInt(1 << 16));
      case 2 -> new Argument.Result(random.nextInt(1 << 16));
      default -> new Argument.NestedResult(random.nextInt(1 << 16), random.nextInt(1 << 16));
    };
  }

  private Command command() {
    return switch (random.nextInt(7)) {
      case 0 ->
          new Command.MoveCall(
              address(), name(), name(), list(0, 3, () -> type(0)), list(0, 5, this::argument));
      case 1 -> new Command.TransferObjects(list(0, 4, this::argument), argument());
      case 2 -> new Command.SplitCoins(argument(), list(0, 4, this::argument));
      case 3 -> new Command.MergeCoins(argument(), list(0, 4, this::argument));
      case 4 -> new Command.Publish(list(0, 3, this::module), list(0, 4, this::address));
      case 5 ->
          new Command.MakeMoveVec(
              random.nextBoolean() ? Optional.empty() : Optional.of(type(0)),
              list(0, 4, this::argument));
      default ->
          new Command.Upgrade(
              list(0, 3, this::module), list(0, 4, this::address), address(), argument());
    };
  }

  private byte[] module() {
    return bytes(random.nextInt(300));
  }

  TypeTag type(int depth) {
    int choice = random.nextInt(depth >= 4 ? 9 : 13);
    if (choice < 9) {
      return List.of(TypeTag.Primitive.values()).get(choice);
    }
    return choice < 11
        ? new TypeTag.Vector(type(depth + 1))
        : new TypeTag.Struct(address(), name(), name(), list(0, 3, () -> type(depth + 1)));
  }

  SuiAddress address() {
    return random.nextInt(8) == 0
        ? SuiAddress.parse("0x" + random.nextInt(1, 1000))
        : SuiAddress.of(bytes(32));
  }

  private ObjectRef object() {
    byte[] digest = bytes(32);
    for (int i = 0; random.nextInt(4) == 0 && i < 32; i++) {
      digest[i] = 0; // zeros in front have a form of their own in Base58
    }
    return new ObjectRef(address(), u64(), Hashes.base58(digest));
  }

  private long u64() {
    return random.nextLong() >>> random.nextInt(64);
  }

  byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private String name() {
    StringBuilder name = new StringBuilder("m");
    for (int i = random.nextInt(random.nextInt(20) == 0 ? 200 : 12); i > 0; i--) {
      name.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
    }
    return name.toString();
  }

  private <T> List<T> list(int least, int most, Supplier<T> each) {
    List<T> list = new ArrayList<>();
    for (int i = random.nextInt(least, most); i > 0; i--) {
      list.add(each.get());
    }
    return list;
  }

  static ObjectNode words(TransactionData data) {
    ObjectNode v1 = Json.object();
    ObjectNode program = v1.putObject("kind").putObject("ProgrammableTransaction");
    ArrayNode inputs = program.putArray("inputs");
    data.inputs().forEach(input -> inputs.add(words(input)));
    ArrayNode commands = program.putArray("commands");
    data.commands().forEach(command -> commands.add(words(command)));
    v1.put("sender", data.sender().toString());
    ObjectNode gas = v1.putObject("gasData");
    ArrayNode payment = gas.putArray("payment");
    data.gas().payment().forEach(coin -> payment.add(words(coin)));
    gas.put("owner", data.gas().owner().toString())
        .put("price", Long.toUnsignedString(data.gas().price()))
        .put("budget", Long.toUnsignedString(data.gas().budget()));
    ObjectNode expiration = v1.putObject("expiration");
    if (data.lastEpoch().isPresent()) {
      expiration.put("Epoch", data.lastEpoch().getAsLong());
    } else {
      expiration.put("None", true);
    }
    ObjectNode all = Json.object();
    all.set("V1", v1);
    return all;
  }

  private static ObjectNode words(ObjectRef object) {
    return Json.object()
        .put("objectId", object.id().toString())
        .put("version", Long.toUnsignedString(object.version()))
        .put("digest", object.digest());
  }

  private static ObjectNode words(CallArg input) {
    ObjectNode json = Json.object();
    switch (input) {
      case CallArg.Pure(byte[] bcs) -> json.putObject("Pure").put("bytes", base64(bcs));
      case CallArg.Owned(ObjectRef object) ->
          json.putObject("Object").set("ImmOrOwnedObject", words(object));
      case CallArg.Shared(SuiAddress id, long version, boolean mutable) ->
          json.putObject("Object")
              .putObject("SharedObject")
              .put("objectId", id.toString())
              .put("initialSharedVersion", Long.toUnsignedString(version))
              .put("mutable", mutable);
      case CallArg.Receiving(ObjectRef object) ->
          json.putObject("Object").set("Receiving", words(object));
    }
    return json;
  }

  private static ObjectNode words(Argument argument) {
    ObjectNode json = Json.object();
    switch (argument) {
      case Argument.GasCoin() -> json.put("GasCoin", true);
      case Argument.Input(int index) -> json.put("Input", index);
      case Argument.Result(int command) -> json.put("Result", command);
      case Argument.NestedResult(int command, int index) ->
          json.putArray("NestedResult").add(command).add(index);
    }
    return json;
  }

  private static ArrayNode words(List<Argument> arguments) {
    ArrayNode json = Json.array();
    arguments.forEach(argument -> json.add(words(argument)));
    return json;
  }

  private static ArrayNode base64(List<byte[]> modules) {
    ArrayNode json = Json.array();
    modules.forEach(module -> json.add(base64(module)));
    return json;
  }

  private static ArrayNode addresses(List<SuiAddress> addresses) {
    ArrayNode json = Json.array();
    addresses.forEach(address -> json.add(address.toString()));
    return json;
  }

  private static ObjectNode words(Command command) {
    ObjectNode json = Json.object();
    switch (command) {
      case Command.MoveCall call -> {
        ObjectNode body = json.putObject("MoveCall");
        body.put("package", call.target().toString())
            .put("module", call.module())
            .put("function", call.function());
        ArrayNode types = body.putArray("typeArguments");
        call.types().forEach(type -> types.add(type.toString()));
        body.set("arguments", words(call.arguments()));
      }
      case Command.TransferObjects transfer -> {
        ObjectNode body = json.putObject("TransferObjects");
        body.set("objects", words(transfer.objects()));
        body.set("address", words(transfer.recipient()));
      }
      case Command.SplitCoins split -> {
        ObjectNode body = json.putObject("SplitCoins");
        body.set("coin", words(split.coin()));
        body.set("amounts", words(split.amounts()));
      }
      case Command.MergeCoins merge -> {
        ObjectNode body = json.putObject("MergeCoins");
        body.set("destination", words(merge.target()));
        body.set("sources", words(merge.sources()));
      }
      case Command.Publish publish -> {
        ObjectNode body = json.putObject("Publish");
        body.set("modules", base64(publish.modules()));
        body.set("dependencies", addresses(publish.dependencies()));
      }
      case Command.MakeMoveVec vector -> {
        ObjectNode body = json.putObject("MakeMoveVec");
        body.put("type", vector.type().map(TypeTag::toString).orElse(null));
        body.set("elements", words(vector.elements()));
      }
      case Command.Upgrade upgrade -> {
        ObjectNode body = json.putObject("Upgrade");
        body.set("modules", base64(upgrade.modules()));
        body.set("dependencies", addresses(upgrade.dependencies()));
        body.put("package", upgrade.target().toString());
        body.set("ticket", words(upgrade.ticket()));
      }
    }
    return json;
  }

  static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
