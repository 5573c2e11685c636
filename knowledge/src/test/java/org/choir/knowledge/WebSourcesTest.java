package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.choir.knowledge.WebSource.State;
import org.choir.knowledge.web.WebFetcher;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small web with every kind of page that a citation meets. */
class WebSourcesTest {
  private static final String ARTICLE =
      "<html><head><title>The log</title><meta name=author content='Ada Byron'>"
          + "<meta property='article:published_time' content='2019-03-01'></head><body><h1>The log</h1>"
          + "<p>The log writer flushes the log every 200 milliseconds.</p></body></html>";

  @TempDir Path folder;
  private HttpServer server;
  private SourceLibrary library;
  private final Map<String, String> pages = new HashMap<>();
  private String charset = "";
  private java.nio.charset.Charset written = StandardCharsets.UTF_8;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    library = SourceLibrary.open(folder.resolve("library"), new HashedWords());
    pages.put("/log", ARTICLE);
  }

  @AfterEach
  void stop() {
    server.stop(0);
    library.close();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String body = pages.getOrDefault(path, "<h1>404 Not Found</h1>");
    int status = pages.containsKey(path) ? 200 : 404;
    if (body.startsWith("-> ")) {
      exchange.getResponseHeaders().set("Location", body.substring(3));
      status = 301;
    }
    exchange
        .getResponseHeaders()
        .set("Content-Type", path.endsWith(".zip") ? "application/zip" : "text/html" + charset);
    byte[] bytes = body.getBytes(written);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  /** A new verification: nothing is remembered but what is on the disk. */
  private WebSource look(String path) {
    String exempt = "127.0.0.1:" + server.getAddress().getPort();
    return new WebSources(
            library, WebFetcher.of(Set.of(exempt)), folder.resolve("pages"), () -> Instant.EPOCH)
        .look(url(path));
  }

  @Test
  void storesWhatAPageSaysAndWhoWroteItWhen() {
    WebSource page = look("/log");
    assertThat(page.state()).isEqualTo(State.ALIVE);
    assertThat(page.title()).isEqualTo("The log");
    assertThat(page.author()).isEqualTo("Ada Byron");
    assertThat(page.published()).isEqualTo("2019-03-01");
    assertThat(library.text(page.copy().orElseThrow()).orElseThrow())
        .contains("every 200 milliseconds");
  }

  @Test
  void followsARedirectAndSaysWhere() {
    pages.put("/old", "-> /log");
    WebSource page = look("/old");
    assertThat(page.state()).isEqualTo(State.MOVED);
    assertThat(page.last()).endsWith("/log");
    pages.remove("/log");
    assertThat(look("/log").state())
        .as("the address that answered is known from then on")
        .isEqualTo(State.ARCHIVED);
  }

  @Test
  void readsAPageInTheCharsetThatTheServerNamesUnlessItIsInAnother() {
    pages.put("/kyiv", "<p>Київ стоїть на Дніпрі, і міст через нього довгий.</p>");
    charset = "; charset=\"windows-1251\"";
    written = java.nio.charset.Charset.forName("windows-1251");
    assertThat(library.text(look("/kyiv").copy().orElseThrow()).orElseThrow())
        .contains("Київ стоїть");
    pages.put("/cafe", "<meta charset=iso-8859-1><p>Le café est fermé en été.</p>");
    charset = "; charset=utf-8";
    written = StandardCharsets.UTF_8;
    assertThat(library.text(look("/cafe").copy().orElseThrow()).orElseThrow()).contains("café");
    written = StandardCharsets.ISO_8859_1;
    pages.put("/ete", "<p>Le café est fermé en été.</p>");
    assertThat(library.text(look("/ete").copy().orElseThrow()).orElseThrow())
        .as("a server that is wrong about it")
        .contains("café");
    charset = "; charset=klingon";
    pages.put("/hiver", "<p>Le café est fermé en hiver.</p>");
    assertThat(library.text(look("/hiver").copy().orElseThrow()).orElseThrow()).contains("café");
  }

  @Test
  void pagesAreSearchedAsASetThatIsGatheredFromThem() {
    pages.put(
        "/moon",
        "<title>The moon</title><p>The moon moves away from the earth by four centimetres a year.</p>");
    WebSource log = look("/log");
    WebSource moon = look("/moon");
    Map<org.choir.core.Digest, String> both =
        Map.of(log.copy().orElseThrow(), log.last(), moon.copy().orElseThrow(), moon.last());
    String alone = library.gather("run", Map.of(log.copy().orElseThrow(), log.last()));
    String set = library.gather("run", both);
    Passage found = library.search(set, "How fast does the moon move away?", 1).getFirst();
    assertThat(found.text()).contains("four centimetres");
    assertThat(found.location()).isEqualTo(moon.last());
    assertThat(library.search(alone, "How fast does the moon move away?", 3))
        .noneMatch(p -> p.text().contains("moon"));
    assertThat(library.passage(set, found.key())).map(Passage::text).contains(found.text());
    // Another process knows nothing of the set and gathers it again.
    library.close();
    library = SourceLibrary.open(folder.resolve("library"), new HashedWords());
    assertThat(library.gather("run", both)).isEqualTo(set);
    assertThat(library.search(set, "How fast does the moon move away?", 1).getFirst().key())
        .isEqualTo(found.key());
    library.forget("run");
    assertThat(folder.resolve("library/roots")).isEmptyDirectory();
    library.forget("run");
    assertThat(library.text(moon.copy().orElseThrow())).isPresent();
    org.choir.core.Digest never = org.choir.core.Digest.of("never stored");
    assertThat(library.search(library.gather("run", Map.of(never, "http://x/")), "moon", 3))
        .isEmpty();
  }

  @Test
  void aLinkIntoATextOfTheWebIsAnAddressAndNoPath() {
    Quote quote =
        new Quote(
            "s0123456789",
            org.choir.core.Digest.of("x"),
            "Notes",
            "",
            "https://example.org/a/notes.txt",
            "line=40",
            "The tide rises.",
            0,
            15);
    assertThat(SourceLinks.link(quote))
        .isEqualTo("https://example.org/a/notes.txt#:~:text=The%20tide%20rises.");
  }

  @Test
  void aPageIsFetchedOnceWhateverPlaceInItIsCited() {
    String exempt = "127.0.0.1:" + server.getAddress().getPort();
    WebSources sources =
        new WebSources(
            library, WebFetcher.of(Set.of(exempt)), folder.resolve("pages"), () -> Instant.EPOCH);
    WebSource whole = sources.look(url("/log"));
    pages.remove("/log");
    assertThat(sources.look(url("/log#:~:text=The%20log"))).isEqualTo(whole);
    assertThat(sources.all()).hasSize(1);
  }

  @Test
  void noticesThatAPageSaysOtherThingsThanBefore() {
    WebSource before = look("/log");
    pages.put("/log", ARTICLE.replace("<body>", "<body><!-- visit 2 -->"));
    assertThat(look("/log").state()).as("a comment is not what a page says").isEqualTo(State.ALIVE);
    pages.put("/log", ARTICLE.replace("200", "900"));
    WebSource after = look("/log");
    assertThat(after.state()).isEqualTo(State.CHANGED);
    assertThat(library.text(after.before().orElseThrow()))
        .isEqualTo(library.text(before.copy().orElseThrow()));
  }

  @Test
  void judgesAPageThatDisappearedByItsCopyAndCallsOneThatNeverWasSo() {
    look("/log");
    pages.remove("/log");
    assertThat(look("/log").state()).isEqualTo(State.ARCHIVED);
    assertThat(look("/log").copy()).isPresent();
    assertThat(look("/invented").state()).isEqualTo(State.NEVER_EXISTED);
  }

  @Test
  void seesThroughErrorPagesThatClaimSuccess() {
    pages.put(
        "/gone",
        "<title>Page not found</title><h1>Oops</h1><p>The page you are looking for does not exist.</p>");
    pages.put("/front", "-> /");
    pages.put("/", "<h1>Welcome</h1><p>News of the day and more of them.</p>");
    assertThat(look("/gone").state()).isEqualTo(State.SOFT_404);
    assertThat(look("/front").state()).isEqualTo(State.SOFT_404);
    String essay =
        "<title>How a 404 Not Found is made</title><p>"
            + "A server answers a request. ".repeat(100);
    pages.put("/essay", essay);
    assertThat(look("/essay").state()).as("a page about error pages").isEqualTo(State.ALIVE);
  }

  @Test
  void seesPaywalls() {
    pages.put(
        "/news",
        "<title>Scoop</title><p>The minister has resigned.</p><p>Subscribe to continue reading.</p>");
    pages.put(
        "/ld",
        "<script type='application/ld+json'>{\"isAccessibleForFree\": \"False\"}</script><p>It began with a letter.</p>");
    assertThat(look("/news").state()).isEqualTo(State.PAYWALLED);
    assertThat(look("/ld").state()).isEqualTo(State.PAYWALLED);
  }

  @Test
  void takesNoFormatsThatAreNoSources() {
    pages.put("/x.zip", "PK");
    assertThat(look("/x.zip").state()).isEqualTo(State.UNREACHABLE);
    assertThat(look("/x.zip").reason()).startsWith("unsupported");
  }

  @Test
  void refusesAddressesInsideTheNetwork() {
    WebSources sources =
        new WebSources(
            library, WebFetcher.of(Set.of()), folder.resolve("pages"), () -> Instant.EPOCH);
    for (String address :
        new String[] {
          url("/log"),
          "http://localhost/",
          "http://[::1]/",
          "http://169.254.169.254/",
          "http://0x7f.1/",
          "http://2130706433/"
        }) {
      assertThat(sources.look(address).state()).as(address).isIn(State.REFUSED, State.UNREACHABLE);
      assertThat(sources.look(address).copy()).as(address).isEmpty();
    }
    assertThat(sources.look(url("/log")).state()).isEqualTo(State.REFUSED);
  }
}
