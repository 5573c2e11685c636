package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;

/** The system prompt: a definition's instructions, then what every agent must know of its place. */
final class Prompt {
  private Prompt() {}

  static String of(AgentDefinition definition, Home home, JsonNode skills) {
    StringBuilder out = new StringBuilder(definition.instructions());
    boolean files = definition.builtIns().stream().anyMatch(Prompt::usesFiles);
    if (files) {
      out.append("\n\nYour folder is ").append(home.path()).append(" in your own machine, which");
      out.append(" has no network. Relative paths start there.");
      if (!home.agent().isSubagent()) {
        out.append(" Subagents work in ").append(Home.TASKS).append("/<n>.");
      }
    }
    if (definition.builtIns().contains("read_skill") && !skills.isEmpty()) {
      out.append("\n\nSkills (read one with read_skill before you use it; run its script with");
      out.append(" execute):");
      for (JsonNode skill : skills) {
        out.append("\n- ").append(skill.path("name").asText());
        out.append(": ").append(skill.path("description").asText());
      }
    }
    return out.toString();
  }

  private static boolean usesFiles(String builtIn) {
    return !builtIn.equals("write_todos") && !builtIn.equals(ToolBox.TASK);
  }
}
