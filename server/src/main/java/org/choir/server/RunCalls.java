package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.choir.agent.AgentRuntime;
import org.choir.agent.ToolOutput;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.sandbox.GuestCalls;

/**
 * What programs in a run's VM may ask of this server: {@code kb.search}, {@code verify}, {@code
 * fetch}, {@code model}. The run is the VM's by this server's own record; the agent runtime asks
 * the gate and records. A VM that a person made by hand may ask nothing.
 */
final class RunCalls {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Duration LATER = Duration.ofMinutes(3);

  private static final Map<String, String> ENDINGS =
      Map.of(
          "application/pdf", ".pdf",
          "text/plain", ".txt",
          "text/markdown", ".md",
          "text/csv", ".csv",
          "application/epub+zip", ".epub");

  private final AgentRuntime agents;
  private final Path runs;

  /**
   * @param runs the folder with one folder per run, where the pages fetched for it lie
   */
  RunCalls(AgentRuntime agents, Path runs) {
    this.agents = agents;
    this.runs = runs;
  }

  /** The operations of one VM. */
  GuestCalls of(String vm) {
    if (VmCommands.isByHand(vm)) {
      return GuestCalls.NONE;
    }
    RunId run;
    try {
      run = new RunId(vm);
    } catch (ChoirException e) {
      return GuestCalls.NONE; // a VM for no run
    }
    return GuestCalls.of(
        List.of(
            new GuestCalls.Operation(
                "kb.search",
                Map.of(
                    "query", new GuestCalls.Field.OfText(true, 2_000),
                    "limit", new GuestCalls.Field.OfNumber(false, 1, 20)),
                SOON,
                (caller, arguments) -> call(run, caller, "kb.search", arguments)),
            new GuestCalls.Operation(
                "verify",
                Map.of("draft", new GuestCalls.Field.OfText(true, 1_000)),
                LATER,
                (caller, arguments) -> call(run, caller, "verify", arguments)),
            new GuestCalls.Operation(
                "fetch",
                Map.of("url", new GuestCalls.Field.OfText(true, 2_000)),
                LATER,
                (caller, arguments) ->
                    answer(
                        agents.call(
                            run,
                            caller.uid(),
                            "fetch",
                            arguments,
                            asked -> keep(run, caller.fetch(asked.path("url").asText()))))),
            new GuestCalls.Operation(
                "model",
                Map.of("prompt", new GuestCalls.Field.OfText(true, 20_000)),
                LATER,
                (caller, arguments) -> call(run, caller, "model", arguments))));
  }

  private ObjectNode call(
      RunId run, GuestCalls.Caller caller, String operation, ObjectNode arguments) {
    return answer(agents.call(run, caller.uid(), operation, arguments, asked -> asked));
  }

  private static ObjectNode answer(ToolOutput output) {
    return Json.parseObject(output.text());
  }

  /** The page on the disk, under the digest of its bytes, as the tool wants to be told of it. */
  private ObjectNode keep(RunId run, GuestCalls.Page page) {
    String sha256 = Digest.of(page.body()).hex();
    String type = page.type().replaceFirst(";.*", "").strip();
    Path file =
        runs.resolve(run.value())
            .resolve("fetched")
            .resolve(sha256 + ENDINGS.getOrDefault(type, ".html"));
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, page.body());
    } catch (IOException e) {
      throw ChoirException.fatal(
          "no_space", "cannot keep the page in " + file + ": " + e.getMessage(), "", e);
    }
    return Json.object().put("url", page.url()).put("file", file.toString()).put("sha256", sha256);
  }
}
