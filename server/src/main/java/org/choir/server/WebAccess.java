package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.core.Text;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.WebSource;
import org.choir.knowledge.WebSources;
import org.choir.knowledge.web.Dials;
import org.choir.knowledge.web.NoSearch;
import org.choir.knowledge.web.SearchLimits;
import org.choir.knowledge.web.SearxngSearch;
import org.choir.knowledge.web.TavilySearch;
import org.choir.knowledge.web.WebFetcher;
import org.choir.knowledge.web.WebLimits;
import org.choir.knowledge.web.WebSearch;
import org.choir.vibewriter.Web;
import org.jspecify.annotations.Nullable;

/**
 * The web for this server's runs and verifications: the search engine that is configured, pages
 * fetched past the guard on addresses, every connection for an agent recorded, and what a run has
 * read kept for that run. Thread-safe.
 */
final class WebAccess implements Web {
  private final SourceLibrary library;
  private final Path known;
  private final Path runs;
  private final WebSearch search;
  private final WebFetcher fetcher;
  private final EgressRecord record;
  private final InstantSource clock;

  /**
   * @param known the folder that remembers what addresses said
   * @param runs the folder with one folder per run
   */
  WebAccess(
      SourceLibrary library,
      Path known,
      Path runs,
      WebSettings settings,
      PlatformCredentials credentials,
      EgressRecord record,
      InstantSource clock) {
    this.library = library;
    this.known = known;
    this.runs = runs;
    this.search = engine(settings, credentials.of("tavily"), clock);
    this.fetcher =
        WebFetcher.of(
            settings.allowPrivate(),
            new WebLimits(
                settings.timeout(), WebLimits.DEFAULT.bodyBytes(), WebLimits.DEFAULT.redirects()));
    this.record = record;
    this.clock = clock;
  }

  private static WebSearch engine(
      WebSettings settings, Map<String, String> tavily, InstantSource clock) {
    SearchLimits limits = SearchLimits.DEFAULT.within(settings.timeout());
    String key = tavily.getOrDefault("TAVILY_API_KEY", "");
    if (!key.isEmpty() && !settings.engine().equals("searxng")) {
      String base = tavily.getOrDefault("TAVILY_BASE_URL", TavilySearch.SERVICE.toString());
      return new TavilySearch(address(base), key, limits, clock);
    }
    return settings.searxng().isPresent() && !settings.engine().equals("tavily")
        ? new SearxngSearch(settings.searxng().get(), limits, clock)
        : new NoSearch();
  }

  private static URI address(String base) {
    try {
      URI uri = URI.create(base.strip());
      if (uri.getHost() != null && uri.getScheme().matches("(?i)https?")) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      throw bad(base, e);
    }
    throw bad(base, null);
  }

  private static ChoirException bad(String base, @Nullable Throwable cause) {
    return ChoirException.fatal(
        "bad_setting",
        "TAVILY_BASE_URL is '" + Text.visible(base, 60) + "', expected an address",
        "correct it, or leave it out for " + TavilySearch.SERVICE,
        cause);
  }

  /**
   * The host that searches are sent to.
   *
   * @throws ChoirException {@code no_web_search}
   */
  String destination() {
    if (search.host().isEmpty()) {
      throw NoSearch.missing();
    }
    return search.host();
  }

  /** The web as a source, asked anew and for nobody's run: for a verification. */
  WebSources pages() {
    return new WebSources(library, fetcher, known, clock);
  }

  @Override
  public Found search(TenantId tenant, AgentId agent, String query, int limit) {
    return new Found(
        search.engine(), search.search(query, limit, new HostDials(record, tenant, agent, clock)));
  }

  @Override
  public WebSource page(TenantId tenant, AgentId agent, String url) {
    Path file = runs.resolve(agent.run().value()).resolve("web");
    file = file.resolve(Digest.of(url).hex() + ".json");
    Optional<WebSource> before = read(file);
    if (before.isPresent()) {
      return before.get();
    }
    Dials dials = new HostDials(record, tenant, agent, clock);
    WebSource page = new WebSources(library, fetcher.telling(dials), known, clock).look(url);
    if (Thread.currentThread().isInterrupted()) {
      // What an interrupt looks like from inside is a page that does not answer.
      throw ChoirException.retryable(
          "interrupted", "reading the page was interrupted", "", new InterruptedException());
    }
    if (page.state().isReadable()) {
      write(file, page);
    }
    return page;
  }

  private Optional<WebSource> read(Path file) {
    try {
      ObjectNode json = Json.parseObject(Files.readString(file, StandardCharsets.UTF_8));
      Digest copy = new Digest(json.path("sha256").asText());
      return library.text(copy).isEmpty()
          ? Optional.empty()
          : Optional.of(
              new WebSource(
                  json.path("url").asText(),
                  json.path("last").asText(),
                  WebSource.State.valueOf(json.path("state").asText()),
                  Optional.of(copy),
                  Optional.empty(),
                  json.path("title").asText(),
                  json.path("author").asText(),
                  json.path("published").asText(),
                  json.path("reason").asText()));
    } catch (NoSuchFileException absent) {
      return Optional.empty();
    } catch (ChoirException | IllegalArgumentException damaged) {
      return Optional.empty(); // as if it had never been read
    } catch (IOException e) {
      throw ChoirException.fatal(
          "cannot_read", "cannot read " + file + ": " + e.getMessage(), "check the disk", e);
    }
  }

  private static void write(Path file, WebSource page) {
    ObjectNode json =
        Json.object()
            .put("url", page.url())
            .put("last", page.last())
            .put("state", page.state().name())
            .put("sha256", page.copy().orElseThrow().hex())
            .put("title", page.title())
            .put("author", page.author())
            .put("published", page.published())
            .put("reason", page.reason());
    try {
      Files.createDirectories(file.getParent());
      Path whole = Files.createTempFile(file.getParent(), "page", ".new");
      Files.writeString(whole, Json.write(json) + "\n", StandardCharsets.UTF_8);
      Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw ChoirException.fatal(
          "no_space", "cannot keep what is known of " + page.url() + ": " + e.getMessage(), "", e);
    }
  }
}
