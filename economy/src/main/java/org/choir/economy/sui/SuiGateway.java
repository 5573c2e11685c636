package org.choir.economy.sui;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.economy.ChainGateway;
import org.choir.economy.ChainSigner;
import org.choir.economy.Settlement;

/**
 * Settles on Sui: calls of the package {@code choir} in programmable transactions. The treasury's
 * key acts and pays the gas; where a user acts, that user's signer VM signs and the treasury's key
 * sponsors the gas with a second signature over the same bytes. Thread-safe.
 */
public final class SuiGateway implements ChainGateway, AutoCloseable {
  /** The most that a call may cost, in MIST (10^-9 SUI). */
  static final long GAS_BUDGET = 10_000_000;

  private static final String MODULE = "treasury";

  /** A transaction may still be executed in the epoch after the one in which it was built. */
  private static final long EPOCHS = 1;

  private final SuiOptions options;
  private final GraphQl graphQl;
  private final SuiReader reader;
  private final ChainSigner treasury;
  private final ChainSigner.Users users;

  /**
   * @param treasury the platform's key, which owns the right to pay
   * @param users each in that user's own signer
   */
  public SuiGateway(SuiOptions options, ChainSigner treasury, ChainSigner.Users users) {
    this.options = options;
    this.graphQl = new GraphQl(options.endpoint(), options.deadline(), options.pause());
    this.reader = new SuiReader(graphQl, options);
    this.treasury = treasury;
    this.users = users;
  }

  @Override
  public String name() {
    return "sui";
  }

  /** The address of a signer's account. */
  public static SuiAddress address(ChainSigner signer) {
    return SuiAddress.ofKey(signer.publicKey());
  }

  @Override
  public Signed prepare(Settlement settlement) {
    ChainSigner user = users.of(settlement.user());
    SuiAddress party = address(user);
    boolean own = settlement.kind().signedByUser();
    SuiAddress platform = address(treasury);
    SuiAddress sender = own ? party : platform;
    SuiReader.Ground ground = reader.ground(platform, sender, "0x2::coin::Coin<" + chip() + ">");
    List<ObjectRef> payment = gas(ground.gas());
    TransactionData data =
        new Program(settlement, ground, party)
            .data(
                sender,
                new TransactionData.Gas(payment, platform, ground.gasPrice(), GAS_BUDGET),
                OptionalLong.of(Math.addExact(ground.epoch(), EPOCHS)));
    byte[] bytes = data.bytes();
    byte[] digest = TransactionData.signed(bytes);
    List<String> signatures = new ArrayList<>();
    if (own) {
      signatures.add(signature(user, digest));
    }
    signatures.add(signature(treasury, digest));
    ObjectRef pin = payment.getFirst();
    return new Signed(
        settlement,
        TransactionData.digest(bytes),
        bytes,
        signatures,
        pin.id() + "@" + pin.version() + "@" + data.lastEpoch().getAsLong());
  }

  /** A signature that was checked before anybody relies on it. */
  private static String signature(ChainSigner signer, byte[] digest) {
    byte[] publicKey = signer.publicKey();
    byte[] signature = signer.sign(digest);
    if (!Ed25519.verifies(publicKey, digest, signature)) {
      throw ChoirException.fatal(
          "bad_signature",
          "the signer of " + SuiAddress.ofKey(publicKey) + " made a signature that does not verify",
          "");
    }
    return TransactionData.serialized(signature, publicKey);
  }

  private static List<ObjectRef> gas(List<SuiReader.CoinObject> coins) {
    return taken(coins, GAS_BUDGET)
        .orElseThrow(
            () ->
                ChoirException.retryable(
                    "no_gas",
                    "the treasury's account on Sui holds less than " + GAS_BUDGET + " MIST for gas",
                    "send some SUI to it",
                    null));
  }

  /** The largest coins that hold the amount together; empty if all hold less. */
  private static Optional<List<ObjectRef>> taken(List<SuiReader.CoinObject> coins, long amount) {
    List<ObjectRef> taken = new ArrayList<>();
    long sum = 0;
    for (SuiReader.CoinObject coin : coins) {
      taken.add(coin.object());
      sum = Math.addExact(sum, coin.balance());
      if (sum >= amount) {
        return Optional.of(taken);
      }
    }
    return Optional.empty();
  }

  private String chip() {
    return options.contract() + "::chip::CHIP";
  }

  /** Puts together inputs and commands. */
  private final class Program {
    private final Settlement settlement;
    private final SuiReader.Ground ground;
    private final SuiAddress party;
    private final List<CallArg> inputs = new ArrayList<>();
    private final List<Command> commands = new ArrayList<>();

    Program(Settlement settlement, SuiReader.Ground ground, SuiAddress party) {
      this.settlement = settlement;
      this.ground = ground;
      this.party = party;
    }

    TransactionData data(SuiAddress sender, TransactionData.Gas gas, OptionalLong lastEpoch) {
      TypeTag dollar = TypeTag.parse(options.dollar());
      switch (settlement.kind()) {
        case REWARD ->
            call("reward_novelty", List.of(), payer(), shared(), receipt(), to(), amount());
        case CITATION ->
            call("pay_citation", List.of(dollar), payer(), shared(), receipt(), to(), amount());
        case SALE -> call("sell", List.of(), payer(), shared(), receipt(), to(), amount());
        case STAKE -> call("stake", List.of(), shared(), receipt(), coin());
        case FREE -> call("free", List.of(), shared(), receipt(), stake());
        case SLASH ->
            call(
                "slash",
                List.of(),
                payer(),
                shared(),
                receipt(),
                stake(),
                amount(),
                pure(new BcsWriter().string(settlement.reason())));
      }
      return new TransactionData(inputs, commands, sender, gas, lastEpoch);
    }

    private void call(String function, List<TypeTag> types, Argument... arguments) {
      commands.add(
          new Command.MoveCall(options.contract(), MODULE, function, types, List.of(arguments)));
    }

    private Argument input(CallArg arg) {
      inputs.add(arg);
      return new Argument.Input(inputs.size() - 1);
    }

    private Argument pure(BcsWriter value) {
      return input(new CallArg.Pure(value.done()));
    }

    private Argument payer() {
      return input(new CallArg.Owned(ground.payer()));
    }

    private Argument shared() {
      return input(new CallArg.Shared(options.treasury(), ground.treasuryVersion(), true));
    }

    private Argument receipt() {
      return id(settlement.receipt().hex());
    }

    private Argument stake() {
      return id(settlement.about());
    }

    private Argument id(String hex) {
      return pure(new BcsWriter().bytes(HexFormat.of().parseHex(hex)));
    }

    private Argument to() {
      return pure(new BcsWriter().address(party));
    }

    private Argument amount() {
      return pure(new BcsWriter().u64(settlement.amount()));
    }

    /** Exactly the amount, out of the sender's coins. */
    private Argument coin() {
      List<ObjectRef> coins =
          taken(ground.coins(), settlement.amount())
              .orElseThrow(
                  () ->
                      ChoirException.retryable(
                          "no_chip",
                          party
                              + " holds too little CHIP on Sui for a stake of "
                              + settlement.amount(),
                          "what was rewarded has to be settled first",
                          null));
      List<Argument> all = coins.stream().map(coin -> input(new CallArg.Owned(coin))).toList();
      if (all.size() > 1) {
        commands.add(new Command.MergeCoins(all.getFirst(), all.subList(1, all.size())));
      }
      Argument amount = amount();
      commands.add(new Command.SplitCoins(all.getFirst(), List.of(amount)));
      return new Argument.NestedResult(commands.size() - 1, 0);
    }
  }

  @Override
  public Answer submit(Signed signed) {
    SuiReader.Sent sent = reader.execute(signed.bytes(), signed.signatures());
    return sent.effects().isPresent()
        ? answer(signed, sent.effects().get())
        : new Answer.Absent(false, sent.refusal());
  }

  @Override
  public Answer look(Signed signed) {
    String[] pin = signed.pin().split("@", -1);
    SuiReader.Look look = reader.look(signed.digest(), SuiAddress.parse(pin[0]));
    if (look.effects().isPresent()) {
      return answer(signed, look.effects().get());
    }
    // Read at one checkpoint: had it used up the coin, it would be there.
    boolean used =
        look.pinVersion().isEmpty() || look.pinVersion().getAsLong() > Long.parseLong(pin[1]);
    boolean late = look.epoch() > Long.parseLong(pin[2]);
    return new Answer.Absent(
        used || late,
        used
            ? "its gas coin was used by another transaction"
            : late ? "its last epoch " + pin[2] + " is over" : "");
  }

  private Answer answer(Signed signed, SuiReader.Effects effects) {
    if (!effects.digest().equals(signed.digest())) {
      throw ChoirException.fatal(
          "chain_contradiction",
          "asked for " + signed.digest() + ", Sui answers for " + effects.digest(),
          "use another server of that network");
    }
    if (effects.success()) {
      return new Answer.Done(effects.checkpoint());
    }
    String own = options.contract() + "::" + MODULE + "::";
    Cause cause =
        !effects.abort().startsWith(own)
            ? Cause.OTHER
            : switch (effects.abort().substring(own.length())) {
              case "2" -> Cause.RECEIPT_USED;
              case "5" -> Cause.EPOCH_CAP;
              case "6" -> Cause.HOLDINGS;
              default -> Cause.OTHER;
            };
    String why = effects.abort().isEmpty() ? "" : " (" + effects.abort() + ")";
    return new Answer.Failed(cause, effects.message() + why);
  }

  @Override
  public Reading read(List<Settlement> settlements) {
    SuiReader.Treasury state = reader.treasury();
    Map<Digest, Paid> receipts = new HashMap<>();
    reader
        .receipts(
            state.receipts(),
            settlements.stream().map(Settlement::receipt).toList(),
            state.checkpoint())
        .forEach((id, receipt) -> receipts.put(id, paid(receipt)));
    return new Reading(state.supply(), state.checkpoint(), receipts);
  }

  private static Paid paid(SuiReader.Receipt receipt) {
    Settlement.Kind kind =
        switch (receipt.kind()) {
          case 1 -> Settlement.Kind.REWARD;
          case 2 -> Settlement.Kind.CITATION;
          case 3 -> Settlement.Kind.STAKE;
          case 4 -> Settlement.Kind.FREE;
          case 5 -> Settlement.Kind.SLASH;
          case 6 -> Settlement.Kind.SALE;
          default ->
              throw ChoirException.fatal(
                  "chain_contradiction",
                  "the chain has a receipt of the kind " + receipt.kind(),
                  "");
        };
    return new Paid(kind, receipt.amount());
  }

  @Override
  public void close() {
    graphQl.close();
  }
}
