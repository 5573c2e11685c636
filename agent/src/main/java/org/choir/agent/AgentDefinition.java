package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * A kind of agent: what it is told, what it can do, whom it can delegate to.
 *
 * @param name for example {@code vibewriter}, {@code researcher}, {@code verifier}
 * @param description for the agent that may delegate to it
 * @param instructions the system prompt
 * @param tools besides the built-in ones
 * @param builtIns names of built-in tools it may use: {@code write_todos ls read_file write_file
 *     edit_file delete glob grep execute read_skill task}; a tool that is not listed does not exist
 *     for it
 * @param subagents whom {@code task} can call; must be empty for a subagent (one level)
 * @param policy the agent's own rules for stages and for its end
 * @param guestCalls what programs in the run's VM may ask the host for, by the names of these
 *     tools; their texts are JSON objects with at least {@code text}
 */
public record AgentDefinition(
    String name,
    String description,
    String instructions,
    List<Tool> tools,
    List<String> builtIns,
    List<AgentDefinition> subagents,
    Policy policy,
    List<Tool> guestCalls) {
  public AgentDefinition {
    guestCalls = List.copyOf(guestCalls);
    tools = List.copyOf(tools);
    builtIns = List.copyOf(builtIns);
    subagents = List.copyOf(subagents);
    if (subagents.stream().anyMatch(s -> !s.subagents().isEmpty())) {
      throw new IllegalArgumentException("subagents of subagents are not supported: " + name);
    }
  }

  /** An agent whose VM may ask the host for nothing. */
  public AgentDefinition(
      String name,
      String description,
      String instructions,
      List<Tool> tools,
      List<String> builtIns,
      List<AgentDefinition> subagents,
      Policy policy) {
    this(name, description, instructions, tools, builtIns, subagents, policy, List.of());
  }

  /** Rules of one kind of agent, pure functions over what is recorded. */
  public interface Policy {
    /** No stages, ends whenever the model has nothing more to do. */
    Policy NONE = new Policy() {};

    /**
     * The stage this call belongs to, recorded with its intent: one of plan search read draft
     * verify critique revise polish.
     */
    default Optional<String> stageOf(String tool, ObjectNode arguments, ToolContext context) {
      return Optional.empty();
    }

    /**
     * Asked when the model answers without a tool call. Empty: the agent is done. Otherwise the
     * text is recorded and given to the model as the user's next message (at most three times in a
     * row, then the run fails).
     */
    default Optional<String> unfinished(ToolContext context) {
      return Optional.empty();
    }
  }
}
