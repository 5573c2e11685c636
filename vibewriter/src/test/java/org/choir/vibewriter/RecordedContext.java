package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.agent.Workspace;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.sandbox.Vm;

/** A run's recorded events and files held in memory, for tests of one tool at a time. */
final class RecordedContext implements ToolContext, Workspace {
  final Map<String, byte[]> files = new TreeMap<>();
  private final List<ObjectNode> events = new ArrayList<>();

  RecordedContext(String question, String model, ResearchOptions options) {
    ObjectNode started =
        Json.object().put("kind", "run_started").put("question", question).put("model", model);
    started.set("options", options.toJson(question));
    events.add(started);
  }

  RecordedContext record(ObjectNode event) {
    events.add(event);
    return this;
  }

  /** As the loop does: the tool's events and its result. */
  ToolOutput record(String tool, ToolOutput output) {
    events.addAll(output.events());
    events.add(
        Json.object()
            .put("kind", "observed")
            .put("tool", tool)
            .put("text", output.text())
            .put("failed", output.failed()));
    return output;
  }

  RecordedContext file(String path, String text) {
    files.put(path, text.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  String text(String path) {
    return new String(read(path, 0, Long.MAX_VALUE), StandardCharsets.UTF_8);
  }

  @Override
  public AgentId agent() {
    return new AgentId("rtest000");
  }

  @Override
  public TenantId tenant() {
    return TenantId.LOCAL;
  }

  @Override
  public ObjectNode run() {
    return events.getFirst();
  }

  @Override
  public String actionId() {
    return "rtest000:1";
  }

  @Override
  public Workspace workspace() {
    return this;
  }

  @Override
  public List<ObjectNode> recorded(String kind) {
    return events.stream().filter(e -> e.path("kind").asText().equals(kind)).toList();
  }

  @Override
  public String home() {
    return "/workspace";
  }

  @Override
  public byte[] read(String path, long offset, long limit) {
    byte[] body = files.get(path);
    if (body == null) {
      throw ChoirException.fatal("not_found", "there is no " + path, "list the folder with ls");
    }
    int from = (int) Math.min(offset, body.length);
    return Arrays.copyOfRange(
        body, from, (int) Math.min(body.length, from + Math.min(limit, 1 << 30)));
  }

  @Override
  public void write(String path, byte[] body) {
    files.put(path, body.clone());
  }

  @Override
  public List<Vm.FileStat> list(String path, boolean recursive) {
    return files.keySet().stream().filter(p -> p.startsWith(path + "/")).map(this::stat).toList();
  }

  @Override
  public Vm.FileStat stat(String path) {
    return new Vm.FileStat(path, "file", read(path, 0, Long.MAX_VALUE).length, 0644, 1000, 0);
  }

  @Override
  public void delete(String path) {
    files.remove(path);
  }

  @Override
  public Executed execute(String command, Duration timeout) {
    throw new UnsupportedOperationException("no VM in this test");
  }
}
