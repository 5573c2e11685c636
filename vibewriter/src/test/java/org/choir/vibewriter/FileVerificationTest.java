package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.WebSources;
import org.choir.knowledge.web.WebFetcher;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileVerificationTest {
  @TempDir Path folder;
  private SourceLibrary library;

  @BeforeEach
  void writeSources() throws IOException {
    Files.createDirectories(folder.resolve("my docs"));
    Files.writeString(
        folder.resolve("my docs/log.md"),
        "# The log\n\nThe log writer flushes the log every 200 milliseconds.\n");
    Files.writeString(
        folder.resolve("my docs/page.html"),
        "<html><body><h1>Pages</h1><p>A page has a size of 8192 bytes.</p></body></html>");
    library = SourceLibrary.open(folder.resolve("library"), new WordEmbedder());
  }

  @AfterEach
  void close() {
    library.close();
  }

  private FileVerification verify(String markdown, Path... sources) throws IOException {
    Path file = Files.writeString(folder.resolve("report.md"), markdown);
    return FileVerification.of(library, ClaimVerifier.byRules(), file, List.of(sources));
  }

  @Test
  void followsLinksFileAddressesAndFootnotesToTheirFiles() throws IOException {
    FileVerification result =
        verify(
            """
            # Facts

            The log writer flushes the log every 200 milliseconds ([source](my%%20docs/log.md#the-log)).

            A page has a size of 8192 bytes [1](%s).

            The log writer flushes the log every 200 milliseconds.[^log]

            [^log]: The manual, my-docs, "log.md", section 1
            """
                .formatted(folder.resolve("my docs/page.html").toUri()),
            folder.resolve("my docs"));
    assertThat(result.rows())
        .extracting(FileVerification.Row::verdict)
        .as("%s", result.rows())
        .containsExactly("supported", "supported", "supported");
    assertThat(result.rows()).extracting(FileVerification.Row::line).containsExactly(3, 5, 7);
    assertThat(result.rows().getFirst().quotes())
        .containsExactly("The log writer flushes the log every 200 milliseconds.");
    assertThat(result.exit()).isEqualTo(ExitStatus.DONE);
  }

  @Test
  void failsForWrongNumbersLostFilesWebAddressesAndUncitedClaims() throws IOException {
    FileVerification result =
        verify(
            """
            The log writer flushes the log every 900 milliseconds [source](log.md).
            A page has a size of 8192 bytes [source](gone.html).
            A page has a size of 8192 bytes [source](https://example.org/page.html).
            A page has a size of 8192 bytes.
            """,
            folder.resolve("my docs"));
    assertThat(result.rows())
        .extracting(FileVerification.Row::verdict)
        .containsExactly("contradicted", "unreachable", "unreachable", "no_citation");
    assertThat(result.rows().get(1).reason()).contains("gone.html");
    assertThat(result.exit()).isEqualTo(ExitStatus.FAILED);
    assertThat(result.toJson().path("counts").path("unreachable").asInt()).isEqualTo(2);
    assertThat(result.toJson().path("verified").asBoolean()).isFalse();
  }

  @Test
  void resolvesAgainstTheFilesOwnFolderWithoutSources() throws IOException {
    assertThat(verify("A page has a size of 8192 bytes [a](my%20docs/page.html).\n").rows())
        .singleElement()
        .satisfies(r -> assertThat(r.verdict()).as(r.reason()).isEqualTo("supported"));
  }

  @Test
  void findsEvidenceKeysInTheSourcesAndReportsInventedOnes() throws IOException {
    String key =
        library
            .search(
                library.read(List.of(folder.resolve("my docs")), (done, total) -> {}).id(),
                "How large is a page?",
                1)
            .getFirst()
            .key();
    FileVerification result =
        verify(
            "A page has a size of 8192 bytes [@" + key + "]. Pages can fly [@sdeadbeef00].\n",
            folder.resolve("my docs"));
    assertThat(result.rows())
        .extracting(FileVerification.Row::verdict)
        .containsExactly("supported", "fabricated");
  }

  @Test
  void checksClaimsAgainstWebPagesAndSaysWhatBecameOfThem() throws IOException {
    Map<String, String> pages = new HashMap<>();
    pages.put(
        "/log",
        "<title>The log</title><meta name=author content='Ada Byron'><meta name=date content=2019>"
            + "<p>The log writer flushes the log every 200 milliseconds.</p>");
    pages.put("/soft", "<title>Not found</title><p>This page does not exist.</p>");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String body = pages.get(exchange.getRequestURI().getPath());
          byte[] bytes = (body == null ? "no" : body).getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "text/html");
          exchange.sendResponseHeaders(body == null ? 404 : 200, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
    try {
      String host = "127.0.0.1:" + server.getAddress().getPort();
      String markdown =
          """
          The log writer flushes the log every 200 milliseconds [a](http://%1$s/log).
          The log writer flushes the log every 900 milliseconds [a](http://%1$s/log).
          The log writer flushes the log, wrote Ada Byron [a](http://%1$s/log).
          The log writer flushes the log, wrote Charles Babbage [a](http://%1$s/log).
          The log writer flushes the log [a](http://%1$s/soft).
          The log writer flushes the log [a](http://%1$s/invented).
          The log writer flushes the log [a](http://169.254.169.254/log).
          """
              .formatted(host);
      Path file = Files.writeString(folder.resolve("web.md"), markdown);
      FileVerification result =
          FileVerification.of(
              library,
              ClaimVerifier.byRules(),
              file,
              List.of(),
              Optional.of(
                  new WebSources(
                      library,
                      WebFetcher.of(Set.of(host)),
                      folder.resolve("pages"),
                      () -> Instant.EPOCH)));
      assertThat(result.rows())
          .extracting(FileVerification.Row::verdict)
          .as("%s", result.rows())
          .containsExactly(
              "supported",
              "contradicted",
              "supported",
              "unsupported",
              "unreachable",
              "fabricated",
              "unreachable");
      assertThat(result.pages())
          .extracting(p -> p.state().word())
          .containsExactlyInAnyOrder("alive", "soft_404", "never_existed", "refused");
      assertThat(result.toJson().path("sources").toString()).contains("Ada Byron", "sha256");
      FileVerification offline =
          FileVerification.of(library, ClaimVerifier.byRules(), file, List.of());
      assertThat(offline.rows())
          .extracting(FileVerification.Row::verdict)
          .containsOnly("unreachable");
    } finally {
      server.stop(0);
    }
  }

  @Test
  void saysThatOtherLanguagesAreCheckedLessWell() throws IOException {
    Files.writeString(
        folder.resolve("my docs/seite.md"),
        "# Die Seite\n\nDie Größe einer Seite ist auf 8192 Bytes festgelegt, und sie kann nicht"
            + " geändert werden, wenn der Server mit den Daten einmal eingerichtet ist.\n");
    FileVerification result =
        verify(
            "Die Größe einer Seite ist auf 8192 Bytes festgelegt, und sie kann nicht geändert"
                + " werden [1](my%20docs/seite.md).\n");
    assertThat(result.notes()).hasSize(2).allMatch(note -> note.contains("German"));
    assertThat(result.toJson().path("notes")).hasSize(2);
    assertThat(verify("A page has a size of 8192 bytes [1](my%20docs/page.html).\n").notes())
        .isEmpty();
  }

  @Test
  void namesAMissingFile() {
    assertThatThrownBy(
            () ->
                FileVerification.of(
                    library, ClaimVerifier.byRules(), folder.resolve("none.md"), List.of()))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("no_such_file"));
  }
}
