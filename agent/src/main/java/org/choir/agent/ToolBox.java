package org.choir.agent;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.model.ToolSpec;

/** The tools that exist for one definition: what is not listed there cannot be called. */
final class ToolBox {
  static final String TASK = "task";

  private final Map<String, Tool> tools = new LinkedHashMap<>();
  private final List<AgentDefinition> subagents;

  ToolBox(AgentDefinition definition) {
    this.subagents = definition.subagents();
    for (String name : definition.builtIns()) {
      if (!name.equals(TASK)) {
        add(BuiltIns.tool(name));
      } else if (!subagents.isEmpty()) {
        add(OtherTools.task(subagents));
      }
    }
    definition.tools().forEach(this::add);
  }

  private void add(Tool tool) {
    if (tools.putIfAbsent(tool.spec().name(), tool) != null) {
      throw new IllegalArgumentException("two tools are named '" + tool.spec().name() + "'");
    }
  }

  Optional<Tool> find(String name) {
    return Optional.ofNullable(tools.get(name));
  }

  List<ToolSpec> specs() {
    List<ToolSpec> out = new ArrayList<>();
    tools.values().forEach(t -> out.add(t.spec()));
    return out;
  }

  Optional<AgentDefinition> subagent(String type) {
    return subagents.stream().filter(s -> s.name().equals(type)).findFirst();
  }

  String names() {
    return String.join(", ", tools.keySet());
  }

  String subagentNames() {
    return String.join(", ", subagents.stream().map(AgentDefinition::name).toList());
  }
}
