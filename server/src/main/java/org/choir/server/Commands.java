package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.choir.agent.Limits;
import org.choir.agent.RunState;
import org.choir.backbone.FileStore;
import org.choir.backbone.StateEntry;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.sandbox.VmInfo;
import org.choir.vibewriter.Research;

/** What clients can ask of a server whose rooms are open. Thread-safe. */
final class Commands implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Commands.class.getName());

  /** Between a run's end and the last of its entries reaching its watchers. */
  private static final long LAST_ENTRIES_MILLIS_MAX = 10_000;

  private static final long WATCH_POLL_MILLIS = 100;

  /** How late the end of a VM's lease may be noticed. */
  private static final long LEASE_CHECK_SECONDS = 30;

  private static final Set<String> OWN =
      Set.of(
          "research",
          "resume",
          "runs",
          "show",
          "events",
          "pause",
          "cancel",
          "rm",
          "note",
          "approve",
          "deny",
          "export",
          "verify",
          "audit.log",
          "audit.show",
          "audit.prove",
          "audit.verify",
          "audit.replay",
          "audit.export",
          "audit.erase",
          "audit.restart",
          "vm.create",
          "vm.ls",
          "vm.exec",
          "vm.attach",
          "vm.ps",
          "vm.input",
          "vm.resize",
          "vm.signal",
          "vm.read",
          "vm.write",
          "vm.suspend",
          "vm.resume",
          "vm.sign",
          "vm.key",
          "vm.rm");

  /** Everything {@link #handle} knows. */
  static final Set<String> NAMES =
      Stream.of(OWN, KbCommands.NAMES, EconomyCommands.NAMES)
          .flatMap(Set::stream)
          .collect(Collectors.toSet());

  private final Wiring rooms;
  private final InstantSource clock;
  private final Runs runs;
  private final Delivery delivery;
  private final Decisions decisions;
  private final ResearchCommand research;
  private final ReportCommands reports;
  private final KbCommands kb;
  private final EconomyCommands economy;
  private final RunBilling billing;
  private final VmCommands vms;
  private final AuditCommands audit;
  private final SignCommands signing;
  private final ScheduledExecutorService later =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("later").factory());

  Commands(Wiring rooms, InstantSource clock) {
    this.rooms = rooms;
    this.clock = clock;
    this.delivery = new Delivery(rooms.home().part("runs"));
    this.runs =
        new Runs(
            rooms.agents(),
            (run, model) ->
                rooms.research().definition(rooms.models().open(model), rooms.started(run)),
            rooms.settings().runsAtOnce(),
            this::ended);
    this.decisions = new Decisions(rooms.agents(), rooms.backbone().state(), runs);
    this.billing = new RunBilling(rooms.economy());
    this.research = new ResearchCommand(rooms, runs, delivery, new RunIds(clock), billing);
    this.reports = new ReportCommands(rooms);
    EconomySettings money = rooms.settings().economy();
    SignedActs signed = new SignedActs(rooms.signers(), rooms.economy(), clock);
    this.kb = new KbCommands(rooms.knowledge(), rooms.publishing());
    this.economy =
        new EconomyCommands(
            rooms.economy(), signed, rooms.database(), money, rooms.audits(), clock);
    this.vms = new VmCommands(rooms.sandboxes(), rooms.settings().egress());
    this.audit = new AuditCommands(rooms.audits(), clock);
    this.signing = new SignCommands(rooms.signers());
    rooms.sandboxes().list().stream()
        .filter(vm -> VmCommands.isOfRun(vm.id()))
        .forEach(vm -> release(new RunId(vm.id()), RunState.PAUSED));
    later.scheduleWithFixedDelay(
        this::endLeases, LEASE_CHECK_SECONDS, LEASE_CHECK_SECONDS, TimeUnit.SECONDS);
  }

  /** A failure here must not end the schedule. */
  private void endLeases() {
    try {
      rooms.sandboxes().suspendIdle().forEach(vm -> LOG.log(Level.INFO, "VM {0} is idle", vm));
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "suspending idle VMs failed", e);
    }
  }

  ObjectNode handle(Request request, Request.Events events) throws InterruptedException {
    return switch (request.command()) {
      case "research" -> {
        warn(events);
        yield watch(research.begin(request, events), events);
      }
      case "resume" -> resume(request, events);
      case "runs" -> list(request);
      case "show" -> reports.show(known(request), request);
      case "events" -> events(request, events);
      case "pause" -> {
        runs.pause(known(request));
        yield outcome(request.run());
      }
      case "cancel" -> {
        runs.cancel(known(request));
        billing.ended(request.run(), request.user(), RunState.CANCELLED);
        release(request.run(), RunState.CANCELLED);
        yield outcome(request.run());
      }
      case "note" -> {
        runs.note(known(request), request.text("text"));
        yield outcome(request.run());
      }
      case "approve", "deny" -> decide(request, events);
      case "rm" -> remove(request);
      case "export" -> reports.export(known(request), request);
      case "verify" -> reports.verify(request);
      case "vm.sign", "vm.key" -> {
        warn(events);
        yield signing.handle(request, events);
      }
      case "vm.create" -> {
        warn(events);
        yield vms.handle(request, events);
      }
      default ->
          request.command().startsWith("audit.")
              ? audit.handle(request, events)
              : KbCommands.NAMES.contains(request.command())
                  ? kb.handle(request, events)
                  : EconomyCommands.NAMES.contains(request.command())
                      ? economy.handle(request)
                      : vms.handle(request, events);
    };
  }

  /** The run a request names, if it is there and its user's. */
  private RunId known(Request request) {
    RunId run = request.run();
    ChoirException none =
        ChoirException.usage(
            "no_such_run", "there is no run " + run, "list what exists with: choir runs");
    if (!rooms.agents().state(run).tenant().equals(request.user())) {
      throw none;
    }
    return run;
  }

  /** What a person must be told of the isolation of VMs, before one is started. */
  private void warn(Request.Events events) {
    rooms.sandboxes().warning().ifPresent(w -> events.send(Json.object().put("notice", w)));
  }

  private ObjectNode resume(Request request, Request.Events events) throws InterruptedException {
    warn(events);
    RunId run = known(request);
    var status = rooms.agents().state(run);
    if (status.state() == RunState.COMPLETED) {
      // The server may have been killed between the last recorded step and the delivery.
      deliver(run, status.tenant());
      return outcome(run);
    }
    rooms.models().requireConsent(status.model(), request.flag("yes"));
    Optional<Limits> raised =
        request.optional("budget").map(text -> BudgetText.apply(text, status.limits()));
    if (!runs.isGoing(run) || raised.isPresent()) {
      runs.start(run, raised.orElse(null));
    }
    return watch(run, events);
  }

  /** Records a person's word; the run goes on with it unless it is told to stay. */
  private ObjectNode decide(Request request, Request.Events events) throws InterruptedException {
    String action = request.text("action");
    RunId run = decisions.run(request.user(), action);
    boolean stay = request.flag("stay");
    if (!stay) {
      rooms.models().requireConsent(rooms.agents().state(run).model(), request.flag("yes"));
    }
    Decisions.Said said =
        decisions.say(
            request.user(),
            action,
            request.command().equals("approve"),
            request.optional("reason").orElse(""));
    events.send(Json.object().put("notice", said.sentence()));
    if (!stay && said.open() && !runs.isGoing(run)) {
      warn(events);
      runs.start(run, null);
    }
    ObjectNode out = stay || !said.open() ? outcome(run) : watch(run, events);
    return out.put("decision", said.sentence());
  }

  /** Streams a run's events from the first until it stops, then says how it stands. */
  private ObjectNode watch(RunId run, Request.Events events) throws InterruptedException {
    try (RunFeed.Watch watch = rooms.feed().watch(run)) {
      while (runs.isGoing(run) || !watch.isEmpty()) {
        watch.next(WATCH_POLL_MILLIS).ifPresent(entry -> send(entry, 0, events));
      }
      // The last entries may still be on their way from the stream.
      long newest = newest(run);
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LAST_ENTRIES_MILLIS_MAX);
      while ((rooms.feed().delivered() < newest || !watch.isEmpty())
          && System.nanoTime() < deadline) {
        watch.next(WATCH_POLL_MILLIS).ifPresent(entry -> send(entry, 0, events));
      }
    }
    return outcome(run);
  }

  private long newest(RunId run) {
    return rooms.backbone().state().last(run.lead()).map(StateEntry::sequence).orElse(0L);
  }

  private static void send(StateEntry entry, long from, Request.Events events) {
    if (entry.sequence() >= from) {
      RunFeed.lines(entry).forEach(events::send);
    }
  }

  private ObjectNode events(Request request, Request.Events events) throws InterruptedException {
    RunId run = known(request);
    long from = request.number("from").orElse(0);
    if (request.flag("follow")) {
      try (RunFeed.Watch watch = rooms.feed().watch(run)) {
        while (!runs.state(run).isFinal()
            || !watch.isEmpty()
            || rooms.feed().delivered() < newest(run)) {
          watch.next(1_000).ifPresent(entry -> send(entry, from, events));
        }
      }
    } else {
      rooms.feed().history(run).forEach(entry -> send(entry, from, events));
    }
    return Json.object().put("run", run.value());
  }

  private ObjectNode list(Request request) {
    Optional<String> state = request.optional("state");
    ArrayNode list = Json.array();
    all().stream()
        .map(runs::summary)
        .filter(s -> s.path("user").asText().equals(request.user().value()))
        .filter(s -> state.isEmpty() || s.path("state").asText().equals(state.get()))
        .forEach(list::add);
    return Json.object().set("runs", list);
  }

  /** Every run, newest first. */
  private List<RunId> all() {
    List<RunId> all = new ArrayList<>();
    for (AgentId agent : rooms.backbone().state().agents()) {
      if (!agent.isSubagent()) {
        all.add(agent.run());
      }
    }
    all.sort(Comparator.comparing(RunId::value).reversed());
    return all;
  }

  /** Forgets a run: its history, its files, its folder in the home, its VM. */
  private ObjectNode remove(Request request) {
    RunId run = known(request);
    if (runs.isGoing(run)) {
      throw ChoirException.usage(
          "run_is_live", "run " + run + " is going on", "stop it first: choir cancel " + run);
    }
    rooms.sandboxes().destroy(run.value());
    for (AgentId agent : rooms.backbone().state().agents()) {
      if (agent.run().equals(run)) {
        rooms.backbone().forget(agent);
      }
    }
    delivery.forget(run);
    rooms.library().forget(run.value());
    rooms
        .audits()
        .record(
            new AuditEvent(
                request.user(),
                clock.instant(),
                "run.removed",
                run.lead(),
                Json.object().put("run", run.value()).put("by", "user:" + request.user())));
    return Json.object().put("run", run.value()).put("removed", true);
  }

  /** How a run stands, as {@code --json} prints it. */
  private ObjectNode outcome(RunId run) {
    ObjectNode out = runs.summary(run);
    Optional<Delivery.Paths> paths = delivery.delivered(run);
    out.put("report", paths.map(p -> p.report().toString()).orElse(null));
    out.put("verification", paths.map(p -> p.record().toString()).orElse(null));
    out.set("counts", counts(run));
    return out;
  }

  private ObjectNode counts(RunId run) {
    RunProgress progress = new RunProgress();
    rooms
        .feed()
        .history(run)
        .forEach(
            entry ->
                entry
                    .events()
                    .forEach(
                        event ->
                            progress.apply(
                                entry.agent().value(), entry.sequence(), entry.at(), event)));
    ObjectNode counts =
        Json.object()
            .put("documents", progress.documents())
            .put("pages", progress.pages())
            .put("skipped", progress.skipped())
            .put("evidence", progress.evidence())
            .put("sources", progress.sources())
            .put("subagents", progress.workers().size())
            .put("steps", progress.steps())
            .put("tokens", progress.tokens());
    reports.summary(run).ifPresent(summary -> counts.set("claims", summary));
    return counts;
  }

  /** Called on a run's own thread when it has stopped. */
  private void ended(RunId run, RunState state) {
    if (state == RunState.COMPLETED) {
      deliver(run, rooms.agents().state(run).tenant());
    }
    if (state.isFinal()) {
      billing.ended(run, rooms.agents().state(run).tenant(), state);
    }
    release(run, state);
  }

  /** Puts report and record of a completed run where they were asked for. */
  private void deliver(RunId run, TenantId tenant) {
    FileStore files = rooms.backbone().files();
    Optional<byte[]> report = files.get(tenant, run.lead(), Research.REPORT);
    Optional<byte[]> record = files.get(tenant, run.lead(), Research.RECORD);
    if (report.isPresent() && record.isPresent()) {
      delivery.deliver(run, report.get(), record.get());
    }
  }

  /**
   * Ends the VM of a run if nothing more will happen; of one that waits, for a person or to be
   * resumed, it is suspended after the configured time and goes on with the run.
   */
  private void release(RunId run, RunState state) {
    long delay = state.isFinal() ? 0 : rooms.settings().keepVm().toMillis();
    later.schedule(
        () -> {
          try {
            // A final run may still be counted as going while this is called from its thread.
            if (state.isFinal()) {
              rooms.sandboxes().destroy(run.value());
            } else if (!runs.isGoing(run)) {
              vms.putAway(run.value());
            }
          } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "putting the VM of run " + run + " away failed", e);
          }
        },
        delay,
        TimeUnit.MILLISECONDS);
  }

  /** Whether nothing here needs the server to stay. */
  boolean isIdle() {
    return runs.count() == 0
        && !research.isReading()
        && rooms.sandboxes().list().stream()
            .noneMatch(vm -> VmCommands.isByHand(vm.id()) && vm.phase() != VmInfo.Phase.SUSPENDED);
  }

  /** Pauses every run; names those that were going on. */
  ArrayNode pauseAll() {
    ArrayNode paused = Json.array();
    all().stream().filter(runs::isGoing).forEach(run -> paused.add(run.value()));
    runs.close();
    return paused;
  }

  /** Adds what a status shows: nats-server, VMs, runs. */
  void describe(ObjectNode status) {
    status
        .putObject("nats")
        .put("pid", rooms.backbone().pid())
        .put("port", rooms.backbone().port());
    ArrayNode list = status.putArray("vms");
    rooms
        .sandboxes()
        .list()
        .forEach(
            vm ->
                list.addObject()
                    .put("id", vm.id())
                    .put("pid", vm.pid())
                    .put("accelerator", vm.accelerator())
                    .put("state", vm.state())
                    .put("started_millis", vm.startedMillis()));
    TreeMap<String, Integer> states = new TreeMap<>();
    all().forEach(run -> states.merge(runs.state(run).word(), 1, Integer::sum));
    ObjectNode counted = status.putObject("runs");
    counted.put("going", runs.count());
    ObjectNode byState = counted.putObject("by_state");
    states.forEach(byState::put);
    rooms.knowledge().describe(status);
    rooms.economy().describe(status);
  }

  /** Pauses the runs and suspends all VMs. */
  @Override
  public void close() {
    runs.close();
    later.shutdownNow();
    for (VmInfo vm : rooms.sandboxes().list()) {
      try {
        vms.putAway(vm.id());
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "putting VM " + vm.id() + " away failed", e);
      }
    }
  }
}
