package org.choir.knowledge.web;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.InstantSource;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * Tavily: {@code POST /search} with a bearer key, as its API reference describes it. Only addresses
 * with their titles and chunks are asked for: no answer written by a model, no page text, because
 * pages are read from where they stand. Thread-safe.
 */
public final class TavilySearch implements WebSearch {
  /** Where Tavily is. */
  public static final URI SERVICE = URI.create("https://api.tavily.com");

  /** The API refuses longer queries. */
  private static final int QUERY_MAX = 400;

  private final URI base;
  private final String key;
  private final EngineCall call;

  /**
   * @param base {@link #SERVICE}, or another place that speaks its API
   * @param key reaches nothing but the request's header
   */
  public TavilySearch(URI base, String key, SearchLimits limits, InstantSource clock) {
    this.base = base;
    this.key = key;
    this.call = new EngineCall("Tavily", limits, clock);
  }

  @Override
  public String engine() {
    return "tavily";
  }

  @Override
  public String host() {
    return base.getHost();
  }

  @Override
  public List<WebHit> search(String query, int limit, Dials dials) {
    ObjectNode body =
        Json.object()
            .put("query", Queries.cut(query, QUERY_MAX))
            .put("search_depth", "basic")
            .put("topic", "general")
            .put("max_results", Math.clamp(limit, 1, HITS_MAX))
            .put("include_answer", false)
            .put("include_raw_content", false)
            .put("include_images", false);
    HttpRequest request =
        HttpRequest.newBuilder(Queries.below(base, "/search"))
            .header("Authorization", "Bearer " + key)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(Json.write(body)))
            .build();
    EngineCall.Answer answer = call.send(request, dials);
    return switch (answer.status()) {
      case 200 ->
          Queries.distinct(
              call.hits(call.json(answer), "published_date", "check TAVILY_BASE_URL"), limit);
      case 401, 403 ->
          throw ChoirException.fatal(
              "web_search_key",
              "Tavily refuses the key" + answer.detail(),
              "check TAVILY_API_KEY in the environment of the server");
      case 432, 433 ->
          throw ChoirException.fatal(
              "web_search_quota",
              "the Tavily account has used up its searches" + answer.detail(),
              "raise its limit, or name a SearXNG instance in choir.yaml: web.searxng");
      default -> throw call.refused(answer, "check TAVILY_BASE_URL");
    };
  }
}
