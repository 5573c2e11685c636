package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.choir.agent.AgentRuntime;
import org.choir.agent.PlainGate;
import org.choir.agent.RunState;
import org.choir.backbone.Backbone;
import org.choir.backbone.StateEntry;
import org.choir.core.Action;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.core.Verdict;
import org.choir.economy.RunCharges;
import org.choir.keys.FileDataKeys;
import org.choir.keys.FileVolumeKeys;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.Entailment;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.TrainedJudge;
import org.choir.model.CachedEmbedder;
import org.choir.model.Embedder;
import org.choir.model.bge.BgeEmbedder;
import org.choir.sandbox.Egress;
import org.choir.sandbox.EgressLimits;
import org.choir.sandbox.EgressNetwork;
import org.choir.sandbox.EgressPolicy;
import org.choir.sandbox.GuestCalls;
import org.choir.sandbox.Outside;
import org.choir.sandbox.Sandboxes;
import org.choir.sandbox.Signers;
import org.choir.sandbox.Signing;
import org.choir.sandbox.Vm;
import org.choir.sandbox.VmHost;
import org.choir.sandbox.Volumes;
import org.choir.vibewriter.Research;
import org.choir.vibewriter.Web;

/**
 * All rooms of one server, built in the order they need each other and closed in the reverse one.
 * The only place where an adapter meets a port.
 */
final class Wiring implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Wiring.class.getName());

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final Home home;
  private final Settings settings;
  private final Backbone backbone;
  private final Audits audits;
  private final Sandboxes sandboxes;
  private final Signers signers;
  private final SourceLibrary library;
  private final KnowledgeRoom knowledge;
  private final EconomyRoom economy;
  private final SharedDatabase database;
  private final PaidPublishing publishing;
  private final ClaimVerifier verifier;
  private final ModelAccess models;
  private final AgentRuntime agents;
  private final WebAccess web;
  private final Research research;
  private final RunFeed feed;

  /**
   * Opens everything.
   *
   * @param progress is told each step
   * @throws org.choir.core.ChoirException what a room needs and has not; what was opened is closed
   */
  Wiring(
      Home home,
      Settings settings,
      PlatformCredentials credentials,
      InstantSource clock,
      Consumer<String> progress) {
    this.home = home;
    this.settings = settings;
    try {
      home.requireSpace();
      FileDataKeys keys = FileDataKeys.open(home.part("keys"));
      progress.accept("starting nats-server");
      backbone =
          closing(
              Backbone.start(
                  new Backbone.Options(
                      home.part("nats"), settings.natsPort(), settings.durability()),
                  keys,
                  clock));
      database = closing(new SharedDatabase(home.part("database"), settings.database()));
      audits =
          closing(
              new Audits(
                  home.part("audit"),
                  keys,
                  clock,
                  settings.audit().power(),
                  new AuditAnchors(database, settings.audit(), clock)));
      EgressRecord dials = new EgressRecord(audits);
      AtomicReference<Function<String, GuestCalls>> calls =
          new AtomicReference<>(vm -> GuestCalls.NONE);
      sandboxes =
          closing(
              SandboxPlaces.open(
                  settings,
                  credentials,
                  home.root(),
                  new Sandboxes.Options(
                          home.part("vms"),
                          settings.image().orElseGet(Wiring::builtImage),
                          settings.accelerator(),
                          settings.memoryMib(),
                          settings.overlayMib(),
                          settings.vmLimit())
                      .withPool(settings.pool())
                      .withLease(settings.lease())
                      .withQuota(settings.quota()),
                  keys,
                  clock,
                  new Outside(
                      new Egress(
                          settings.egress().allowPrivate(),
                          EgressLimits.DEFAULT,
                          EgressNetwork.system(),
                          dials,
                          clock),
                      vm -> Objects.requireNonNull(calls.get()).apply(vm))));
      VmRecord life = new VmRecord(audits, clock);
      sandboxes.tell(life);
      VmHost.Recovery recovery = sandboxes.recover();
      LOG.log(Level.INFO, "VMs adopted: {0}, reaped: {1}", recovery.adopted(), recovery.reaped());
      signers =
          closing(
              new Signers(
                  sandboxes,
                  new Volumes(
                      home.part("volumes"),
                      new FileVolumeKeys(home.part("keys").resolve("volumes"), keys)),
                  home.part("signers"),
                  Wiring::maySign,
                  audits,
                  clock));
      BgeEmbedder words = new BgeEmbedder();
      verifier = ClaimVerifier.with(new TrainedJudge(Entailment.with(words)));
      Embedder embedder =
          closing(new CachedEmbedder(words, home.part("cache"), CachedEmbedder.DEFAULT_BYTES_MAX));
      library = closing(SourceLibrary.open(home.part("sources"), embedder));
      knowledge =
          closing(
              new KnowledgeRoom(
                  home,
                  backbone,
                  database,
                  audits,
                  closing(new KnowledgeModels(settings, credentials, embedder, home.part("cache"))),
                  KnowledgeModels.qdrant(settings, credentials),
                  settings.knowledge().reviewers(),
                  settings.knowledge().agentsPublish(),
                  clock));
      economy =
          closing(
              new EconomyRoom(
                  home,
                  database,
                  backbone,
                  audits,
                  signers,
                  knowledge,
                  settings,
                  credentials,
                  this::runEnd,
                  clock));
      models = closing(new ModelAccess(credentials, settings, embedder));
      web =
          new WebAccess(
              library,
              home.part("sources").resolve("pages"),
              home.part("runs"),
              settings.web(),
              credentials,
              dials,
              clock);
      publishing =
          new PaidPublishing(
              economy,
              new SignedActs(signers, economy, clock),
              new CheckedRecords(library, verifier),
              settings.economy().signed(),
              clock);
      AgentWallet wallet =
          new AgentWallet(
              economy::counts,
              () ->
                  settings.economy().enabled()
                      ? Optional.of(AgentWallet.Parts.of(economy.services()))
                      : Optional.empty(),
              (base, submission) -> publishing.publishForAgent(base, submission).article());
      research = new Research(library, knowledge, wallet, web);
      agents =
          new AgentRuntime(
              backbone,
              // What this server does itself for an agent, beside what stays in the VM.
              new AllowanceGate(
                  new PlainGate(permitted(settings), Set.copyOf(Web.OPERATIONS)), wallet),
              audits,
              models,
              this::vm,
              clock,
              models::cost);
      dials.agents(agents);
      calls.set(new RunCalls(agents, home.part("runs"))::of);
      feed = closing(new RunFeed(backbone.state(), newest(backbone) + 1));
      settle(life, recovery.reaped());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private static Set<String> permitted(Settings settings) {
    Set<String> permitted = new HashSet<>(Set.of("submit_report"));
    if (settings.egress().guestModel()) {
      permitted.add("guest.model");
    }
    if (settings.knowledge().agentsPublish()) {
      permitted.add("cite_article"); // what publishes asks a person, or is within an allowance
    }
    return permitted;
  }

  /** The run's VM, with what the server and the run's own record let it reach. */
  private Vm vm(RunId run) {
    TenantId tenant = tenant(run);
    Vm vm = sandboxes.obtain(run.value(), tenant);
    List<String> allowed = new ArrayList<>(settings.egress().allow());
    started(run).path("options").path("allow").forEach(a -> allowed.add(a.asText()));
    vm.allow(EgressPolicy.allowing(tenant, settings.egress().expand(allowed)));
    return vm;
  }

  /** How a run ended, for its charge; what is not known any more will never end well. */
  private RunCharges.RunEnd runEnd(String run) {
    try {
      RunState state = agents.state(new RunId(run)).state();
      return state == RunState.COMPLETED
          ? RunCharges.RunEnd.COMPLETED
          : state.isFinal() ? RunCharges.RunEnd.FAILED : RunCharges.RunEnd.RUNNING;
    } catch (ChoirException e) {
      if (e.code().equals("no_such_run")) {
        return RunCharges.RunEnd.FAILED;
      }
      throw e;
    }
  }

  /** The run's first event: what it was started with; an empty object if there is no such run. */
  ObjectNode started(RunId run) {
    for (StateEntry entry : backbone.state().read(run.lead()).stream().limit(1).toList()) {
      return entry.events().getFirst();
    }
    return Json.object();
  }

  /** People sign with their own hand; for an agent there is no rule yet that would let it. */
  private static Verdict maySign(Action action) {
    return action.agent().equals(Signing.PERSON)
        ? new Verdict.Allow("sign.person")
        : new Verdict.Deny("sign.agent", "agents do not sign");
  }

  private <T extends AutoCloseable> T closing(T room) {
    open.push(room);
    return room;
  }

  /** Whose run it is: its VM counts against this user's limits and lies under this user's key. */
  private TenantId tenant(RunId run) {
    return agents.state(run).tenant();
  }

  /** Tells the chains, beside the work, what a killed server recorded and could not tell them. */
  private void settle(VmRecord life, List<String> reaped) {
    Thread.ofVirtual()
        .name("settle-audit")
        .start(
            () -> {
              try {
                agents.settle(audits::knows);
                life.reaped(reaped, this::tenant);
              } catch (ChoirException e) {
                LOG.log(Level.WARNING, "the audit chains could not be brought up to date", e);
              }
            });
  }

  private static long newest(Backbone backbone) {
    long newest = 0;
    for (AgentId agent : backbone.state().agents()) {
      newest = Math.max(newest, backbone.state().last(agent).map(e -> e.sequence()).orElse(0L));
    }
    return newest;
  }

  /** The image that this repository's recipe builds. */
  static Path builtImage() {
    return Path.of(System.getProperty("choir.repository", "."), "guest", "target", "image");
  }

  /** Whether that image has been built. */
  static boolean hasImage(Settings settings) {
    return Files.exists(settings.image().orElseGet(Wiring::builtImage).resolve("manifest.json"));
  }

  Home home() {
    return home;
  }

  Settings settings() {
    return settings;
  }

  Backbone backbone() {
    return backbone;
  }

  Audits audits() {
    return audits;
  }

  Signers signers() {
    return signers;
  }

  Sandboxes sandboxes() {
    return sandboxes;
  }

  /** The web, for runs that were started with it and for verifications. */
  WebAccess web() {
    return web;
  }

  /** Judges claims without a language model: by rules, and by the trained classifier. */
  ClaimVerifier verifier() {
    return verifier;
  }

  SourceLibrary library() {
    return library;
  }

  KnowledgeRoom knowledge() {
    return knowledge;
  }

  EconomyRoom economy() {
    return economy;
  }

  /** Publishing where it costs and pays. */
  PaidPublishing publishing() {
    return publishing;
  }

  SharedDatabase database() {
    return database;
  }

  ModelAccess models() {
    return models;
  }

  AgentRuntime agents() {
    return agents;
  }

  Research research() {
    return research;
  }

  RunFeed feed() {
    return feed;
  }

  @Override
  public void close() {
    while (!open.isEmpty()) {
      AutoCloseable room = open.pop();
      try {
        room.close();
      } catch (Exception e) {
        // One room's trouble must not keep the others open.
        LOG.log(Level.WARNING, "closing " + room.getClass().getSimpleName() + " failed", e);
      }
    }
  }
}
