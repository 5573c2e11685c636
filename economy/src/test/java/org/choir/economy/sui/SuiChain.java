package org.choir.economy.sui;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * A network as one validator: objects with versions and owners, executed transactions with their
 * effects, epochs and checkpoints, and what our contract's calls do. It reads the bytes itself,
 * checks signatures, versions, gas and expiry as Sui does, and never executes the same twice.
 */
final class SuiChain {
  static final long REWARD_CAP = 100_000_000_000L;
  static final long GENESIS = 5_000_000_000_000L;
  private static final long GAS_USED = 2_000_000;

  final SuiAddress contract = SuiAddress.parse("0xc0de");
  final SuiAddress treasury = SuiAddress.parse("0x7ea5");
  final SuiAddress payer = SuiAddress.parse("0xca9");
  final SuiAddress table = SuiAddress.parse("0x7ab1e");
  final String id = Hashes.base58(Hashes.blake2b(new byte[] {7}));

  private final SplittableRandom random = new SplittableRandom(11);
  final Map<SuiAddress, Thing> objects = new LinkedHashMap<>();
  final Map<String, Effects> executed = new LinkedHashMap<>();
  final Map<String, Paid> receipts = new LinkedHashMap<>();
  final Map<String, Held> stakes = new LinkedHashMap<>();
  long epoch = 100;
  long checkpoint = 1_000;
  long supply = GENESIS;
  long rewarded;
  long dollars;

  /** An object: a coin if it has a balance. */
  record Thing(SuiAddress owner, String type, long version, long balance) {
    ObjectRef ref(SuiAddress id) {
      return new ObjectRef(
          id,
          version,
          Hashes.base58(
              Hashes.blake2b(id.bytes(), new BcsWriter().u64(version).u64(balance).done())));
    }
  }

  record Paid(int kind, long amount, SuiAddress party) {}

  record Held(SuiAddress owner, long amount) {}

  record Effects(String digest, int abort, long checkpoint) {}

  /** What the network does not take at all: nothing was executed. */
  static final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;

    Refusal(String message) {
      super(message);
    }
  }

  /** What a call of Move ends with. */
  private static final class Abort extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int code;

    Abort(int code) {
      this.code = code;
    }
  }

  String chip() {
    return contract + "::chip::CHIP";
  }

  String coinOf(String type) {
    return TypeTag.parse("0x2::coin::Coin<" + type + ">").toString();
  }

  SuiAddress give(SuiAddress owner, String type, long balance) {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    SuiAddress id = SuiAddress.of(bytes);
    objects.put(id, new Thing(owner, coinOf(type), 1, balance));
    return id;
  }

  void open(SuiAddress platform) {
    objects.put(treasury, new Thing(treasury, "treasury", 5, 0));
    objects.put(payer, new Thing(platform, "payer", 6, 0));
  }

  Thing thing(SuiAddress id) {
    return Objects.requireNonNull(objects.get(id));
  }

  /** Executes it, or gives the effects again if it was executed before. */
  synchronized Effects execute(byte[] bytes, List<String> signatures) {
    String digest = TransactionData.digest(bytes);
    TransactionData data;
    try {
      data = TransactionReader.read(bytes);
    } catch (IllegalArgumentException e) {
      throw new Refusal("Invalid argument: " + e.getMessage());
    }
    signatures(data, bytes, signatures);
    Effects before = executed.get(digest);
    if (before != null) {
      return before;
    }
    admit(data);
    Map<SuiAddress, Thing> objectsBefore = new LinkedHashMap<>(objects);
    Map<String, Paid> receiptsBefore = new LinkedHashMap<>(receipts);
    Map<String, Held> stakesBefore = new LinkedHashMap<>(stakes);
    long[] numbers = {supply, rewarded, dollars};
    int abort = 0;
    try {
      new Run(data).run();
    } catch (Abort e) {
      abort = e.code;
      restore(objects, objectsBefore);
      restore(receipts, receiptsBefore);
      restore(stakes, stakesBefore);
      supply = numbers[0];
      rewarded = numbers[1];
      dollars = numbers[2];
    }
    payGas(data);
    Effects effects = new Effects(digest, abort, ++checkpoint);
    executed.put(digest, effects);
    return effects;
  }

  private static <K, V> void restore(Map<K, V> map, Map<K, V> before) {
    map.clear();
    map.putAll(before);
  }

  private static void signatures(TransactionData data, byte[] bytes, List<String> given) {
    byte[] signed = Hashes.blake2b(new byte[3], bytes);
    List<SuiAddress> wanted =
        data.sender().equals(data.gas().owner())
            ? List.of(data.sender())
            : List.of(data.sender(), data.gas().owner());
    List<SuiAddress> found = new ArrayList<>();
    for (String each : given) {
      byte[] raw = Base64.getDecoder().decode(each);
      if (raw.length != 97 || raw[0] != 0) {
        throw new Refusal("Invalid argument: Invalid user signature: length");
      }
      byte[] key = Arrays.copyOfRange(raw, 65, 97);
      if (!Ed25519.verifies(key, signed, Arrays.copyOfRange(raw, 1, 65))) {
        throw new Refusal("Invalid argument: Invalid user signature: Fail to verify user sig");
      }
      found.add(SuiAddress.ofKey(key));
    }
    if (found.size() != wanted.size() || !found.containsAll(wanted)) {
      throw new Refusal("Invalid argument: expected " + wanted + ", signed by " + found);
    }
  }

  private void admit(TransactionData data) {
    if (data.lastEpoch().isPresent() && data.lastEpoch().getAsLong() < epoch) {
      throw new Refusal("Invalid argument: transaction expired");
    }
    long gas = 0;
    for (ObjectRef coin : data.gas().payment()) {
      gas += current(coin, data.gas().owner()).balance();
    }
    if (gas < data.gas().budget() || data.gas().budget() > 10_000_000) {
      throw new Refusal("Invalid argument: balance of gas object " + gas + " is too low");
    }
    for (CallArg input : data.inputs()) {
      switch (input) {
        case CallArg.Owned(ObjectRef object) -> current(object, data.sender());
        case CallArg.Receiving(ObjectRef object) -> current(object, data.sender());
        case CallArg.Shared(SuiAddress id, long version, boolean mutable) -> {
          if (!objects.containsKey(id) || version != 5) {
            throw new Refusal("Invalid argument: shared object " + id + " at " + version);
          }
        }
        case CallArg.Pure pure -> {}
      }
    }
  }

  private Thing current(ObjectRef ref, SuiAddress owner) {
    Thing thing = objects.get(ref.id());
    if (thing == null || !thing.ref(ref.id()).equals(ref)) {
      throw new Refusal(
          "Invalid argument: Object " + ref.id() + " is not available for consumption");
    }
    if (!thing.owner().equals(owner)) {
      throw new Refusal("Invalid argument: object " + ref.id() + " is not owned by " + owner);
    }
    return thing;
  }

  private void payGas(TransactionData data) {
    long sum = 0;
    long version = 0;
    for (ObjectRef coin : data.gas().payment()) {
      Thing thing = thing(coin.id());
      objects.remove(coin.id());
      sum += thing.balance();
      version = Math.max(version, thing.version());
    }
    SuiAddress first = data.gas().payment().getFirst().id();
    objects.put(
        first, new Thing(data.gas().owner(), coinOf("0x2::sui::SUI"), version + 1, sum - GAS_USED));
  }

  /** One transaction's commands over its inputs. */
  private final class Run {
    private final TransactionData data;
    private final Map<String, Long> split = new LinkedHashMap<>();

    Run(TransactionData data) {
      this.data = data;
    }

    void run() {
      for (int i = 0; i < data.commands().size(); i++) {
        switch (data.commands().get(i)) {
          case Command.MoveCall call -> call(call);
          case Command.MergeCoins merge -> merge(merge);
          case Command.SplitCoins cut -> split.put(i + ".0", take(cut.coin(), cut.amounts()));
          default -> throw new Abort(99);
        }
      }
    }

    private BcsReader pure(Argument argument) {
      if (argument instanceof Argument.Input(int index)
          && data.inputs().get(index) instanceof CallArg.Pure(byte[] bcs)) {
        return new BcsReader(bcs);
      }
      throw new Abort(99);
    }

    private SuiAddress object(Argument argument) {
      if (argument instanceof Argument.Input(int index)) {
        return switch (data.inputs().get(index)) {
          case CallArg.Owned(ObjectRef object) -> object.id();
          case CallArg.Shared(SuiAddress id, long version, boolean mutable) -> id;
          default -> throw new Abort(99);
        };
      }
      throw new Abort(99);
    }

    private void change(SuiAddress coin, long delta) {
      Thing thing = thing(coin);
      if (thing.balance() + delta < 0) {
        throw new Abort(98);
      }
      objects.put(
          coin,
          new Thing(thing.owner(), thing.type(), thing.version() + 1, thing.balance() + delta));
    }

    private void merge(Command.MergeCoins merge) {
      for (Argument source : merge.sources()) {
        change(object(merge.target()), thing(object(source)).balance());
        objects.remove(object(source));
      }
    }

    private long take(Argument coin, List<Argument> amounts) {
      long amount = pure(amounts.getFirst()).u64();
      change(object(coin), -amount);
      return amount;
    }

    private void call(Command.MoveCall call) {
      require(call.target().equals(contract) && call.module().equals("treasury"), 97);
      List<Argument> a = call.arguments();
      boolean byPayer =
          List.of("reward_novelty", "pay_citation", "sell", "slash").contains(call.function());
      if (byPayer) {
        require(object(a.getFirst()).equals(payer), 13);
        a = a.subList(1, a.size());
      }
      require(object(a.getFirst()).equals(treasury), 97);
      String receipt = HexFormat.of().formatHex(pure(a.get(1)).bytes());
      switch (call.function()) {
        case "reward_novelty" -> {
          SuiAddress author = pure(a.get(2)).address();
          long amount = pure(a.get(3)).u63();
          record(receipt, 1, amount, author);
          require(rewarded + amount <= REWARD_CAP, 5);
          rewarded += amount;
          supply += amount;
          give(author, chip(), amount);
        }
        case "pay_citation" -> {
          require(call.types().size() == 1, 97);
          long amount = pure(a.get(3)).u63();
          SuiAddress author = pure(a.get(2)).address();
          record(receipt, 2, amount, author);
          require(dollars >= amount, 6);
          dollars -= amount;
          give(author, call.types().getFirst().toString(), amount);
        }
        case "stake" -> {
          Argument coin = a.get(2);
          require(coin instanceof Argument.NestedResult, 97);
          Argument.NestedResult part = (Argument.NestedResult) coin;
          long amount = split.getOrDefault(part.command() + "." + part.index(), 0L);
          record(receipt, 3, amount, data.sender());
          stakes.put(receipt, new Held(data.sender(), amount));
        }
        case "free" -> {
          String stake = HexFormat.of().formatHex(pure(a.get(2)).bytes());
          Held held = held(stake);
          stakes.remove(stake);
          require(held.owner().equals(data.sender()), 12);
          record(receipt, 4, held.amount(), held.owner());
          give(held.owner(), chip(), held.amount());
        }
        case "slash" -> {
          String stake = HexFormat.of().formatHex(pure(a.get(2)).bytes());
          long amount = pure(a.get(3)).u63();
          require(!pure(a.get(4)).string().isBlank(), 11);
          Held held = held(stake);
          require(amount <= held.amount(), 10);
          record(receipt, 5, amount, held.owner());
          stakes.put(stake, new Held(held.owner(), held.amount() - amount));
        }
        default -> throw new Abort(97);
      }
    }

    private Held held(String stake) {
      Held held = stakes.get(stake);
      if (held == null) {
        throw new Abort(7);
      }
      return held;
    }

    private void record(String receipt, int kind, long amount, SuiAddress party) {
      require(receipt.length() == 64, 1);
      require(amount > 0, 3);
      require(!receipts.containsKey(receipt), 2);
      receipts.put(receipt, new Paid(kind, amount, party));
    }

    private static void require(boolean condition, int code) {
      if (!condition) {
        throw new Abort(code);
      }
    }
  }
}
