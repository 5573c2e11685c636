package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;

/**
 * One registered kind of event in one version: its fields, and which of them say whom the event is
 * about ({@code subject}), who did it ({@code actor}) and what was decided ({@code verdict}).
 *
 * @param subject the field's name, empty if no field does
 */
public record EventKind(
    String name,
    int version,
    String subject,
    String actor,
    String verdict,
    Map<String, EventField> fields) {
  public EventKind {
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    for (String role : List.of(subject, actor, verdict)) {
      if (!role.isEmpty() && !fields.containsKey(role)) {
        throw new IllegalArgumentException(name + " has no field " + role);
      }
    }
  }

  /**
   * An event's data, taken apart: what goes into which part of the leaf.
   *
   * @param personal empty if nothing is
   */
  record Parts(
      String subject,
      String actor,
      String verdict,
      ObjectNode digests,
      ObjectNode data,
      ObjectNode personal) {}

  static EventKind of(JsonNode json) {
    Map<String, EventField> fields = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> each : json.path("fields").properties()) {
      EventField field = EventField.parse(each.getKey(), each.getValue().asText());
      fields.put(field.name(), field);
    }
    return new EventKind(
        json.path("kind").asText(),
        json.path("version").asInt(),
        json.path("subject").asText(),
        json.path("actor").asText(),
        json.path("verdict").asText(),
        fields);
  }

  /** Name and version as texts and tables name it: {@code action.decided@1}. */
  public String id() {
    return name + "@" + version;
  }

  /**
   * Checks the data and takes it apart.
   *
   * @throws EventRefusedException for a missing, unknown or ill-typed field
   */
  Parts take(ObjectNode data) {
    List<String> problems = new ArrayList<>();
    data.fieldNames()
        .forEachRemaining(
            f -> {
              if (!fields.containsKey(f)) {
                problems.add("there is no field '" + f + "'");
              }
            });
    Parts parts = new Parts("", "", "", Json.object(), Json.object(), Json.object());
    String[] roles = {"", "", ""};
    for (EventField field : fields.values()) {
      JsonNode value = data.get(field.name());
      if (value == null) {
        if (!field.optional()) {
          problems.add("the field '" + field.name() + "' is missing");
        }
        continue;
      }
      Optional<String> problem = field.problem(value);
      if (problem.isPresent()) {
        problems.add(problem.get());
      } else if (field.personal()) {
        parts.personal().set(field.name(), value);
      } else if (role(field.name()) >= 0) {
        roles[role(field.name())] = value.asText();
      } else if (field.type() == EventField.Type.DIGEST) {
        parts.digests().set(field.name(), value);
      } else {
        parts.data().set(field.name(), value);
      }
    }
    if (!problems.isEmpty()) {
      throw new EventRefusedException(name, String.join("; ", problems));
    }
    return new Parts(roles[0], roles[1], roles[2], parts.digests(), parts.data(), parts.personal());
  }

  private int role(String field) {
    return field.equals(subject) ? 0 : field.equals(actor) ? 1 : field.equals(verdict) ? 2 : -1;
  }

  /** Where a leaf of this kind holds a field that is not personal; null if it has none. */
  @Nullable JsonNode value(Leaf leaf, String field) {
    return switch (role(field)) {
      case 0 -> Json.array().add(leaf.subject()).get(0);
      case 1 -> Json.array().add(leaf.actor()).get(0);
      case 2 -> Json.array().add(leaf.verdict()).get(0);
      default -> leaf.digests().has(field) ? leaf.digests().get(field) : leaf.data().get(field);
    };
  }
}
