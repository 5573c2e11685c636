package org.choir.knowledge.web;

import java.util.List;
import org.choir.core.ChoirException;

/** No engine is configured: every question is refused with the way to configure one. */
public final class NoSearch implements WebSearch {
  @Override
  public String engine() {
    return "none";
  }

  @Override
  public String host() {
    return "";
  }

  @Override
  public List<WebHit> search(String query, int limit, Dials dials) {
    throw missing();
  }

  /** Why nothing can be searched, with the way out. */
  public static ChoirException missing() {
    return ChoirException.usage(
        "no_web_search",
        "no search engine for the web is configured",
        "set TAVILY_API_KEY in the environment, or name a SearXNG instance in choir.yaml:"
            + " web.searxng: https://HOST");
  }
}
