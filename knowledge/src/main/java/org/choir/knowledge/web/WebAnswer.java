package org.choir.knowledge.web;

import java.net.URI;
import java.util.List;

/** What came of asking for a page. Failures are values: each is a finding about the source. */
public sealed interface WebAnswer {

  /** The address that was asked for at first. */
  URI asked();

  /**
   * An answer that was read whole.
   *
   * @param last the address that answered, after redirects
   * @param redirects the addresses on the way, in order; empty if there was none
   * @param status of HTTP; any but 3xx
   * @param mediaType without parameters, in lower case; empty if the server named none
   * @param charset as the server wrote it; empty if it named none
   * @param body may be empty
   */
  record Page(
      URI asked,
      URI last,
      List<URI> redirects,
      int status,
      String mediaType,
      String charset,
      byte[] body)
      implements WebAnswer {
    public Page {
      redirects = List.copyOf(redirects);
    }
  }

  /**
   * No answer that could be used.
   *
   * @param code {@code bad_address unknown_host private_address no_connection timeout too_large
   *     bad_answer too_many_redirects}
   * @param reason for people
   */
  record Failed(URI asked, String code, String reason) implements WebAnswer {}
}
