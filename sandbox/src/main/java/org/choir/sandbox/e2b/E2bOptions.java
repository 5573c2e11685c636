package org.choir.sandbox.e2b;

import java.net.URI;
import java.time.Duration;

/**
 * How E2B is reached.
 *
 * @param api its REST interface
 * @param sandbox where a sandbox's daemon answers, with {@code {id}} and {@code {domain}}
 * @param key an API key; a platform credential
 * @param template which image; it needs bash, coreutils, findutils and util-linux
 * @param lifetime after which an unused sandbox is paused by E2B
 * @param internet whether its own network card leads anywhere: that traffic is not ours to judge
 */
public record E2bOptions(
    URI api, String sandbox, String key, String template, Duration lifetime, boolean internet) {
  /** The public service; no internet from inside. */
  public E2bOptions(String key) {
    this(
        URI.create("https://api.e2b.app"),
        "https://49983-{id}.{domain}",
        key,
        "base",
        Duration.ofHours(1),
        false);
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "E2B at " + api + ", template " + template;
  }
}
