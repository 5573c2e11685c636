package org.choir.economy.sui;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * What this adapter asks Sui, and how it reads the answers. Contents are read as BCS, which has one
 * form, and not as JSON. Each method is one request, which the server answers at one checkpoint.
 */
final class SuiReader {
  private static final String SUI_COIN = "0x2::coin::Coin<0x2::sui::SUI>";
  private static final int COINS = 50;

  private static final String NOW =
      """
      genesis: checkpoint(sequenceNumber: 0) { digest }
      checkpoint { sequenceNumber }
      epoch { epochId referenceGasPrice }
      """;

  private static final String OUTCOME =
      """
      digest
      status
      checkpoint { sequenceNumber }
      executionError { abortCode message module { name package { address } } }
      """;

  private final GraphQl graphQl;
  private final SuiOptions options;

  SuiReader(GraphQl graphQl, SuiOptions options) {
    this.graphQl = graphQl;
    this.options = options;
  }

  /** A coin object and what is in it. */
  record CoinObject(ObjectRef object, long balance) {}

  /**
   * What a transaction is built from.
   *
   * @param gas coins of SUI of whoever pays, largest first
   * @param coins coins of CHIP of the sender, largest first
   * @param treasuryVersion the version at which the treasury was shared
   */
  record Ground(
      long epoch,
      long gasPrice,
      long treasuryVersion,
      ObjectRef payer,
      List<CoinObject> gas,
      List<CoinObject> coins) {}

  /** What became of a transaction; {@code digest} is whose outcome the answer says it is. */
  record Effects(
      String digest, boolean success, OptionalLong checkpoint, String abort, String message) {}

  /** A transaction and an object it pins, at one checkpoint. */
  record Look(Optional<Effects> effects, OptionalLong pinVersion, long epoch) {}

  /** The contract's treasury and some of its receipts, at one checkpoint. */
  record Treasury(long checkpoint, long supply, SuiAddress receipts) {}

  /** A receipt. */
  record Receipt(int kind, long amount) {}

  Ground ground(SuiAddress gasOwner, SuiAddress sender, String chipCoin) {
    JsonNode data =
        ask(
            """
            query ground($treasury: SuiAddress!, $payer: SuiAddress!, $gasOwner: SuiAddress!,
                $sender: SuiAddress!, $gasType: String!, $coinType: String!, $first: Int!) {
              %s
              treasury: object(address: $treasury) { owner { ... on Shared { initialSharedVersion } } }
              payer: object(address: $payer) { address version digest }
              gas: address(address: $gasOwner) {
                objects(first: $first, filter: { type: $gasType }) {
                  nodes { address version digest contents { bcs } }
                }
              }
              coins: address(address: $sender) {
                objects(first: $first, filter: { type: $coinType }) {
                  nodes { address version digest contents { bcs } }
                }
              }
            }
            """
                .formatted(NOW),
            Json.object()
                .put("treasury", options.treasury().toString())
                .put("payer", options.payer().toString())
                .put("gasOwner", gasOwner.toString())
                .put("sender", sender.toString())
                .put("gasType", SUI_COIN)
                .put("coinType", chipCoin)
                .put("first", COINS));
    return new Ground(
        number(data.path("epoch").path("epochId")),
        number(data.path("epoch").path("referenceGasPrice")),
        number(data.path("treasury").path("owner").path("initialSharedVersion")),
        object(data.path("payer")),
        coins(data.path("gas")),
        coins(data.path("coins")));
  }

  Look look(String digest, SuiAddress pinned) {
    JsonNode data =
        ask(
            """
            query look($digest: String!, $pinned: SuiAddress!) {
              %s
              transaction(digest: $digest) { digest effects { %s } }
              pinned: object(address: $pinned) { version }
            }
            """
                .formatted(NOW, OUTCOME),
            Json.object().put("digest", digest).put("pinned", pinned.toString()));
    JsonNode pin = data.path("pinned").path("version");
    return new Look(
        effects(data.path("transaction").path("effects")),
        pin.isNumber() ? OptionalLong.of(pin.longValue()) : OptionalLong.empty(),
        number(data.path("epoch").path("epochId")));
  }

  /** Sends a transaction; the answer has effects, or an error that refused it. */
  record Sent(Optional<Effects> effects, String refusal) {}

  Sent execute(byte[] bytes, List<String> signatures) {
    ObjectNode variables =
        Json.object().put("transactionDataBcs", Base64.getEncoder().encodeToString(bytes));
    ArrayNode list = variables.putArray("signatures");
    signatures.forEach(list::add);
    GraphQl.Answer answer =
        graphQl.send(
            """
            mutation execute($transactionDataBcs: Base64!, $signatures: [Base64!]!) {
              executeTransaction(transactionDataBcs: $transactionDataBcs, signatures: $signatures) {
                effects { %s }
              }
            }
            """
                .formatted(OUTCOME),
            variables);
    if (answer.refused()) {
      return new Sent(Optional.empty(), answer.error());
    }
    Optional<Effects> effects =
        answer.error().isEmpty()
            ? effects(answer.data().path("executeTransaction").path("effects"))
            : Optional.empty();
    if (effects.isEmpty()) {
      throw ChoirException.retryable(
          "sui_unreachable",
          "Sui did not say what became of the transaction: " + answer.error(),
          "it is looked up before anything else is signed",
          null);
    }
    return new Sent(effects, "");
  }

  Treasury treasury() {
    JsonNode data =
        ask(
            """
            query treasury($treasury: SuiAddress!) {
              %s
              treasury: object(address: $treasury) { asMoveObject { contents { bcs } } }
            }
            """
                .formatted(NOW),
            Json.object().put("treasury", options.treasury().toString()));
    BcsReader in = contents(data.path("treasury").path("asMoveObject").path("contents"));
    in.address(); // its own id
    in.address(); // the id of the right to mint
    long supply = in.u63();
    SuiAddress receipts = in.address();
    return new Treasury(number(data.path("checkpoint").path("sequenceNumber")), supply, receipts);
  }

  /** Those of the receipts that are in this table. */
  Map<Digest, Receipt> receipts(SuiAddress table, List<Digest> ids, long checkpoint) {
    if (ids.isEmpty()) {
      return Map.of();
    }
    ObjectNode variables =
        Json.object().put("table", table.toString()).put("checkpoint", checkpoint);
    ArrayNode keys = variables.putArray("keys");
    for (Digest id : ids) {
      byte[] bcs = new BcsWriter().bytes(HexFormat.of().parseHex(id.hex())).done();
      keys.addObject()
          .put("type", "vector<u8>")
          .put("bcs", Base64.getEncoder().encodeToString(bcs));
    }
    JsonNode data =
        ask(
            """
            query receipts($table: SuiAddress!, $checkpoint: UInt53!, $keys: [DynamicFieldName!]!) {
              genesis: checkpoint(sequenceNumber: 0) { digest }
              table: address(address: $table, atCheckpoint: $checkpoint) {
                multiGetDynamicFields(keys: $keys) { value { ... on MoveValue { bcs } } }
              }
            }
            """,
            variables);
    JsonNode found = data.path("table").path("multiGetDynamicFields");
    if (found.size() != ids.size()) {
      throw wrong("answers for " + found.size() + " of " + ids.size() + " receipts");
    }
    Map<Digest, Receipt> receipts = new HashMap<>();
    for (int i = 0; i < ids.size(); i++) {
      if (found.get(i).isObject()) {
        BcsReader in = contents(found.get(i).path("value"));
        receipts.put(ids.get(i), new Receipt(in.u8(), in.u63()));
      }
    }
    return receipts;
  }

  private JsonNode ask(String question, ObjectNode variables) {
    JsonNode data = graphQl.ask(question, variables);
    String chain = data.path("genesis").path("digest").asText("");
    if (!chain.equals(options.chain())) {
      throw ChoirException.fatal(
          "wrong_chain",
          "the chain at "
              + options.endpoint().getHost()
              + " is "
              + chain
              + ", not "
              + options.chain(),
          "set economy.sui.endpoint and economy.sui.chain to the same network");
    }
    return data;
  }

  private static Optional<Effects> effects(JsonNode json) {
    if (!json.isObject()) {
      return Optional.empty();
    }
    String status = json.path("status").asText("");
    boolean success = status.equals("SUCCESS");
    if (!success && !status.equals("FAILURE")) {
      return Optional.empty();
    }
    JsonNode error = json.path("executionError");
    JsonNode module = error.path("module");
    String abort =
        error.path("abortCode").isTextual()
            ? module.path("package").path("address").asText("")
                + "::"
                + module.path("name").asText("")
                + "::"
                + error.path("abortCode").textValue()
            : "";
    JsonNode checkpoint = json.path("checkpoint").path("sequenceNumber");
    return Optional.of(
        new Effects(
            json.path("digest").asText(""),
            success,
            checkpoint.isNumber() ? OptionalLong.of(checkpoint.longValue()) : OptionalLong.empty(),
            abort,
            error.path("message").asText("")));
  }

  private static List<CoinObject> coins(JsonNode address) {
    List<CoinObject> coins = new ArrayList<>();
    for (JsonNode node : address.path("objects").path("nodes")) {
      BcsReader in = contents(node.path("contents"));
      in.address(); // its own id
      coins.add(new CoinObject(object(node), in.u63()));
    }
    coins.sort((a, b) -> Long.compare(b.balance(), a.balance()));
    return coins;
  }

  private static ObjectRef object(JsonNode json) {
    String digest = json.path("digest").asText("");
    if (!json.path("address").isTextual()) {
      throw wrong("has not the object that was asked for");
    }
    return new ObjectRef(
        SuiAddress.parse(json.path("address").textValue()), number(json.path("version")), digest);
  }

  private static BcsReader contents(JsonNode json) {
    try {
      return new BcsReader(Base64.getDecoder().decode(json.path("bcs").asText("")));
    } catch (IllegalArgumentException e) {
      throw wrong("sent contents that are not base64");
    }
  }

  /** A number, written as such or, where it may be large, as text. */
  private static long number(JsonNode json) {
    try {
      return json.isTextual()
          ? Long.parseLong(json.textValue())
          : json.bigIntegerValue().longValueExact();
    } catch (NumberFormatException | ArithmeticException e) {
      throw wrong("sent '" + json + "' for a number");
    }
  }

  private static ChoirException wrong(String what) {
    return ChoirException.retryable(
        "sui_wrong_answer", "Sui " + what, "check economy.sui in choir.yaml", null);
  }
}
