package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.model.ToolSpec;

/** The tools every definition may list: plan, files, shell, skills, delegation. */
final class BuiltIns {
  /** All names, whether a definition lists them or not. */
  static final Set<String> NAMES =
      Set.of(
          "write_todos",
          "ls",
          "read_file",
          "write_file",
          "edit_file",
          "delete",
          "glob",
          "grep",
          "execute",
          "read_skill",
          "task");

  /** Long results of these are cut by themselves and never moved to a file. */
  static final Set<String> SELF_LIMITING =
      Set.of("ls", "glob", "grep", "read_file", "edit_file", "write_file", "delete", "write_todos");

  private static final Map<String, Tool> TOOLS =
      Stream.of(FileTools.all(), SearchTools.all(), OtherTools.all())
          .flatMap(List::stream)
          .collect(Collectors.toUnmodifiableMap(t -> t.spec().name(), t -> t));

  private BuiltIns() {}

  /** The tool with this name; {@code task} is made per definition by {@link OtherTools#task}. */
  static Tool tool(String name) {
    Tool tool = TOOLS.get(name);
    if (tool == null) {
      throw new IllegalArgumentException("there is no built-in tool '" + name + "'");
    }
    return tool;
  }

  /** A tool of the VM: read-only towards the outside, since the workspace is rewound. */
  static Tool of(
      String name,
      String description,
      ObjectNode parameters,
      BiFunction<ToolContext, ObjectNode, ToolOutput> body) {
    ToolSpec spec = new ToolSpec(name, description, parameters);
    return new Tool() {
      @Override
      public ToolSpec spec() {
        return spec;
      }

      @Override
      public ReplayClass replay() {
        return ReplayClass.READ_ONLY;
      }

      @Override
      public ToolOutput call(ToolContext context, ObjectNode arguments) {
        return body.apply(context, arguments);
      }
    };
  }

  /** An object schema with these required and optional properties. */
  static ObjectNode schema(List<String> required, Map<String, ObjectNode> properties) {
    ObjectNode out = Json.object().put("type", "object");
    ObjectNode fields = out.putObject("properties");
    properties.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(p -> fields.set(p.getKey(), p.getValue()));
    var names = out.putArray("required");
    required.forEach(names::add);
    return out.put("additionalProperties", false);
  }

  static ObjectNode property(String type, String description) {
    return Json.object().put("type", type).put("description", description);
  }
}
