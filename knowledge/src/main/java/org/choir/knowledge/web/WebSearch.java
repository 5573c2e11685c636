package org.choir.knowledge.web;

import java.util.List;

/** The port to a search engine of the web. Thread-safe; every call ends within its own deadline. */
public interface WebSearch {
  /** More hits than this are never returned. */
  int HITS_MAX = 20;

  /** The engine's name in records and messages. */
  String engine();

  /** The host that a question's words are sent to. */
  String host();

  /**
   * Asks the engine.
   *
   * @param query cut to what the engine takes
   * @param limit 1 to {@link #HITS_MAX}
   * @param dials is told of the connection
   * @return best first, no address twice; none if nothing was found
   * @throws org.choir.core.ChoirException {@code no_web_search} if none is configured, {@code
   *     web_search_key} if it refuses the key, {@code web_search_quota} if the account is used up,
   *     {@code web_search_busy} if it is asked too often, {@code web_search_late} past the
   *     deadline, {@code web_search_failed} for an answer that is none
   */
  List<WebHit> search(String query, int limit, Dials dials);
}
