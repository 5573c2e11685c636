package org.choir.sandbox.runloop;

import java.net.URI;
import java.time.Duration;

/**
 * How Runloop is reached.
 *
 * @param api its REST interface
 * @param key an API key; a platform credential
 * @param blueprint the name of an image of the account; empty for Runloop's own
 * @param idle after which an unused devbox is suspended by Runloop
 */
public record RunloopOptions(URI api, String key, String blueprint, Duration idle) {
  /** The public service with its own image. */
  public RunloopOptions(String key) {
    this(URI.create("https://api.runloop.ai"), key, "", Duration.ofHours(1));
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "Runloop at " + api + (blueprint.isEmpty() ? "" : ", blueprint " + blueprint);
  }
}
