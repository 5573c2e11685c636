package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.WebSource;
import org.choir.model.Embedder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the server lets runs see of the web, what it keeps of it, and what it records. */
class WebAccessTest {
  private static final AgentId AGENT = new AgentId("rtest0001-2");
  private static final AgentId OTHER = new AgentId("rtest0002");

  @TempDir Path folder;
  private HttpServer server;
  private SourceLibrary library;
  private final AtomicInteger visits = new AtomicInteger();
  private volatile int status = 200;
  private final List<AuditEvent> audited = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] body =
              ("<p>Visitor number " + visits.incrementAndGet() + " of this page is welcome.</p>")
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "text/html");
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    library = SourceLibrary.open(folder.resolve("library"), new NoWords());
  }

  @AfterEach
  void stop() {
    server.stop(0);
    library.close();
  }

  /** Nothing here is searched. */
  private static final class NoWords implements Embedder {
    @Override
    public String id() {
      return "none/1";
    }

    @Override
    public int dimensions() {
      return 1;
    }

    @Override
    public List<float[]> passages(List<String> texts) {
      return texts.stream().map(t -> new float[1]).toList();
    }

    @Override
    public float[] query(String text) {
      return new float[1];
    }
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  private WebAccess access(String engine, Optional<URI> searxng, Map<String, String> credentials) {
    return new WebAccess(
        library,
        folder.resolve("pages"),
        folder.resolve("runs"),
        new WebSettings(
            engine,
            searxng,
            Set.of("127.0.0.1:" + server.getAddress().getPort()),
            Duration.ofSeconds(5)),
        PlatformCredentials.from(credentials),
        new EgressRecord(audited::add),
        InstantSource.system());
  }

  private WebAccess access() {
    return access("auto", Optional.empty(), Map.of());
  }

  @Test
  void aRunReadsAPageOnceAlsoAfterTheServerHasEnded() {
    WebSource first = access().page(TenantId.LOCAL, AGENT, url("/page"));
    assertThat(first.state()).isEqualTo(WebSource.State.ALIVE);
    WebSource again = access().page(TenantId.LOCAL, new AgentId("rtest0001"), url("/page"));
    assertThat(again).isEqualTo(first);
    assertThat(visits).hasValue(1);
    WebSource others = access().page(TenantId.LOCAL, OTHER, url("/page"));
    assertThat(others.state())
        .as("another run sees what stands there now")
        .isEqualTo(WebSource.State.CHANGED);
    assertThat(others.copy()).isNotEqualTo(first.copy());
  }

  @Test
  void whatCouldNotBeReadIsAskedForAgain() {
    status = 503;
    assertThat(access().page(TenantId.LOCAL, AGENT, url("/page")).state())
        .isEqualTo(WebSource.State.UNREACHABLE);
    status = 200;
    assertThat(access().page(TenantId.LOCAL, AGENT, url("/page")).state())
        .isEqualTo(WebSource.State.ALIVE);
  }

  @Test
  void everyConnectionIsToldToTheChainForTheAgentThatAsked() {
    access().page(TenantId.LOCAL, AGENT, url("/page"));
    access().page(TenantId.LOCAL, AGENT, "http://127.0.0.1:9/inside");
    assertThat(audited)
        .extracting(
            e ->
                e.kind()
                    + " "
                    + e.agent()
                    + " "
                    + e.data().path("phase").asText()
                    + " "
                    + e.data().path("vm").asText()
                    + " "
                    + e.data().path("reason").asText())
        .containsExactly(
            "egress.dialed rtest0001-2 opened host allowed",
            "egress.dialed rtest0001-2 closed host allowed",
            "egress.dialed rtest0001-2 refused host private_address");
    assertThat(audited.get(1).data().path("received").asLong()).isPositive();
  }

  @Test
  void choosesTheEngineThatIsConfigured() {
    URI instance = URI.create("http://searx.test");
    Map<String, String> key = Map.of("TAVILY_API_KEY", "tvly-x");
    assertThat(access("auto", Optional.of(instance), key).destination())
        .isEqualTo("api.tavily.com");
    assertThat(access("searxng", Optional.of(instance), key).destination()).isEqualTo("searx.test");
    assertThat(access("auto", Optional.of(instance), Map.of()).destination())
        .isEqualTo("searx.test");
    for (WebAccess none : List.of(access(), access("tavily", Optional.of(instance), Map.of()))) {
      assertThatThrownBy(none::destination)
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("no_web_search"));
    }
    assertThatThrownBy(
            () ->
                access(
                    "auto",
                    Optional.empty(),
                    Map.of("TAVILY_API_KEY", "tvly-x", "TAVILY_BASE_URL", "not an address")))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> assertThat(e.failure().message()).contains("TAVILY_BASE_URL"));
  }
}
