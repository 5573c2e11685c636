package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.choir.agent.AgentDefinition;
import org.choir.agent.AgentRuntime;
import org.choir.agent.Limits;
import org.choir.agent.PlainGate;
import org.choir.agent.RunRequest;
import org.choir.agent.RunState;
import org.choir.agent.Tool;
import org.choir.audit.AuditChain;
import org.choir.audit.Leaf;
import org.choir.audit.PersonalFields;
import org.choir.audit.Replay;
import org.choir.backbone.Backbone;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.choir.economy.Allowance;
import org.choir.economy.Allowances;
import org.choir.economy.Chart;
import org.choir.economy.Explanation;
import org.choir.economy.Genesis;
import org.choir.economy.LedgerOptions;
import org.choir.economy.Limit;
import org.choir.economy.Parameters;
import org.choir.economy.PostgresLedger;
import org.choir.economy.SignUps;
import org.choir.economy.Stakes;
import org.choir.economy.Transfer;
import org.choir.economy.UserTransfers;
import org.choir.keys.FileDataKeys;
import org.choir.knowledge.Article;
import org.choir.knowledge.KnowledgeBase;
import org.choir.knowledge.SourceLibrary;
import org.choir.model.Message;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelClient;
import org.choir.model.ModelEvent;
import org.choir.model.ModelRequest;
import org.choir.model.ToolCall;
import org.choir.model.bge.BgeEmbedder;
import org.choir.vibewriter.KnowledgeAccess;
import org.choir.vibewriter.Research;
import org.choir.vibewriter.WalletAccess;
import org.choir.vibewriter.Web;

/**
 * A server's rooms as far as agents that act for their users need them: nats-server, PostgreSQL,
 * ledger, audit chain, the real gate, tools and runs. Only the models follow scripts.
 */
final class DelegateWorld implements AutoCloseable {
  static final TenantId ADA = new TenantId("ada");
  static final TenantId BEN = new TenantId("ben");
  static final TenantId EVE = new TenantId("eve");
  static final long UNIT = 1_000_000;
  private static final Limits AMPLE =
      new Limits(1_000, Duration.ofHours(1), Optional.empty(), Optional.empty());
  private static final AtomicInteger RUNS = new AtomicInteger();

  final Database database;
  final PostgresLedger ledger;
  final Allowances allowances;
  final Stakes stakes;
  final AgentWallet wallet;
  final AllowanceGate gate;
  final Backbone backbone;
  final Audits audits;
  final AgentRuntime agents;
  final Runs runs;
  final Decisions decisions;
  final Research research;
  private final SharedDatabase anchors;
  private final SourceLibrary library;
  private final Map<String, ModelClient> models = new ConcurrentHashMap<>();
  private final Map<RunId, AgentDefinition> definitions = new ConcurrentHashMap<>();
  volatile UnaryOperator<WalletAccess> between = UnaryOperator.identity();
  volatile Optional<String> blocked = Optional.empty();
  volatile Instant now = Instant.parse("2026-03-01T10:00:00Z");

  DelegateWorld(Path folder) {
    InstantSource clock = () -> now;
    database = Database.open(new Database.Embedded(folder.resolve("postgres")));
    database.migrate("economy");
    ledger = PostgresLedger.open(database, LedgerOptions.STANDARD, clock);
    Genesis.ensure(ledger);
    ledger.open(Chart.bank("test"), Limit.NONE);
    SignUps signUps = new SignUps(database, ledger, () -> Parameters.STANDARD, clock);
    for (TenantId user : List.of(ADA, BEN, EVE)) {
      signUps.grant(user, new SignUps.Proof("card", Digest.of("card of " + user)));
    }
    stakes = new Stakes(database, ledger, () -> Parameters.STANDARD, clock);
    allowances = new Allowances(database, clock);
    wallet =
        new AgentWallet(
            user -> Set.of(ADA, BEN, EVE).contains(user),
            () ->
                Optional.of(
                    new AgentWallet.Parts(
                        ledger, stakes, new UserTransfers(ledger, user -> blocked), allowances)),
            KnowledgeBase::publish);
    gate =
        new AllowanceGate(
            new PlainGate(Set.of("submit_report"), Set.copyOf(Web.OPERATIONS)), wallet);
    FileDataKeys keys = FileDataKeys.open(folder.resolve("keys"));
    backbone =
        Backbone.start(
            new Backbone.Options(folder.resolve("nats"), 0, Backbone.Durability.CRASH),
            keys,
            InstantSource.system());
    anchors = new SharedDatabase(folder.resolve("anchors"), Optional.empty());
    audits =
        new Audits(
            folder.resolve("audit"),
            keys,
            InstantSource.system(),
            false,
            new AuditAnchors(anchors, AuditSettings.local(false, false), InstantSource.system()));
    agents =
        new AgentRuntime(
            backbone,
            gate,
            audits,
            id -> java.util.Objects.requireNonNull(models.get(id), id),
            run -> {
              throw new AssertionError("this run needs no VM");
            },
            InstantSource.system());
    runs =
        new Runs(
            agents,
            (run, model) -> java.util.Objects.requireNonNull(definitions.get(run)),
            8,
            (run, state) -> {});
    decisions = new Decisions(agents, backbone.state(), runs);
    library = SourceLibrary.open(folder.resolve("library"), new BgeEmbedder(1));
    research = new Research(library, new NoArticles(), new Handed(), Web.NONE);
  }

  /** The wallet with what a test puts before it. */
  private final class Handed implements WalletAccess {
    private WalletAccess there() {
      return between.apply(wallet);
    }

    @Override
    public boolean has(TenantId user) {
      return there().has(user);
    }

    @Override
    public List<Sum> standing(TenantId user) {
      return there().standing(user);
    }

    @Override
    public String stake(TenantId user, RunId run, long amount) {
      return there().stake(user, run, amount);
    }

    @Override
    public Article publish(
        KnowledgeBase base, RunId run, org.choir.knowledge.Submission submission) {
      return there().publish(base, run, submission);
    }

    @Override
    public String transfer(
        TenantId user, String action, org.choir.vibewriter.WalletOrder.Transfer order) {
      return there().transfer(user, action, order);
    }

    @Override
    public Optional<String> refusal(TenantId user, String action) {
      return there().refusal(user, action);
    }

    @Override
    public void refused(TenantId user, String action, String why) {
      there().refused(user, action, why);
    }
  }

  /** Nothing was ever published. */
  private static final class NoArticles implements KnowledgeAccess {
    @Override
    public boolean hasArticles() {
      return false;
    }

    @Override
    public boolean mayPublish() {
      return false;
    }

    @Override
    public KnowledgeBase base() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Path file(Article article) {
      throw new UnsupportedOperationException();
    }
  }

  void fund(TenantId user, long usdc, long chip) {
    ledger.require(
        Transfer.move(
            UUID.randomUUID(),
            Chart.bank("test"),
            Chart.available(user, Currency.USDC),
            usdc * UNIT,
            "given",
            Explanation.NONE));
    if (chip > 0) {
      ledger.require(
          Transfer.move(
              UUID.randomUUID(),
              Chart.treasury(Currency.CHIP),
              Chart.available(user, Currency.CHIP),
              chip * UNIT,
              "given",
              Explanation.NONE));
    }
  }

  void allow(TenantId user, long chip, long usdc, long publications) {
    allowances.set(user, new Allowance(chip * UNIT, usdc * UNIT, publications));
  }

  /** In the smallest unit. */
  long usdc(TenantId user) {
    return ledger.balance(Chart.available(user, Currency.USDC)).available();
  }

  /** The tools of a run of this user, as the server would give them. */
  AgentDefinition definition(TenantId user) {
    ObjectNode started = Json.object().put("tenant", user.value());
    started.putObject("options").put("depth", "quick");
    return research.definition(new Script(List.of()), started);
  }

  /** A run that only has the tools of the server, and answers as the script says. */
  RunId begin(TenantId user, Script script) {
    return begin(user, script, List.of());
  }

  RunId begin(TenantId user, Script script, List<AgentDefinition> subagents) {
    RunId run = new RunId("rtest%05d".formatted(RUNS.incrementAndGet()));
    String model = "script:" + run;
    models.put(model, script);
    List<Tool> tools =
        definition(user).tools().stream()
            .filter(t -> !t.spec().name().startsWith("search_"))
            .toList();
    definitions.put(
        run,
        new AgentDefinition(
            "delegate",
            "acts for its user",
            "Do it.",
            tools,
            subagents.isEmpty() ? List.of() : List.of("task"),
            subagents,
            AgentDefinition.Policy.NONE));
    agents.create(new RunRequest(run, user, "Do it", model, AMPLE, Json.object()));
    return run;
  }

  /** Starts or continues a run and waits until it stops. */
  RunState carry(RunId run) throws InterruptedException {
    runs.start(run, null);
    return stopped(run);
  }

  RunState stopped(RunId run) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (runs.isGoing(run)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("run " + run + " does not stop");
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
    return agents.state(run).state();
  }

  List<ObjectNode> events(AgentId agent, String kind) {
    List<ObjectNode> out = new ArrayList<>();
    backbone.state().read(agent).forEach(e -> out.addAll(e.events()));
    return out.stream().filter(e -> e.path("kind").asText().equals(kind)).toList();
  }

  List<Leaf> leaves(TenantId user, String kind) {
    AuditChain chain = audits.chain(user);
    List<Leaf> out = new ArrayList<>();
    for (long i = 0; i < chain.size(); i++) {
      if (chain.leaf(i).kind().equals(kind)) {
        out.add(chain.leaf(i));
      }
    }
    return out;
  }

  /** The user's recorded decisions, made again. */
  Replay.Outcome replay(TenantId user) {
    AuditChain chain = audits.chain(user);
    Replay replay = new Replay(AllowanceGate::of);
    PersonalFields personal = new PersonalFields(chain);
    for (long i = 0; i < chain.size(); i++) {
      replay.learn(chain.leaf(i));
      replay.decide(chain.leaf(i), personal.of(chain.leaf(i)));
    }
    return replay.outcome();
  }

  @Override
  public void close() {
    runs.close();
    library.close();
    audits.close();
    anchors.close();
    backbone.close();
    ledger.close();
    database.close();
  }

  /** A model whose n-th answer in a conversation is the n-th of its script; it keeps no state. */
  static final class Script implements ModelClient {
    private final List<Function<List<String>, List<ToolCall>>> turns;
    private final List<Function<List<String>, List<ToolCall>>> helpers;

    Script(List<Function<List<String>, List<ToolCall>>> turns) {
      this(turns, turns);
    }

    /** Whoever cannot delegate follows the second script. */
    Script(
        List<Function<List<String>, List<ToolCall>>> turns,
        List<Function<List<String>, List<ToolCall>>> helpers) {
      this.turns = turns;
      this.helpers = helpers;
    }

    /** One answer after the other, each one call. */
    static Script of(ToolCall... calls) {
      List<Function<List<String>, List<ToolCall>>> turns = new ArrayList<>();
      for (ToolCall call : calls) {
        turns.add(results -> List.of(call));
      }
      return new Script(turns);
    }

    static ToolCall call(String tool, String... arguments) {
      ObjectNode json = Json.object();
      for (int i = 0; i < arguments.length; i += 2) {
        json.put(arguments[i], arguments[i + 1]);
      }
      return new ToolCall("t" + UUID.randomUUID(), tool, Json.write(json));
    }

    static ToolCall send(TenantId to, String amount) {
      return call("transfer_usdc", "to", to.value(), "amount", amount);
    }

    @Override
    public String id() {
      return "script:test";
    }

    @Override
    public boolean isLanguageModel() {
      return false;
    }

    @Override
    public int contextTokens() {
      return 1_000_000;
    }

    @Override
    public ModelAnswer ask(ModelRequest request, Consumer<ModelEvent> events) {
      int step = 0;
      List<String> results = new ArrayList<>();
      for (Message message : request.messages()) {
        switch (message) {
          case Message.User user -> {}
          case Message.Assistant assistant -> step++;
          case Message.ToolResult result -> results.add(result.text());
        }
      }
      boolean leads = request.tools().stream().anyMatch(t -> t.name().equals("task"));
      List<Function<List<String>, List<ToolCall>>> script = leads ? turns : helpers;
      List<ToolCall> calls = step < script.size() ? script.get(step).apply(results) : List.of();
      ModelAnswer answer =
          new ModelAnswer(
              calls.isEmpty() ? "done" : "",
              calls,
              new ModelAnswer.Usage(1, 0, 1),
              calls.isEmpty() ? ModelAnswer.Stop.END : ModelAnswer.Stop.TOOLS);
      events.accept(new ModelEvent.Answered(answer));
      return answer;
    }
  }

  /** Whether something is refused with this code. */
  static String code(org.assertj.core.api.ThrowableAssert.ThrowingCallable what) {
    Throwable thrown = org.assertj.core.api.Assertions.catchThrowable(what);
    return thrown instanceof ChoirException e ? e.code() : String.valueOf(thrown);
  }
}
