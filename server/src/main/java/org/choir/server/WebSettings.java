package org.choir.server;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * What runs with {@code --web} and verifications may reach, and how.
 *
 * @param engine {@code tavily}, {@code searxng} or {@code auto}: Tavily if its key is set, else the
 *     SearXNG instance if one is named
 * @param searxng the instance
 * @param allowPrivate {@code host:port} of pages that may have a private address
 * @param timeout of one search, and of one page with all its redirects
 */
public record WebSettings(
    String engine, Optional<URI> searxng, Set<String> allowPrivate, Duration timeout) {
  public WebSettings {
    allowPrivate = Set.copyOf(allowPrivate);
  }
}
