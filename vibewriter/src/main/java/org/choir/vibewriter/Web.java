package org.choir.vibewriter;

import java.util.List;
import java.util.Optional;
import org.choir.core.AgentId;
import org.choir.core.TenantId;
import org.choir.knowledge.WebSource;
import org.choir.knowledge.web.NoSearch;
import org.choir.knowledge.web.WebHit;

/**
 * The web as a run's tools may ask it. Whoever implements it guards the network and records every
 * connection for the agent that asked. Thread-safe.
 */
public interface Web {
  /** The tools that go out to it: what a run must have been started with for the gate to agree. */
  List<String> OPERATIONS = List.of("web_search", "fetch_source");

  /** A server without a web: every question is refused. */
  Web NONE =
      new Web() {
        @Override
        public Found search(TenantId tenant, AgentId agent, String query, int limit) {
          throw NoSearch.missing();
        }

        @Override
        public WebSource page(TenantId tenant, AgentId agent, String url) {
          throw NoSearch.missing();
        }
      };

  /**
   * What a search found.
   *
   * @param engine that was asked
   */
  record Found(String engine, List<WebHit> hits) {
    public Found {
      hits = List.copyOf(hits);
    }
  }

  /**
   * Asks the search engine.
   *
   * @throws org.choir.core.ChoirException as {@link org.choir.knowledge.web.WebSearch#search}
   */
  Found search(TenantId tenant, AgentId agent, String query, int limit);

  /**
   * A page, stored in the library if it can be read. A run reads an address once: asked again, also
   * after a crash, it is given the copy that was stored then.
   */
  WebSource page(TenantId tenant, AgentId agent, String url);

  /** The address in the form in which addresses are compared; empty if it is none. */
  static Optional<String> address(String written) {
    return WebHit.address(written);
  }
}
