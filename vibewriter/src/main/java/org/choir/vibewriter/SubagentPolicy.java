package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import org.choir.agent.AgentDefinition.Policy;
import org.choir.agent.ToolContext;

/** The stages of a subagent that ends when it has answered. */
record SubagentPolicy(Map<String, String> stages) implements Policy {
  static final SubagentPolicy RESEARCHER =
      new SubagentPolicy(
          Map.of(
              SearchChoirKb.NAME,
              "search",
              "search_sources",
              "search",
              "read_source",
              "read",
              SearchWeb.NAME,
              "search",
              FetchSource.NAME,
              "read"));
  static final SubagentPolicy VERIFIER =
      new SubagentPolicy(
          Map.of("verify_draft", "critique", "read_source", "critique", "read_file", "critique"));
  static final SubagentPolicy PUBLISHER =
      new SubagentPolicy(Map.of("write_file", "polish", "read_file", "polish"));

  @Override
  public Optional<String> stageOf(String tool, ObjectNode arguments, ToolContext context) {
    return Optional.ofNullable(stages.get(tool));
  }
}
