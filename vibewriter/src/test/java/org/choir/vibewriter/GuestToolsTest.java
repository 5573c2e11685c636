package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.choir.agent.ToolOutput;
import org.choir.core.Json;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.SourceSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a program in the VM gets from the host: the run's own sources, checked like the agent's. */
class GuestToolsTest {
  @TempDir Path folder;
  private SourceLibrary library;
  private RecordedContext run;
  private GuestSearch search;
  private GuestVerify verify;

  @BeforeEach
  void readSources() throws IOException {
    Path docs = Files.createDirectories(folder.resolve("docs"));
    Files.writeString(
        docs.resolve("log.md"),
        "# The log\n\nEvery change is written to the log before the data file is changed.\n");
    library = SourceLibrary.open(folder.resolve("library"), new WordEmbedder());
    SourceSet set = library.read(List.of(docs), (done, total) -> {});
    run =
        new RecordedContext(
            "How does the log work?",
            "extractive",
            new ResearchOptions(
                Depth.QUICK, List.of(folder), set.id(), 1, 0, "en", Optional.empty()));
    search = new GuestSearch(library);
    verify = new GuestVerify(new Drafts(library, ClaimVerifier.byRules()));
  }

  @AfterEach
  void close() {
    library.close();
  }

  private ObjectNode ask(String tool, ToolOutput output) {
    run.record(tool, output);
    return Json.parseObject(output.text());
  }

  @Test
  void aSearchIssuesKeysThatAVerificationAccepts() {
    ObjectNode found =
        ask("kb.search", search.call(run, Json.object().put("query", "change written to the log")));
    String key = found.path("passages").get(0).path("key").asText();
    assertThat(found.path("text").asText()).startsWith("Found 1 passage.").contains("[@" + key);
    run.file(
        "/workspace/drafts/a.md",
        "Every change is written to the log before the data file is changed [@" + key + "].\n");
    ObjectNode good =
        ask("verify", verify.call(run, Json.object().put("draft", "/workspace/drafts/a.md")));
    assertThat(good.path("failed").asBoolean()).isFalse();
    assertThat(good.path("claims").get(0).path("verdict").asText()).isEqualTo("supported");
    run.file("/workspace/drafts/b.md", "Bees write the log [@s0123456789].\n");
    ObjectNode bad =
        ask("verify", verify.call(run, Json.object().put("draft", "/workspace/drafts/b.md")));
    assertThat(bad.path("failed").asBoolean()).isTrue();
    assertThat(bad.path("text").asText()).contains("fabricated");
  }

  @Test
  void nothingFoundIsSaidSo() {
    ObjectNode none = ask("kb.search", search.call(run, Json.object().put("query", " ")));
    assertThat(none.path("text").asText()).startsWith("No passages found");
  }

  @Test
  void aFetchedPageBecomesASourceOfTheRun() throws IOException {
    Path page = folder.resolve("page.html");
    Files.writeString(
        page,
        "<html><head><title>Waxing</title></head><body><h1>Waxing</h1>"
            + "<p>Bees build their combs from wax that they make themselves.</p></body></html>");
    ObjectNode stored =
        ask(
            "fetch",
            new GuestFetch(library)
                .call(
                    run,
                    Json.object()
                        .put("url", "http://bees.example/wax")
                        .put("file", page.toString())
                        .put("sha256", "00")));
    String key = stored.path("passages").get(0).path("key").asText();
    assertThat(run.recorded(GuestFetch.FETCHED).getFirst().path("url").asText())
        .isEqualTo("http://bees.example/wax");
    // The address may show something else tomorrow; what was stored counts.
    Files.delete(page);
    run.file(
        "/workspace/drafts/a.md",
        "Bees build their combs from wax that they make themselves [@" + key + "].\n");
    ObjectNode checked =
        ask("verify", verify.call(run, Json.object().put("draft", "/workspace/drafts/a.md")));
    assertThat(checked.path("claims").get(0).path("verdict").asText()).isEqualTo("supported");
    assertThat(new ReadSource(library).call(run, Json.object().put("key", key)).text())
        .contains("wax");
  }
}
