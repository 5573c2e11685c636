package org.choir.economy.sui;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.economy.ChainSigner;

/**
 * Sui's GraphQL interface on this machine, over a {@link SuiChain}. It answers by the fields that a
 * question asks for, of the real schema, and can be made late, wrong, cut off, busy, doubled and
 * dishonest, each for the next so many requests.
 */
public final class LocalSui implements AutoCloseable {
  static final String DOLLAR = "0xda1::usdc::USDC";

  /** What goes wrong with a request. */
  public enum Fault {
    /** Answers 503 and does nothing. */
    BUSY,
    /** Does it, then cuts the answer in the middle. */
    CUT_AFTER,
    /** Does it and never answers. */
    LATE_AFTER,
    /** Sends what is not JSON. */
    GARBAGE,
    /** Answers for another transaction. */
    OTHER_DIGEST,
    /** Does it twice, as a proxy would that tries again. */
    TWICE,
    /** Says that it cannot say, having done it. */
    INTERNAL_AFTER,
    /** Takes it and does not do it. */
    LOST
  }

  final SuiChain chain = new SuiChain();
  private final HttpServer server;
  private final Deque<Fault> mutationFaults = new ArrayDeque<>();
  private final Deque<Fault> queryFaults = new ArrayDeque<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final List<String> sent = new ArrayList<>();
  private String hidden = "";
  private boolean denies;
  private long readable = Long.MAX_VALUE;

  /** A chain whose treasury is held by this key. */
  public LocalSui(ChainSigner platform) {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    chain.open(SuiAddress.ofKey(platform.publicKey()));
    chain.give(SuiAddress.ofKey(platform.publicKey()), "0x2::sui::SUI", 5_000_000_000L);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/graphql", this::handle);
    server.start();
  }

  /** How to reach it, with a short deadline. */
  public SuiOptions options(Duration deadline) {
    return new SuiOptions(
        URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/graphql"),
        chain.id,
        chain.contract,
        chain.treasury,
        chain.payer,
        DOLLAR,
        deadline,
        Duration.ofMillis(5));
  }

  /** The next mutations go wrong like this, in this order. */
  public synchronized void failSending(Fault... faults) {
    mutationFaults.addAll(List.of(faults));
  }

  /** The next queries go wrong like this, in this order. */
  public synchronized void failReading(Fault... faults) {
    queryFaults.addAll(List.of(faults));
  }

  /** Says from now on that this transaction was never executed; empty for none. */
  public synchronized void hide(String digest) {
    hidden = digest;
  }

  /** Says from now on of every executed transaction that it failed. */
  public synchronized void deny() {
    denies = true;
  }

  /** Lets only what stood at this checkpoint be read. */
  public synchronized void readableUpTo(long checkpoint) {
    readable = checkpoint;
  }

  /** The bytes of every transaction that was sent, in base64. */
  public synchronized List<String> sent() {
    return List.copyOf(sent);
  }

  /** How many transactions were executed. */
  public synchronized int executed() {
    return chain.executed.size();
  }

  /** What the chain paid for a receipt; 0 if nothing. */
  public synchronized long paid(String receipt) {
    SuiChain.Paid paid = chain.receipts.get(receipt);
    return paid == null ? 0 : paid.amount();
  }

  /** How much CHIP the coins of an address hold. */
  public synchronized long chip(ChainSigner owner) {
    SuiAddress address = SuiAddress.ofKey(owner.publicKey());
    return chain.objects.values().stream()
        .filter(t -> t.owner().equals(address) && t.type().equals(chain.coinOf(chain.chip())))
        .mapToLong(SuiChain.Thing::balance)
        .sum();
  }

  /** Mints without anybody's receipt, as a thief with the treasury's key would. */
  public synchronized void mintSecretly(long amount) {
    chain.supply += amount;
  }

  /** Changes the amount of a receipt. */
  public synchronized void falsify(String receipt, long amount) {
    chain.receipts.computeIfPresent(
        receipt, (id, paid) -> new SuiChain.Paid(paid.kind(), amount, paid.party()));
  }

  /** Pays a receipt by another transaction than ours. */
  public synchronized void payElsewhere(String receipt, int kind, long amount) {
    chain.receipts.put(receipt, new SuiChain.Paid(kind, amount, SuiAddress.parse("0x1")));
    chain.supply += kind == 1 ? amount : 0;
  }

  /** Puts dollars into the treasury. */
  public synchronized void fund(long amount) {
    chain.dollars += amount;
  }

  /** So many epochs of the network pass. */
  public synchronized void passEpochs(int epochs) {
    chain.epoch += epochs;
  }

  /** A new epoch of the contract: its caps count anew. */
  public synchronized void renewCaps() {
    chain.rewarded = 0;
  }

  /** How much was rewarded in the contract's epoch, set from outside. */
  public synchronized void rewardedBefore(long amount) {
    chain.rewarded = amount;
  }

  /** Somebody else uses the platform's gas coin. */
  public synchronized void useGasElsewhere() {
    chain.objects.replaceAll(
        (id, thing) ->
            thing.type().equals(chain.coinOf("0x2::sui::SUI"))
                ? new SuiChain.Thing(
                    thing.owner(), thing.type(), thing.version() + 1, thing.balance() - 1)
                : thing);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      ObjectNode request = Json.parseObject(new String(body, StandardCharsets.UTF_8));
      boolean mutation = request.path("query").textValue().strip().startsWith("mutation");
      Fault fault;
      ObjectNode answer;
      synchronized (this) {
        fault = (mutation ? mutationFaults : queryFaults).poll();
        if (fault == Fault.BUSY) {
          exchange.sendResponseHeaders(503, -1);
          return;
        }
        JsonNode variables = request.path("variables");
        answer =
            mutation
                ? execute(variables, fault)
                : query(request.path("query").textValue(), variables);
      }
      respond(exchange, answer, fault);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void respond(HttpExchange exchange, ObjectNode answer, Fault fault)
      throws IOException, InterruptedException {
    if (fault == Fault.LATE_AFTER) {
      closing.await();
      return;
    }
    byte[] bytes =
        fault == Fault.GARBAGE
            ? "<html>gateway</html>".getBytes(StandardCharsets.UTF_8)
            : Json.write(answer).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, bytes.length);
    int length = fault == Fault.CUT_AFTER ? bytes.length / 2 : bytes.length;
    exchange.getResponseBody().write(bytes, 0, length);
    exchange.getResponseBody().flush();
  }

  private static ObjectNode error(String message, String code) {
    ObjectNode json = Json.object();
    json.putNull("data");
    json.putArray("errors")
        .addObject()
        .put("message", message)
        .putObject("extensions")
        .put("code", code);
    return json;
  }

  private ObjectNode execute(JsonNode variables, Fault fault) {
    String bytes = variables.path("transactionDataBcs").textValue();
    List<String> signatures = new ArrayList<>();
    variables.path("signatures").forEach(each -> signatures.add(each.textValue()));
    sent.add(bytes);
    if (fault == Fault.LOST) {
      return error("Request timed out", "REQUEST_TIMEOUT");
    }
    SuiChain.Effects effects;
    try {
      effects = chain.execute(Base64.getDecoder().decode(bytes), signatures);
      if (fault == Fault.TWICE) {
        effects = chain.execute(Base64.getDecoder().decode(bytes), signatures);
      }
    } catch (SuiChain.Refusal e) {
      return error(String.valueOf(e.getMessage()), "BAD_USER_INPUT");
    }
    if (fault == Fault.INTERNAL_AFTER) {
      return error("Internal error", "INTERNAL_SERVER_ERROR");
    }
    ObjectNode json = Json.object();
    ObjectNode said = effects(effects, false);
    if (fault == Fault.OTHER_DIGEST) {
      said.put("digest", Hashes.base58(Hashes.blake2b(new byte[] {9})));
    }
    json.putObject("data").putObject("executeTransaction").set("effects", said);
    return json;
  }

  private ObjectNode effects(SuiChain.Effects effects, boolean indexed) {
    boolean failed = effects.abort() != 0 || denies;
    ObjectNode json =
        Json.object().put("digest", effects.digest()).put("status", failed ? "FAILURE" : "SUCCESS");
    if (indexed) {
      json.putObject("checkpoint").put("sequenceNumber", effects.checkpoint());
    } else {
      json.putNull("checkpoint");
    }
    if (failed) {
      ObjectNode error = json.putObject("executionError");
      error.put("abortCode", Integer.toString(effects.abort())).put("message", "Move abort");
      ObjectNode module = error.putObject("module");
      module.put("name", "treasury");
      module.putObject("package").put("address", chain.contract.toString());
    } else {
      json.putNull("executionError");
    }
    return json;
  }

  private ObjectNode query(String question, JsonNode variables) {
    ObjectNode all = Json.object();
    ObjectNode data = all.putObject("data");
    data.putObject("genesis").put("digest", chain.id);
    data.putObject("checkpoint").put("sequenceNumber", Math.min(readable, chain.checkpoint));
    data.putObject("epoch").put("epochId", chain.epoch).put("referenceGasPrice", "1000");
    if (question.contains("query ground(")) {
      ground(data, variables);
    } else if (question.contains("query look(")) {
      look(data, variables);
    } else if (question.contains("query treasury(")) {
      byte[] bcs =
          new BcsWriter()
              .address(chain.treasury)
              .address(SuiAddress.parse("0xca7"))
              .u64(chain.supply)
              .address(chain.table)
              .u64(chain.receipts.size())
              .done();
      data.putObject("treasury")
          .putObject("asMoveObject")
          .putObject("contents")
          .put("bcs", base64(bcs));
    } else if (question.contains("query receipts(")) {
      ArrayNode fields = data.putObject("table").putArray("multiGetDynamicFields");
      for (JsonNode key : variables.path("keys")) {
        byte[] name =
            new BcsReader(Base64.getDecoder().decode(key.path("bcs").textValue())).bytes();
        SuiChain.Paid paid = chain.receipts.get(HexFormat.of().formatHex(name));
        if (paid == null || !key.path("type").textValue().equals("vector<u8>")) {
          fields.addNull();
        } else {
          byte[] bcs =
              new BcsWriter()
                  .u8(paid.kind())
                  .u64(paid.amount())
                  .address(paid.party())
                  .u64(0)
                  .done();
          fields.addObject().putObject("value").put("bcs", base64(bcs));
        }
      }
    } else {
      return error("Unknown query", "GRAPHQL_VALIDATION_FAILED");
    }
    Fault fault = queryFaults.isEmpty() ? null : queryFaults.peek();
    return fault == Fault.OTHER_DIGEST ? error("no", "INTERNAL_SERVER_ERROR") : all;
  }

  private void ground(ObjectNode data, JsonNode variables) {
    data.putObject("treasury").putObject("owner").put("initialSharedVersion", 5);
    put(data.putObject("payer"), chain.payer, chain.thing(chain.payer));
    data.set("gas", coins(variables, "gasOwner", "gasType"));
    data.set("coins", coins(variables, "sender", "coinType"));
  }

  private ObjectNode coins(JsonNode variables, String owner, String type) {
    SuiAddress address = SuiAddress.parse(variables.path(owner).textValue());
    String wanted = TypeTag.parse(variables.path(type).textValue()).toString();
    ObjectNode json = Json.object();
    ArrayNode nodes = json.putObject("objects").putArray("nodes");
    for (Map.Entry<SuiAddress, SuiChain.Thing> each : chain.objects.entrySet()) {
      SuiChain.Thing thing = each.getValue();
      if (thing.owner().equals(address)
          && thing.type().equals(wanted)
          && nodes.size() < variables.path("first").intValue()) {
        ObjectNode node = nodes.addObject();
        put(node, each.getKey(), thing);
        byte[] bcs = new BcsWriter().address(each.getKey()).u64(thing.balance()).done();
        node.putObject("contents").put("bcs", base64(bcs));
      }
    }
    return json;
  }

  private static void put(ObjectNode json, SuiAddress id, SuiChain.Thing thing) {
    ObjectRef ref = thing.ref(id);
    json.put("address", id.toString()).put("version", ref.version()).put("digest", ref.digest());
  }

  private void look(ObjectNode data, JsonNode variables) {
    String digest = variables.path("digest").textValue();
    SuiChain.Effects effects = chain.executed.get(digest);
    if (effects == null || digest.equals(hidden) || effects.checkpoint() > readable) {
      data.putNull("transaction");
    } else {
      data.putObject("transaction").put("digest", digest).set("effects", effects(effects, true));
    }
    SuiChain.Thing pinned =
        chain.objects.get(SuiAddress.parse(variables.path("pinned").textValue()));
    if (pinned == null) {
      data.putNull("pinned");
    } else {
      data.putObject("pinned").put("version", pinned.version());
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
  }

  /** A user's signer, as the user's VM would be. */
  public static ChainSigner signer(int seed) {
    byte[] bytes = new byte[32];
    bytes[0] = (byte) seed;
    return TreasuryKey.ofSeed(bytes);
  }

  /** A signer that refuses. */
  public static ChainSigner refusing(int seed) {
    ChainSigner real = signer(seed);
    return new ChainSigner() {
      @Override
      public byte[] publicKey() {
        return real.publicKey();
      }

      @Override
      public byte[] sign(byte[] digest) {
        throw ChoirException.fatal("sign_denied", "this is not signed", "");
      }
    };
  }
}
