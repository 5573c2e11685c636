package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.backbone.Fixture.AGENT;
import static org.choir.backbone.Fixture.ALICE;
import static org.choir.backbone.Fixture.BOB;
import static org.choir.backbone.Fixture.assertCode;

import io.nats.client.Connection;
import io.nats.client.Nats;
import io.nats.client.ObjectStore;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FileStoreTest {
  private @Nullable Fixture fixture;
  private @Nullable Backbone backbone;
  private int count;

  @BeforeAll
  void start(@TempDir Path temp) {
    Fixture made = new Fixture(temp);
    fixture = made;
    backbone = made.start();
  }

  @AfterAll
  void stop() {
    if (backbone != null) {
      backbone.close();
    }
  }

  private Backbone backbone() {
    return Objects.requireNonNull(backbone);
  }

  private FileStore files() {
    return backbone().files();
  }

  private AgentId freshAgent() {
    return new AgentId("rfiles" + ++count);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void givesBackWhatWasPutWhateverItsSize() {
    AgentId agent = freshAgent();
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int chunk = Blobs.CHUNK_BYTES;
    for (int size : List.of(0, 1, chunk - 17, chunk - 16, chunk - 15, chunk, 3_000_001)) {
      byte[] body = new byte[size];
      random.nextBytes(body);
      FileStore.Stored stored = files().put(ALICE, agent, "f" + size, body);
      assertThat(stored.size()).isEqualTo(size);
      assertThat(stored.digest()).isEqualTo(Digest.of(body));
      assertThat(files().get(ALICE, agent, "f" + size).orElseThrow())
          .as("size %d, seed %d", size, seed)
          .isEqualTo(body);
    }
  }

  @Test
  void carriesAnyPathOfALinuxFile() {
    AgentId agent = freshAgent();
    List<String> paths =
        List.of(
            "drafts/a report.md",
            "sources/Ünïcødé 世界 🌊.html",
            "a.b/*/>/$x",
            "tabs\tand\nlines",
            "-dash",
            "...",
            ("x".repeat(254) + "/").repeat(16) + "end");
    for (String path : paths) {
      files().put(ALICE, agent, path, utf8(path));
    }
    for (String path : paths) {
      assertThat(files().get(ALICE, agent, path)).contains(utf8(path));
    }
    assertThat(files().list(agent))
        .extracting(FileStore.Stored::path)
        .containsExactlyElementsOf(paths.stream().sorted().toList());
  }

  @Test
  void refusesAPathThatIsNotBelowTheWorkspace() {
    for (String path :
        List.of("", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "\0", "\ud800")) {
      assertCode("bad_path", () -> files().put(ALICE, AGENT, path, new byte[0]));
    }
    assertCode("bad_path", () -> files().put(ALICE, AGENT, "x".repeat(4097), new byte[0]));
  }

  @Test
  void replacesAFileAndLeavesNothingOfTheOldOne() {
    AgentId agent = freshAgent();
    files().put(ALICE, agent, "draft.md", new byte[1_000_000]);
    long before = backbone().status().bytes();
    for (int i = 0; i < 5; i++) {
      files().put(ALICE, agent, "draft.md", new byte[1_000_000]);
    }
    assertThat(backbone().status().bytes()).isLessThan(before + 100_000);
    files().put(ALICE, agent, "draft.md", utf8("new"));
    assertThat(files().get(ALICE, agent, "draft.md")).contains(utf8("new"));
    assertThat(files().list(agent)).hasSize(1);
  }

  @Test
  void listsOnlyTheAgentsOwnFilesByPath() {
    AgentId lead = freshAgent();
    AgentId sub = lead.subagent(1);
    files().put(ALICE, lead, "b", utf8("2"));
    files().put(ALICE, lead, "a/c", utf8("1"));
    files().put(ALICE, sub, "d", utf8("3"));
    assertThat(files().list(lead)).extracting(FileStore.Stored::path).containsExactly("a/c", "b");
    assertThat(files().list(sub))
        .containsExactly(new FileStore.Stored(sub, "d", 1, Digest.of("3")));
    assertThat(files().list(freshAgent())).isEmpty();
  }

  @Test
  void forgetsADeletedFile() {
    AgentId agent = freshAgent();
    files().put(ALICE, agent, "a", utf8("1"));
    files().delete(agent, "a");
    files().delete(agent, "a");
    assertThat(files().get(ALICE, agent, "a")).isEmpty();
    assertThat(files().list(agent)).isEmpty();
    files().put(ALICE, agent, "a", utf8("2"));
    assertThat(files().get(ALICE, agent, "a")).contains(utf8("2"));
  }

  @Test
  void doesNotOpenAFileForAnotherTenant() {
    AgentId agent = freshAgent();
    files().put(ALICE, agent, "a", utf8("1"));
    files().put(BOB, agent, "b", utf8("1"));
    assertCode("not_authentic", () -> files().get(BOB, agent, "a"));
  }

  @Test
  void writesTheObjectStoresPublicFormat() throws Exception {
    AgentId agent = freshAgent();
    byte[] body = new byte[300_000];
    files().put(ALICE, agent, "a b", body);
    Fixture made = Objects.requireNonNull(fixture);
    Credentials credentials = Credentials.open(made.folder.resolve("credentials.json"));
    try (Connection other =
        Nats.connect(
            Link.options(
                    backbone().port(),
                    credentials.choir().signingIn(),
                    NatsConfiguration.CHOIR_INBOX)
                .build())) {
      // the client library's own reader checks sizes, chunks and digest
      ObjectStore store = other.objectStore(NatsConfiguration.BUCKET);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      store.get(agent + "/a b", out);
      assertThat(out.size()).isEqualTo(body.length + 16);
    }
  }
}
