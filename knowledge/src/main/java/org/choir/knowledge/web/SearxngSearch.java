package org.choir.knowledge.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/**
 * A SearXNG instance: {@code GET /search?q=...&format=json}, as its documentation describes it. The
 * instance must allow JSON under {@code search.formats}. Thread-safe.
 */
public final class SearxngSearch implements WebSearch {
  /** Longer addresses are refused by common proxies. */
  private static final int QUERY_MAX = 1_000;

  private static final int ENGINES_NAMED = 5;

  private final URI instance;
  private final EngineCall call;

  public SearxngSearch(URI instance, SearchLimits limits, InstantSource clock) {
    this.instance = instance;
    this.call = new EngineCall("SearXNG", limits, clock);
  }

  @Override
  public String engine() {
    return "searxng";
  }

  @Override
  public String host() {
    return instance.getHost();
  }

  @Override
  public List<WebHit> search(String query, int limit, Dials dials) {
    String asked = URLEncoder.encode(Queries.cut(query, QUERY_MAX), StandardCharsets.UTF_8);
    HttpRequest request =
        HttpRequest.newBuilder(
                Queries.below(
                    instance, "/search?q=" + asked + "&format=json&categories=general&pageno=1"))
            .header("Accept", "application/json")
            .GET()
            .build();
    EngineCall.Answer answer = call.send(request, dials);
    return switch (answer.status()) {
      case 200 -> hits(call.json(answer), limit);
      case 403 ->
          throw ChoirException.fatal(
              "web_search_failed",
              "the SearXNG instance " + host() + " does not give its results as JSON",
              "add json to search.formats in the instance's settings.yml");
      default -> throw call.refused(answer, "check web.searxng");
    };
  }

  private List<WebHit> hits(ObjectNode json, int limit) {
    List<WebHit> hits = call.hits(json, "publishedDate", "check web.searxng");
    JsonNode silent = json.path("unresponsive_engines");
    if (hits.isEmpty() && silent.size() > 0) {
      throw ChoirException.retryable(
          "web_search_failed",
          "none of the instance's engines answered: " + named(silent),
          "try again later, or configure other engines in the instance",
          null);
    }
    return Queries.distinct(hits, limit);
  }

  /** Each is a pair of a name and a reason. */
  private static String named(JsonNode engines) {
    List<String> names = new ArrayList<>();
    for (JsonNode engine : engines) {
      if (names.size() < ENGINES_NAMED) {
        names.add(Text.visible(engine.path(0).asText() + " (" + engine.path(1).asText() + ")", 60));
      }
    }
    return String.join(", ", names);
  }
}
