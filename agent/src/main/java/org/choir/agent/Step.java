package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.choir.core.ChoirException;
import org.choir.core.Failure;
import org.choir.core.ReplayClass;
import org.choir.core.Text;

/**
 * Does the recorded, unobserved calls of an agent's newest answer and records their results: all in
 * one entry, except that the result of an {@code ASK} call is recorded the moment it is there, and
 * that a step which stops half-way records what need not be done again.
 *
 * <p>When the VM is lost, its files come back as recorded, so every unrecorded call of the step
 * that used it is done again, in order.
 */
final class Step {
  private static final System.Logger LOG = System.getLogger(Step.class.getName());
  private static final int LOSSES_PER_CALL_MAX = 3;
  private static final int LOSSES_MAX = 9;

  /** Performs tasks side by side; outputs in the order of the calls. */
  interface Tasks {
    /** The outputs by action; a {@link StopException} of any of them comes after all have ended. */
    void perform(List<PendingCall> calls, Map<String, ToolOutput> finished);
  }

  private record Done(ToolOutput output, boolean usedVm) {}

  private final Journal journal;
  private final ToolBox tools;
  private final AgentContext context;
  private final VmWorkspace workspace;
  private final WorkspaceScan scan;
  private final RunVm vm;
  private final Tasks tasks;
  private final Runnable checkStop;
  private final Map<String, Done> done = new LinkedHashMap<>();

  /**
   * @param context of the agent; each call gets it with its own action id
   * @param checkStop throws if the run is to stop
   */
  Step(
      Journal journal,
      ToolBox tools,
      AgentContext context,
      VmWorkspace workspace,
      WorkspaceScan scan,
      RunVm vm,
      Tasks tasks,
      Runnable checkStop) {
    this.journal = journal;
    this.tools = tools;
    this.context = context;
    this.workspace = workspace;
    this.scan = scan;
    this.vm = vm;
    this.tasks = tasks;
    this.checkStop = checkStop;
  }

  /**
   * Does what can be done.
   *
   * @param fresh whether the intents were recorded by this very loop just now, so that none of the
   *     calls can have been begun before
   * @throws StopException if the run stops, or waits for a person's word on one of the calls
   */
  void run(boolean fresh) {
    List<PendingCall> pending = journal.state().pending();
    List<PendingCall> runnable = new ArrayList<>();
    List<PendingCall> held = new ArrayList<>();
    List<PendingCall> unknown = new ArrayList<>();
    List<ObjectNode> attempts = new ArrayList<>();
    for (PendingCall call : pending) {
      if (call.decision() == PendingCall.Decision.APPROVED) {
        attempts.add(Events.of("attempted").put("action", call.action()));
        runnable.add(call);
      } else if (call.decision() == PendingCall.Decision.DENIED) {
        done.put(call.action(), new Done(refusedByPerson(call), false));
      } else if (call.verdict().equals("HOLD") && !call.attempted()) {
        held.add(call);
      } else if (!call.attempted()) {
        done.put(call.action(), new Done(notExecuted(call), false));
      } else if (!fresh && call.replay() == ReplayClass.ASK) {
        unknown.add(call);
      } else {
        runnable.add(call);
      }
    }
    if (!attempts.isEmpty()) {
      journal.append(attempts); // so that a crash in the middle asks again instead of repeating
    }
    execute(runnable);
    if (!unknown.isEmpty()) {
      throw StopException.waiting(
          RunState.NEEDS_DECISION,
          unknown.getFirst().action(),
          "nobody knows whether this was done: " + describe(unknown));
    }
    if (!held.isEmpty()) {
      throw StopException.waiting(
          RunState.WAITING_APPROVAL,
          held.getFirst().action(),
          "a person must approve: " + describe(held));
    }
  }

  private void execute(List<PendingCall> calls) {
    Map<String, Integer> losses = new LinkedHashMap<>();
    PendingCall[] current = new PendingCall[1];
    workspace.beginStep();
    try {
      for (int lost = 0; ; lost++) {
        try {
          performAll(calls, current);
          List<ObjectNode> changes = changes();
          record(changes);
          return;
        } catch (RunVm.VmLostException e) {
          vm.lost(e.generation());
          workspace.beginStep();
          done.values().removeIf(Done::usedVm);
          PendingCall blamed = current[0];
          if (lost == LOSSES_MAX) {
            throw StopException.failure(RunState.PAUSED, e.failure());
          }
          if (blamed != null
              && losses.merge(blamed.action(), 1, Integer::sum) == LOSSES_PER_CALL_MAX) {
            done.put(blamed.action(), new Done(lostEachTime(e), false));
          }
        }
      }
    } catch (StopException e) {
      done.values().removeIf(Done::usedVm);
      record(List.of());
      throw e;
    }
  }

  private void performAll(List<PendingCall> calls, PendingCall[] current) {
    for (int i = 0; i < calls.size(); i++) {
      PendingCall call = calls.get(i);
      if (done.containsKey(call.action())) {
        continue;
      }
      if (call.tool().equals(ToolBox.TASK)) {
        int end = i;
        while (end < calls.size() && calls.get(end).tool().equals(ToolBox.TASK)) {
          end++;
        }
        perform(calls.subList(i, end));
        i = end - 1;
      } else {
        current[0] = call;
        checkStop.run();
        perform(call);
      }
    }
  }

  private void perform(List<PendingCall> taskCalls) {
    List<PendingCall> open = taskCalls.stream().filter(c -> !done.containsKey(c.action())).toList();
    Map<String, ToolOutput> finished = new LinkedHashMap<>();
    try {
      tasks.perform(open, finished);
    } finally {
      finished.forEach((action, output) -> done.put(action, new Done(output, false)));
    }
  }

  private void perform(PendingCall call) {
    Tool tool = tools.find(call.tool()).orElse(null);
    if (tool == null) { // the definition has changed since the intent was recorded
      done.put(
          call.action(),
          new Done(ToolOutput.error("There is no tool '" + call.tool() + "' any more."), false));
      return;
    }
    workspace.beginCall();
    ToolOutput output = fitted(call, call(call, tool));
    workspace.rethrow();
    done.put(call.action(), new Done(output, workspace.used()));
    if (call.replay() == ReplayClass.ASK) {
      recordNow(call, output);
      done.put(call.action(), new Done(output, false)); // recorded: never done again
    } else if (Thread.currentThread().isInterrupted()) {
      // An interrupted command may have ended half-way: its result is no result.
      done.remove(call.action());
      throw StopException.interrupted();
    }
  }

  private ToolOutput call(PendingCall call, Tool tool) {
    Arguments arguments = Arguments.of(call.arguments(), tool.spec().parameters());
    if (arguments.problem().isPresent()) {
      return ToolOutput.error(arguments.problem().get());
    }
    AgentContext own =
        new AgentContext(
            context.agent(),
            context.tenant(),
            context.run(),
            call.action(),
            workspace,
            context.view());
    try {
      return tool.call(own, arguments.object());
    } catch (RunVm.VmLostException | StopException | HaltException e) {
      throw e;
    } catch (ChoirException e) {
      if (Interrupts.happened(e)) {
        throw StopException.interrupted();
      }
      workspace.rethrow();
      Failure failure = e.failure();
      return ToolOutput.error(
          failure.code()
              + ": "
              + failure.message()
              + (failure.remedy().isEmpty() ? "" : ". Way out: " + failure.remedy()));
    } catch (RuntimeException e) {
      if (Interrupts.happened(e)) {
        throw StopException.interrupted();
      }
      LOG.log(System.Logger.Level.ERROR, "tool " + call.tool() + " broke in " + call.action(), e);
      return ToolOutput.error(
          "tool_broken: " + call.tool() + " failed with an internal error. Try another way.");
    }
  }

  private ToolOutput fitted(PendingCall call, ToolOutput output) {
    return LargeResult.fit(
        output,
        call.tool(),
        call.id(),
        workspace,
        workspace.home(),
        tools.find("read_file").isPresent());
  }

  /** Files first: the bodies are stored when this returns, the entry comes after. */
  private List<ObjectNode> changes() {
    if (!workspace.changed()) {
      return List.of();
    }
    WorkspaceScan.Changes changes;
    try {
      changes =
          scan.changes(workspace, context.view().folder(context.agent()), workspace.generation());
    } catch (RunVm.VmLostException | StopException e) {
      throw e;
    } catch (ChoirException e) {
      // Without its files a step cannot be recorded; it is done again when this is mended.
      throw Interrupts.happened(e)
          ? StopException.interrupted()
          : StopException.failure(RunState.PAUSED, e.failure());
    }
    if (!changes.notices().isEmpty()) {
      notice(changes.notices());
    }
    return changes.events();
  }

  private void notice(List<String> notices) {
    StringBuilder text = new StringBuilder("\n[Not kept if the machine restarts: ");
    text.append(String.join("; ", notices.subList(0, Math.min(5, notices.size()))));
    if (notices.size() > 5) {
      text.append("; and ").append(notices.size() - 5).append(" more");
    }
    String last = null;
    for (Map.Entry<String, Done> entry : done.entrySet()) {
      last = entry.getValue().usedVm() ? entry.getKey() : last;
    }
    if (last != null) {
      done.computeIfPresent(
          last,
          (action, d) ->
              new Done(
                  new ToolOutput(
                      d.output().text() + text + "]", d.output().failed(), d.output().events()),
                  true));
    }
  }

  private void recordNow(PendingCall call, ToolOutput output) {
    List<ObjectNode> events = new ArrayList<>();
    events.add(Events.observed(call, output));
    events.addAll(output.events());
    journal.append(events);
  }

  /** Records the results that are not recorded yet, in the order of the calls. */
  private void record(List<ObjectNode> changes) {
    List<ObjectNode> events = new ArrayList<>();
    for (PendingCall call : journal.state().pending()) {
      Done one = done.get(call.action());
      if (one != null) {
        events.add(Events.observed(call, one.output()));
        events.addAll(one.output().events());
      }
    }
    events.addAll(changes);
    if (!events.isEmpty()) {
      journal.append(events);
    }
  }

  private static ToolOutput refusedByPerson(PendingCall call) {
    String why = call.decisionReason().isBlank() ? "" : ": " + call.decisionReason();
    return ToolOutput.error(
        call.attempted()
            ? "Nobody knows whether this was done, and a person decided not to do it again" + why
            : "A person refused this" + why + ". It was not done.");
  }

  private static ToolOutput notExecuted(PendingCall call) {
    return switch (call.verdict()) {
      case "REPLAY" -> ToolOutput.of("This was already done: " + call.reason());
      case "ORDER_AFTER" ->
          ToolOutput.error(
              "Not done: it must wait until the action "
                  + call.reason()
                  + " has settled. Call it again later.");
      default ->
          ToolOutput.error(
              call.rule().startsWith("choir/")
                  ? call.reason()
                  : "Refused by the rule " + call.rule() + ": " + call.reason());
    };
  }

  private static ToolOutput lostEachTime(RunVm.VmLostException e) {
    return ToolOutput.error(
        "The machine stopped "
            + LOSSES_PER_CALL_MAX
            + " times while this ran ("
            + e.getMessage()
            + "). It was started again with your files. Do this in a lighter way.");
  }

  private static String describe(List<PendingCall> calls) {
    return String.join(
        ", ",
        calls.stream()
            .map(
                c ->
                    c.tool()
                        + " ("
                        + c.action()
                        + ")"
                        + (c.reason().isEmpty() ? "" : ": " + Text.visible(c.reason(), 500)))
            .toList());
  }
}
