package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Money;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelClient;

/**
 * The loop of one agent: ask the model, record its answer with the intents, do them, record the
 * results, again. All it knows between two rounds is in its journal.
 */
final class AgentLoop {
  private static final int NUDGES_MAX = 3;

  private final LiveRun run;
  private final AgentDefinition definition;
  private final Journal journal;
  private final ModelClient client;
  private final ToolBox tools;
  private final VmWorkspace workspace;
  private final WorkspaceScan scan;
  private final AgentContext context;
  private final Intents intents;
  private final AgentId agent;
  private ModelCaller caller;

  AgentLoop(
      LiveRun run, AgentId agent, AgentDefinition definition, Journal journal, ModelClient client) {
    this.run = run;
    this.agent = agent;
    this.definition = definition;
    this.journal = journal;
    this.client = client;
    this.tools = new ToolBox(definition);
    this.workspace = run.workspace(agent);
    this.scan = run.scan(agent);
    this.context = run.context(agent, workspace);
    this.intents = run.intents(agent, tools);
    this.caller = run.caller(client, definition, agent, tools, journal);
  }

  /**
   * Runs until the model has nothing more to do.
   *
   * @return the last text the model gave
   * @throws StopException in every other case that can be recorded
   */
  String run() {
    learnSkills();
    boolean fresh = false;
    while (true) {
      run.checkStop();
      run.takeMessages(agent, journal);
      run.checkStop();
      if (!journal.state().pending().isEmpty()) {
        step(fresh);
        fresh = false;
      } else {
        Optional<String> result = answer();
        if (result.isPresent()) {
          return result.get();
        }
        fresh = true;
      }
    }
  }

  private void learnSkills() {
    if (definition.builtIns().contains("read_skill") && !run.knowsSkills()) {
      workspace.beginStep();
      List<Skill> found = Skill.in(workspace);
      ObjectNode event = Events.of("skills");
      var list = event.putArray("skills");
      found.forEach(
          s -> list.addObject().put("name", s.name()).put("description", s.description()));
      journal.append(List.of(event));
      caller = run.caller(client, definition, agent, tools, journal);
    }
  }

  private void step(boolean fresh) {
    new Step(
            journal,
            tools,
            context,
            workspace,
            scan,
            run.vm(),
            (calls, finished) -> run.tasks(definition, calls, finished),
            run::checkStop)
        .run(fresh);
  }

  /** One answer of the model; the result if it was the last. */
  private Optional<String> answer() {
    run.budget().reserve(agent);
    try {
      ModelAnswer answer = caller.ask();
      AgentState state = journal.state();
      int step = state.steps() + 1;
      List<ObjectNode> events = new ArrayList<>();
      events.add(Events.answered(step, answer, client.id(), cost(answer)));
      if (answer.calls().isEmpty()) {
        return ended(answer, events);
      }
      List<ObjectNode> intended =
          intents.of(answer, step, state.subagents(), state.stage(), definition.policy(), context);
      if (state.state() == RunState.PLANNING && !agent.isSubagent() && beyondPlanning(answer)) {
        events.add(Events.state(RunState.RUNNING, "working"));
      }
      events.addAll(intended);
      journal.append(events);
      return Optional.empty();
    } finally {
      run.budget().release(agent);
    }
  }

  private static boolean beyondPlanning(ModelAnswer answer) {
    return answer.calls().stream().anyMatch(c -> !c.tool().equals("write_todos"));
  }

  private Optional<String> ended(ModelAnswer answer, List<ObjectNode> events) {
    Optional<Failure> refused = Optional.empty();
    Optional<String> more = Optional.empty();
    if (answer.stop() == ModelAnswer.Stop.FILTERED) {
      refused =
          Optional.of(failure("model_filtered", "the model's provider refused to answer this"));
    } else if (answer.stop() == ModelAnswer.Stop.LENGTH) {
      more = Optional.of("Your answer was cut at the output limit. Go on, in smaller pieces.");
    } else {
      more = definition.policy().unfinished(context);
    }
    if (more.isPresent() && journal.state().nudges() >= NUDGES_MAX) {
      refused =
          Optional.of(
              failure(
                  "unfinished",
                  "the model stopped "
                      + (NUDGES_MAX + 1)
                      + " times in a row before its work was done: "
                      + Strings.brief(more.get(), 300)));
    }
    if (refused.isPresent()) {
      journal.append(events);
      throw StopException.failure(RunState.FAILED, refused.get());
    }
    if (more.isPresent()) {
      events.add(Events.note("policy", more.get()));
    } else if (!run.hasNotes(agent)) {
      String result = answer.text().isBlank() ? journal.state().result() : answer.text();
      events.add(
          agent.isSubagent()
              ? Events.ended(result, Optional.empty())
              : Events.state(RunState.COMPLETED, "done"));
      journal.append(events);
      return Optional.of(result);
    }
    journal.append(events);
    return Optional.empty();
  }

  private Optional<Money> cost(ModelAnswer answer) {
    return run.cost(client, answer.usage());
  }

  private static Failure failure(String code, String message) {
    return new Failure(code, message, "", ExitStatus.FAILED, false);
  }

  /** How one task ended, for the agent that delegated it. */
  static ToolOutput output(AgentState ended) {
    ObjectNode event = ended.ended().orElseThrow();
    String text = event.path("result").asText();
    if (event.path("failed").asBoolean()) {
      return ToolOutput.error("The subagent failed: " + text);
    }
    return ToolOutput.of(text.isBlank() ? "The subagent ended without a result." : text);
  }

  /**
   * Runs a subagent to its end and records it; what only pauses the run is thrown on.
   *
   * @return its result, or why it failed
   */
  ToolOutput runAsSubagent() {
    try {
      run();
    } catch (StopException e) {
      if (e.state() != RunState.FAILED) {
        throw e;
      }
      fail(e.failure());
    } catch (HaltException e) {
      throw e;
    } catch (ChoirException e) {
      if (Interrupts.happened(e)) {
        throw StopException.interrupted();
      }
      fail(e.failure());
    }
    return output(journal.state());
  }

  private void fail(Failure failure) {
    journal.append(
        List.of(Events.ended(failure.code() + ": " + failure.message(), Optional.of(failure))));
  }
}
