package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.agent.Limits;
import org.choir.agent.RunRequest;
import org.choir.backbone.StateEntry;
import org.choir.backbone.StateStream;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.knowledge.SourceSet;
import org.choir.vibewriter.Continuation;
import org.choir.vibewriter.Depth;
import org.choir.vibewriter.SubmittedReport;
import org.jspecify.annotations.Nullable;

/** Begins a research run: checks what was asked, reads the sources, records the run, starts it. */
final class ResearchCommand {
  /** Skipped files recorded in one entry. */
  private static final int SKIPPED_AT_ONCE = 100;

  private final Wiring rooms;
  private final Runs runs;
  private final Delivery delivery;
  private final RunIds ids;
  private final RunBilling billing;
  private final AtomicInteger reading = new AtomicInteger();

  ResearchCommand(Wiring rooms, Runs runs, Delivery delivery, RunIds ids, RunBilling billing) {
    this.rooms = rooms;
    this.runs = runs;
    this.delivery = delivery;
    this.ids = ids;
    this.billing = billing;
  }

  /** Whether documents are being read for a run that does not exist yet. */
  boolean isReading() {
    return reading.get() > 0;
  }

  /** The run, recorded and started. Nothing is recorded if the client leaves before. */
  RunId begin(Request request, Request.Events events) throws InterruptedException {
    String question = request.optional("question").orElse("").strip();
    if (question.isEmpty()) {
      throw ChoirException.usage(
          "empty_question", "the question is empty", "write what you want to know, in quotes");
    }
    Depth depth = Depth.of(request.optional("depth").orElse(rooms.settings().depth()));
    String model = request.optional("model").orElse(rooms.settings().model()).strip();
    Limits limits = rooms.research().defaultLimits(depth);
    if (request.optional("budget").isPresent()) {
      limits = BudgetText.apply(request.text("budget"), limits);
    }
    List<String> allowed = rooms.settings().egress().expand(request.texts("allow"));
    boolean web = request.flag("web");
    // Before anything is read: a model that cannot be used, or that nobody has agreed to.
    boolean languageModel = rooms.models().open(model).isLanguageModel();
    rooms.models().requireConsent(model, request.flag("yes"));
    String engine = web ? rooms.web().destination() : "";

    Continuation continued = null;
    List<Path> sources = request.texts("sources").stream().map(Path::of).toList();
    if (request.optional("continue").isPresent()) {
      RunId earlier = new RunId(request.text("continue"));
      List<ObjectNode> history = history(earlier, request.user());
      continued = Continuation.from(earlier, history, report(earlier, request.user()));
      sources = sources.isEmpty() ? sourcesOf(history) : sources;
    }
    if (web) {
      events.send(
          Json.object().put("notice", goesOut(engine, languageModel && !sources.isEmpty())));
    }
    boolean something = web || (continued != null && !continued.evidence().isEmpty());
    if (sources.isEmpty() && !something) {
      events.send(Json.object().put("progress", "searching the knowledge base"));
      sources = rooms.knowledge().sources(question);
    }
    if (sources.isEmpty() && !something) {
      throw ChoirException.usage(
          "no_sources",
          "there is nothing to search: no --sources, and no article answers this",
          "name a folder or a file: choir research QUESTION --sources DIR, or search the web:"
              + " --web");
    }
    Optional<SourceSet> set =
        sources.isEmpty() ? Optional.empty() : Optional.of(read(sources, events));
    ObjectNode options = rooms.research().options(question, depth, sources, set, web, continued);
    // Recorded with the run, so that a resumed run may reach what it might before.
    allowed.forEach(options.putArray("allow")::add);
    RunId run = ids.next();
    try {
      billing
          .begin(run, request.user(), depth)
          .ifPresent(words -> events.send(Json.object().put("notice", words)));
      rooms.agents().create(new RunRequest(run, request.user(), question, model, limits, options));
    } finally {
      billing.begun(run);
    }
    set.ifPresent(read -> recordSkipped(run, request.user(), read));
    delivery.ask(run, request.optional("out").map(Path::of));
    events.send(Json.object().put("created", run.value()));
    runs.start(run, null);
    return run;
  }

  /** What leaves this machine in a run with the web, said before it does. */
  private static String goesOut(String engine, boolean privateWords) {
    return "the words of the question go to "
        + engine
        + ", and pages are read from the addresses it names"
        + (privateWords ? "; the model may put words of your files into its searches" : "");
  }

  /**
   * Reads on a thread of its own: an interrupt in the middle of a write would close the index, so a
   * client that leaves ends the waiting and not the reading.
   */
  private SourceSet read(List<Path> sources, Request.Events events) throws InterruptedException {
    CompletableFuture<SourceSet> done = new CompletableFuture<>();
    reading.incrementAndGet();
    Thread.ofPlatform()
        .name("read-sources")
        .daemon()
        .start(
            () -> {
              try {
                done.complete(
                    rooms.library().read(sources, (n, total) -> tell(done, events, n, total)));
              } catch (RuntimeException e) {
                done.completeExceptionally(e);
              } finally {
                reading.decrementAndGet();
              }
            });
    try {
      return done.get();
    } catch (InterruptedException e) {
      done.cancel(false);
      throw e;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ChoirException failure) {
        throw failure;
      }
      throw new IllegalStateException("reading the sources failed", e.getCause());
    }
  }

  private static void tell(
      CompletableFuture<SourceSet> done, Request.Events events, int n, int total) {
    if (!done.isCancelled()) {
      events.send(Json.object().put("read", n).put("of", total));
    }
  }

  /** The run's own record of what was left out, before its first step. */
  private void recordSkipped(RunId run, TenantId tenant, SourceSet set) {
    StateStream state = rooms.backbone().state();
    List<ObjectNode> events = rooms.research().skipped(set);
    AgentId lead = run.lead();
    for (int i = 0; i < events.size(); i += SKIPPED_AT_ONCE) {
      @Nullable StateEntry last = state.last(lead).orElse(null);
      state.append(
          tenant,
          lead,
          last == null ? 1 : last.epoch(),
          last,
          events.subList(i, Math.min(events.size(), i + SKIPPED_AT_ONCE)));
    }
  }

  private List<ObjectNode> history(RunId run, TenantId user) {
    if (!rooms.agents().state(run).tenant().equals(user)) {
      throw ChoirException.usage(
          "no_such_run", "there is no run " + run, "list what exists with: choir runs");
    }
    List<ObjectNode> events = new ArrayList<>();
    rooms.feed().history(run).forEach(entry -> events.addAll(entry.events()));
    return events;
  }

  private String report(RunId run, TenantId user) {
    Optional<SubmittedReport> report = rooms.research().report(rooms.backbone().files(), user, run);
    return report.map(SubmittedReport::markdown).orElse("");
  }

  private static List<Path> sourcesOf(List<ObjectNode> history) {
    List<Path> sources = new ArrayList<>();
    for (ObjectNode event : history) {
      if (event.path("kind").asText().equals("run_started")) {
        event.path("options").path("sources").forEach(s -> sources.add(Path.of(s.asText())));
      }
    }
    return sources;
  }
}
