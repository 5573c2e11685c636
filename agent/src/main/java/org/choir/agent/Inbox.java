package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.RunId;
import org.choir.core.Text;

/**
 * What others say to a running run, kept until its agents record it: notes and decisions by agent,
 * and the wish to pause or cancel, which counts at once. Thread-safe and bounded.
 */
final class Inbox {
  private static final System.Logger LOG = System.getLogger(Inbox.class.getName());
  private static final int MESSAGES_MAX = 1_000;
  private static final int REPORTED_MAX = 5_000;
  private static final int NOTE_MAX = 20_000;

  private final RunId run;
  private final Map<Integer, List<ObjectNode>> events = new TreeMap<>();
  private final List<ObjectNode> reported = new ArrayList<>();
  private final DialTally dials = new DialTally();
  private int count;
  private Optional<StopException> stop = Optional.empty();

  Inbox(RunId run) {
    this.run = run;
  }

  /** Takes a message: note, pause, cancel, approve or deny; others are logged and ignored. */
  synchronized void accept(ObjectNode message) {
    switch (message.path("kind").asText()) {
      case "pause" -> stop = Optional.of(StopException.paused("user", "a person paused the run"));
      case "cancel" -> stop = Optional.of(cancel());
      default -> {
        try {
          Event event = event(run, message);
          if (count == MESSAGES_MAX) {
            LOG.log(System.Logger.Level.WARNING, "too many messages wait for run " + run);
            return;
          }
          count++;
          events.computeIfAbsent(event.agent().number(), n -> new ArrayList<>()).add(event.data());
        } catch (ChoirException e) {
          LOG.log(System.Logger.Level.WARNING, "run " + run + ": " + e.getMessage());
        }
      }
    }
  }

  /** What stops the run, if someone asked for it. */
  synchronized Optional<StopException> stop() {
    return stop;
  }

  /** Whether a note waits for this agent. */
  synchronized boolean hasNote(AgentId agent) {
    return events.getOrDefault(agent.number(), List.of()).stream()
        .anyMatch(e -> e.path("kind").asText().equals("note"));
  }

  /**
   * Hands over what is to be recorded in this agent's history; what the host did for the run's VM
   * goes into the lead's.
   */
  synchronized List<ObjectNode> take(AgentId agent) {
    List<ObjectNode> taken = new ArrayList<>(events.getOrDefault(agent.number(), List.of()));
    events.remove(agent.number());
    count -= taken.size();
    if (!agent.isSubagent()) {
      taken.addAll(reported);
      reported.clear();
      dials.take().ifPresent(taken::add);
    }
    return taken;
  }

  /**
   * Keeps events of what the host did for a program in the VM until the lead records them.
   *
   * @throws ChoirException {@code too_many_calls} if too many wait already
   */
  synchronized void report(List<ObjectNode> happened) {
    if (reported.size() + happened.size() > REPORTED_MAX) {
      throw ChoirException.retryable(
          "too_many_calls",
          "one command has asked the host for too much",
          "ask for less, or in another step",
          null);
    }
    reported.addAll(happened);
  }

  /** Reported events of one kind that wait to be recorded. */
  synchronized List<ObjectNode> reported(String kind) {
    return reported.stream().filter(e -> e.path("kind").asText().equals(kind)).toList();
  }

  /** Counts a connection out of the VM; never too many, since equal ones are counted together. */
  synchronized void dialed(ObjectNode dial) {
    dials.add(dial);
  }

  /** An event and whose history it belongs to. */
  record Event(AgentId agent, ObjectNode data) {}

  static StopException cancel() {
    return StopException.cancelled("a person cancelled the run");
  }

  /**
   * The event a message is recorded as.
   *
   * @throws ChoirException {@code bad_message} if it is none
   */
  static Event event(RunId run, ObjectNode message) {
    String kind = message.path("kind").asText();
    String action = message.path("action").asText();
    if (kind.equals("note")) {
      String text = Strings.brief(message.path("text").asText(), NOTE_MAX);
      return new Event(run.lead(), Events.note("user", text));
    }
    if (kind.equals("approve") || kind.equals("deny")) {
      AgentId agent = new AgentId(action.replaceFirst(":.*", ""));
      if (agent.run().equals(run)) {
        ObjectNode decided =
            Events.of("decided")
                .put("action", action)
                .put("approved", kind.equals("approve"))
                .put("by", Strings.brief(message.path("by").asText(), 100))
                .put("reason", Strings.brief(message.path("reason").asText(), NOTE_MAX));
        if (message.has("digest")) {
          decided.put("digest", message.path("digest").asText());
        }
        return new Event(agent, decided);
      }
    }
    throw ChoirException.usage(
        "bad_message",
        "run " + run + " does not understand the message " + Text.visible(message.toString(), 200),
        "send note, pause, cancel, approve or deny");
  }
}
