package org.choir.knowledge;

import java.util.Locale;
import java.util.Optional;
import org.choir.core.Digest;

/**
 * A web page as a source: what became of its address, and the copy of it that is kept.
 *
 * @param url as it is cited
 * @param last the address that answered; the same as {@code url} unless it redirects
 * @param copy the digest under which its text is stored; empty if there is none
 * @param before the digest of the copy that was kept before, if the text has changed since
 * @param author as the page says, may be empty
 * @param published as the page says, may be empty
 * @param reason for people; empty if there is nothing to say
 */
public record WebSource(
    String url,
    String last,
    State state,
    Optional<Digest> copy,
    Optional<Digest> before,
    String title,
    String author,
    String published,
    String reason) {

  /** What became of an address. */
  public enum State {
    /** It answered with a page that can be read. */
    ALIVE,
    /** It redirects to a page that can be read. */
    MOVED,
    /** It can be read, and says other things than when it was read before. */
    CHANGED,
    /** The page is gone, and a copy from before is kept. */
    ARCHIVED,
    /** The page says that it is not there although its status says that it is. */
    SOFT_404,
    /** Only a part can be read without paying or registering. */
    PAYWALLED,
    /** The server says that there is no such page, and no copy was ever kept. */
    NEVER_EXISTED,
    /** It did not answer, or not with something that can be read. */
    UNREACHABLE,
    /** It leads to an address that is not the public internet's. */
    REFUSED;

    /** The word in records and output. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Whether there is a text that claims can be checked against. */
    public boolean isReadable() {
      return this == ALIVE || this == MOVED || this == CHANGED || this == ARCHIVED;
    }
  }
}
