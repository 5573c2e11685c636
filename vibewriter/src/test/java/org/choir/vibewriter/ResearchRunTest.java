package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.vibewriter.ScriptedModel.call;
import static org.choir.vibewriter.ScriptedModel.say;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.choir.agent.AgentRuntime;
import org.choir.agent.RunRequest;
import org.choir.agent.RunState;
import org.choir.backbone.Backbone;
import org.choir.backbone.StateEntry;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.core.Verdict;
import org.choir.keys.DataKeys;
import org.choir.keys.FileDataKeys;
import org.choir.knowledge.RecordCheck;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.SourceSet;
import org.choir.knowledge.VerificationRecord;
import org.choir.sandbox.Sandboxes;
import org.choir.vibewriter.ScriptedModel.Seen;
import org.choir.vibewriter.ScriptedModel.Turn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One run through the real loop, nats-server and VM, from the question to the report. */
class ResearchRunTest {
  private static final String QUESTION =
      "How does the log protect data, and how often is it flushed?";
  private static final Pattern HEAD = Pattern.compile("\\[@(s[0-9a-f]{10})] (.*)");

  @TempDir Path folder;

  private static Function<Seen, Turn> turn(Function<Seen, Turn> turn) {
    return turn;
  }

  /** The key of the passage with these words in a tool's answer. */
  private static String key(String answer, String words) {
    String key = "";
    for (String line : answer.lines().toList()) {
      Matcher head = HEAD.matcher(line);
      key = head.matches() ? head.group(1) : key;
      if (line.contains(words)) {
        return key;
      }
    }
    throw new AssertionError("no passage with '" + words + "' in: " + answer);
  }

  private static ScriptedModel model() {
    List<Function<Seen, Turn>> lead =
        List.of(
            seen -> {
              ObjectNode todos = Json.object();
              todos
                  .putArray("todos")
                  .addObject()
                  .put("content", "How are data protected?")
                  .put("status", "in_progress");
              return call(new ScriptedModel.Call("write_todos", todos));
            },
            seen ->
                call(
                    call(
                        "task",
                        "description",
                        "Find: changes are written to the log first",
                        "subagent_type",
                        "researcher"),
                    call(
                        "task",
                        "description",
                        "Find: the log is flushed every so many milliseconds",
                        "subagent_type",
                        "researcher")),
            seen ->
                call(
                    call(
                        "write_file",
                        "file_path",
                        "/workspace/drafts/report.md",
                        "content",
                        draft(seen, false))),
            seen -> call(call("verify_draft", "path", "/workspace/drafts/report.md")),
            seen ->
                call(
                    call(
                        "task",
                        "description",
                        "Judge the draft /workspace/drafts/report.md",
                        "subagent_type",
                        "verifier")),
            seen ->
                call(
                    call(
                        "write_file",
                        "file_path",
                        "/workspace/drafts/report.md",
                        "content",
                        draft(seen, true))),
            seen -> call(call("verify_draft", "path", "/workspace/drafts/report.md")),
            seen -> call(call("read_skill", "name", "citations")),
            seen ->
                call(
                    call(
                        "execute",
                        "command",
                        "python3 /skills/citations.py --draft /workspace/drafts/report.md")),
            seen ->
                call(
                    call(
                        "task",
                        "description",
                        "Write a summary of the draft /workspace/drafts/report.md",
                        "subagent_type",
                        "publisher")),
            turn(seen -> say("I think I am done.")),
            seen -> {
              ObjectNode arguments = Json.object().put("path", "/workspace/drafts/report.md");
              arguments.putArray("unanswered").add("Who invented it?");
              return call(new ScriptedModel.Call("submit_report", arguments));
            },
            seen -> say("The report is submitted."));
    List<Function<Seen, Turn>> researcher =
        List.of(
            seen -> call(call("search_sources", "question", seen.opening())),
            seen -> call(call("read_source", "key", key(seen.last(), ""))),
            seen -> say(seen.results().getFirst()));
    List<Function<Seen, Turn>> verifier =
        List.of(
            seen -> call(call("verify_draft", "path", "/workspace/drafts/report.md")),
            seen -> say("The number of milliseconds is wrong.\n" + seen.last()));
    List<Function<Seen, Turn>> publisher =
        List.of(
            seen -> call(call("read_file", "file_path", "/workspace/drafts/report.md")),
            seen ->
                call(
                    call(
                        "write_file",
                        "file_path",
                        "/workspace/tasks/4/summary.md",
                        "content",
                        "The log comes first.\n")),
            seen -> say("The summary lies in /workspace/tasks/4/summary.md."));
    return new ScriptedModel(
        Map.of(
            Vibewriter.PUBLISHER,
            publisher,
            Vibewriter.LEAD,
            lead,
            Vibewriter.RESEARCHER,
            researcher,
            Vibewriter.VERIFIER,
            verifier));
  }

  private static String draft(Seen seen, boolean revised) {
    String found = String.join("\n", seen.results());
    String log = key(found, "written to the log before");
    String flush = key(found, "200 milliseconds");
    return """
        ## Protection

        Every change is written to the log before the data file is changed [@%s]. \
        The log is replicated to nine moons by carrier pigeon [@sdeadbeef00].

        ## Flushing

        The log writer flushes the log every %s milliseconds [@%s].
        """
        .formatted(log, revised ? "200" : "900", flush);
  }

  @Test
  void plansDelegatesDraftsVerifiesRevisesAndSubmits() throws Exception {
    Path docs = Files.createDirectories(folder.resolve("docs"));
    Files.writeString(
        docs.resolve("log.md"),
        "# The log\n\n## Order\n\nEvery change is written to the log before the data file is changed."
            + " After a crash the log is read again from the last checkpoint.\n");
    Files.writeString(
        docs.resolve("flush.md"),
        "# Flushing\n\n## Log writer\n\nThe log writer flushes the log every 200 milliseconds."
            + " A commit waits for its own flush.\n");
    Path repository = Path.of(System.getProperty("choir.repository"));
    Path sandboxes = Files.createTempDirectory("vw");
    DataKeys keys = FileDataKeys.open(folder.resolve("keys"));
    try (Backbone backbone =
            Backbone.start(
                new Backbone.Options(folder.resolve("nats"), 0, Backbone.Durability.CRASH),
                keys,
                InstantSource.system());
        Sandboxes vms =
            Sandboxes.open(
                new Sandboxes.Options(
                        sandboxes, repository.resolve("guest/target/image"), "auto", 512, 256, 2)
                    .withTemplates(folder.resolve("templates")),
                keys,
                InstantSource.system());
        SourceLibrary library = SourceLibrary.open(folder.resolve("library"), new WordEmbedder())) {
      SourceSet set = library.read(List.of(docs), (done, total) -> {});
      Research research = new Research(library, new NoKnowledge(), Web.NONE);
      ScriptedModel model = model();
      AgentRuntime runtime =
          new AgentRuntime(
              backbone,
              action -> new Verdict.Allow("test"),
              event -> {},
              id -> model,
              run -> vms.obtain(run.value()),
              InstantSource.system());
      RunId run = new RunId("rvibe00001");
      ObjectNode options = research.options(QUESTION, Depth.QUICK, List.of(docs), set, null);
      runtime.create(
          new RunRequest(
              run,
              TenantId.LOCAL,
              QUESTION,
              model.id(),
              research.defaultLimits(Depth.QUICK),
              options));
      RunState state = runtime.run(run, research.definition(model), null);
      assertThat(state).as("%s", events(backbone, run)).isEqualTo(RunState.COMPLETED);

      List<ObjectNode> events = events(backbone, run);
      assertThat(stages(backbone, run))
          .containsExactly(
              "plan", "search", "draft", "verify", "critique", "revise", "verify", "polish");
      assertThat(of(events, "note")).hasSize(1);
      SubmittedReport report = research.report(backbone.files(), TenantId.LOCAL, run).orElseThrow();
      assertThat(report.markdown())
          .startsWith("# " + QUESTION)
          .contains("Every change is written to the log before the data file is changed. [1]")
          .contains("The log writer flushes the log every 200 milliseconds. [2]")
          .contains("No language model was used")
          .contains("Who invented it?")
          .doesNotContain("pigeon")
          .doesNotContain("900")
          .doesNotContain("[@")
          .doesNotContain(run.value());
      assertThat(report.record().path("schema").asText()).isEqualTo("choir.verification/1");
      assertThat(report.record().path("dropped"))
          .singleElement()
          .satisfies(
              d -> {
                assertThat(d.path("verdict").asText()).isEqualTo("fabricated");
                assertThat(d.path("text").asText()).contains("carrier pigeon");
              });
      ObjectNode submitted = of(events, "report").getFirst();
      assertThat(submitted.path("supported").asInt()).isEqualTo(2);
      assertThat(submitted.path("dropped").asInt()).isEqualTo(1);
      assertThat(submitted.path("sources").asInt()).isEqualTo(2);
      assertThat(submitted.path("sha256").asText()).isEqualTo(report.digest().hex());
      assertThat(report.record().path("report").path("sha256").asText())
          .isEqualTo(report.digest().hex());
      Set<String> issued = new TreeSet<>();
      of(events, "evidence").forEach(e -> issued.add(e.path("key").asText()));
      assertThat(issued).hasSizeGreaterThanOrEqualTo(2).doesNotContain("sdeadbeef00");
      String firstVerification =
          of(events, "observed").stream()
              .filter(e -> e.path("tool").asText().equals("verify_draft"))
              .map(e -> e.path("text").asText())
              .findFirst()
              .orElseThrow();
      assertThat(firstVerification)
          .startsWith(
              "Verified 3 claims: 1 supported, 0 partial, 1 contradicted, 0 unsupported, 1 fabricated.")
          .contains("- fabricated: The log is replicated to nine moons by carrier pigeon");

      // The skill is read and run in the VM, the publisher's file outlives it.
      assertThat(observed(events, "read_skill")).contains("python3 /skills/citations.py");
      assertThat(observed(events, "execute")).contains("sdeadbeef00").contains("sentences");
      assertThat(
              of(events(backbone, run), "file_changed").stream().map(e -> e.path("path").asText()))
          .anyMatch(path -> path.endsWith("summary.md"));

      Continuation continued = Continuation.from(run, events, report.markdown());
      assertThat(continued.evidence()).hasSize(issued.size());
      assertThat(continued.plan()).hasSize(1);
      assertThat(report.html()).contains("class=\"cite supported\"");
      assertThat(
              RecordCheck.check(
                  report.markdown(),
                  VerificationRecord.parse(Json.write(report.record())),
                  library::text))
          .isEmpty();
    } finally {
      end(sandboxes, keys);
    }
  }

  /** Whatever became of the test, no VM and no folder outlives it. */
  private static void end(Path sandboxes, DataKeys keys) throws Exception {
    try (Sandboxes vms =
        Sandboxes.open(
            new Sandboxes.Options(sandboxes, sandboxes, "tcg", 512, 256, 2),
            keys,
            InstantSource.system())) {
      vms.recover();
      vms.list().forEach(vm -> vms.destroy(vm.id()));
    }
    try (Stream<Path> all = Files.walk(sandboxes)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static List<ObjectNode> of(List<ObjectNode> events, String kind) {
    return events.stream().filter(e -> e.path("kind").asText().equals(kind)).toList();
  }

  private static String observed(List<ObjectNode> events, String tool) {
    return of(events, "observed").stream()
        .filter(e -> e.path("tool").asText().equals(tool))
        .map(e -> e.path("text").asText())
        .findFirst()
        .orElseThrow();
  }

  private static List<String> stages(Backbone backbone, RunId run) {
    List<String> stages = new ArrayList<>();
    for (StateEntry entry : backbone.state().read(run.lead())) {
      of(entry.events(), "stage").forEach(e -> stages.add(e.path("stage").asText()));
    }
    return stages;
  }

  private static List<ObjectNode> events(Backbone backbone, RunId run) {
    List<ObjectNode> events = new ArrayList<>();
    backbone.state().read(run.lead()).forEach(e -> events.addAll(e.events()));
    for (int n = 1; n < 10; n++) {
      backbone.state().read(run.lead().subagent(n)).forEach(e -> events.addAll(e.events()));
    }
    return events;
  }
}
