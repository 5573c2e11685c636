package org.choir.knowledge.web;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;
import org.choir.core.Text;

/**
 * An address that a search found, with the engine's words about it. All of it is a stranger's:
 * shown on one line, cut, and never evidence.
 *
 * @param url http or https, without a fragment
 * @param published as the engine says, may be empty
 */
public record WebHit(String url, String title, String snippet, String published) {
  private static final int URL_MAX = 2_000;
  private static final int TITLE_MAX = 200;
  private static final int SNIPPET_MAX = 400;
  private static final int DATE_MAX = 40;

  /** A hit as an engine tells it; empty if its address is none that could be fetched. */
  static Optional<WebHit> of(String url, String title, String snippet, String published) {
    return address(url)
        .map(
            address ->
                new WebHit(
                    address,
                    line(title, TITLE_MAX),
                    line(snippet, SNIPPET_MAX),
                    line(published, DATE_MAX)));
  }

  /**
   * The one form in which an address of the web is compared and fetched; empty if it is none, or
   * holds a user's name.
   */
  public static Optional<String> address(String written) {
    String bare = written.strip().replaceFirst("#.*$", "");
    if (bare.isEmpty() || bare.length() > URL_MAX || !Text.visible(bare, URL_MAX).equals(bare)) {
      return Optional.empty();
    }
    try {
      URI uri = new URI(bare.replace(" ", "%20"));
      String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
      boolean web = scheme.equals("http") || scheme.equals("https");
      return web && uri.getHost() != null && uri.getUserInfo() == null
          ? Optional.of(uri.toString())
          : Optional.empty();
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  private static String line(String text, int max) {
    return Text.visible(text, max).replaceAll(" {2,}", " ").strip();
  }
}
